using DpSpark.Core.Noise;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Numerics;

/// <summary>Nodes and weights that stand for a noise distribution in an expectation: sum of weight · f(node) for E f(X).</summary>
/// <remarks>
/// Noise of a few units: every value with its exact probability, up to a tail below 10^-12. Wider noise: the continuous law of the same variance, cut into panels whose Gauss-Legendre nodes are
/// weighted with the density; weights add up to 1 and the variance is exact. Where f is a ratio cut off at its bounds the root of an expected square is off by less than 1 %:
/// tests compare it with finer rules and with releases. For predictions; nothing that is released is computed from it.
/// </remarks>
internal static class NoiseNodes
{
    /// <summary>Largest standard deviation, in units, up to which every value is a node.</summary>
    private const double LargestListed = 1.5;

    private const double Tail = 1e-12;

    // Ends of the panels of one side, in standard deviations (Gaussian) and in scales (Laplace).
    private static readonly double[] s_gaussian = [0, 0.5, 1, 1.5, 2.1, 2.8, 3.7, 5, 7];
    private static readonly double[] s_laplace = [0, 0.4, 0.9, 1.6, 2.6, 4, 6, 9, 14, 22, 36];

    /// <summary>The nodes of a distribution, in its units.</summary>
    /// <param name="noise">The distribution.</param>
    /// <param name="perPanel">Nodes per panel, 1 or more: fewer where many draws multiply.</param>
    /// <returns>Nodes and weights, symmetric around 0.</returns>
    public static (double[] Nodes, double[] Weights) Of(NoiseSpec noise, int perPanel)
    {
        var deviation = NoiseCalibration.StandardDeviation(noise);
        var (nodes, weights) = deviation <= LargestListed ? Listed(noise) : Panels(noise.Kind, deviation, perPanel);
        double mass = 0, variance = 0;
        for (var i = 0; i < nodes.Length; i++)
        {
            mass += weights[i];
            variance += weights[i] * nodes[i] * nodes[i];
        }

        var stretch = deviation / Math.Sqrt(variance / mass);
        for (var i = 0; i < nodes.Length; i++)
        {
            weights[i] /= mass;
            nodes[i] *= stretch;
        }

        return (nodes, weights);
    }

    private static (double[] Nodes, double[] Weights) Listed(NoiseSpec noise)
    {
        var parameter = Rounding.Nearest(noise.Numerator, noise.Denominator);
        var law = new List<double>();
        double probability;
        do
        {
            probability = noise.Kind == NoiseKind.DiscreteLaplace
                ? DiscreteDistributions.LaplaceProbability(parameter, law.Count)
                : DiscreteDistributions.GaussianProbability(parameter, law.Count);
            law.Add(probability);
        }
        while (probability > Tail || law.Count < 3);
        var nodes = new double[(2 * law.Count) - 1];
        var weights = new double[nodes.Length];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = i - law.Count + 1;
            weights[i] = law[Math.Abs(i - law.Count + 1)];
        }

        return (nodes, weights);
    }

    private static (double[] Nodes, double[] Weights) Panels(NoiseKind kind, double deviation, int perPanel)
    {
        var ends = kind == NoiseKind.DiscreteLaplace ? s_laplace : s_gaussian;
        var unit = kind == NoiseKind.DiscreteLaplace ? deviation / Math.Sqrt(2) : deviation;
        var (at, share) = GaussLegendre.OnUnitInterval(perPanel);
        var side = (ends.Length - 1) * perPanel;
        var nodes = new double[2 * side];
        var weights = new double[2 * side];
        for (var i = 0; i < side; i++)
        {
            var (panel, k) = (i / perPanel, i % perPanel);
            var width = ends[panel + 1] - ends[panel];
            var x = ends[panel] + (width * at[k]);
            var density = kind == NoiseKind.DiscreteLaplace ? Math.Exp(-x) : Math.Exp(-x * x / 2);
            (nodes[side + i], nodes[side - 1 - i]) = (x * unit, -x * unit);
            weights[side + i] = weights[side - 1 - i] = share[k] * width * density;
        }

        return (nodes, weights);
    }
}
