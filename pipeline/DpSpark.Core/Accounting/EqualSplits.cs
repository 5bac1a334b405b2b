using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>The noise of k equal Gaussian mechanisms of unit sensitivity under three accountants.</summary>
/// <param name="Naive">Each gets epsilon/k and delta/k.</param>
/// <param name="Zcdp">Each gets rho/k.</param>
/// <param name="Exact">Exact composition: sqrt(k) times the noise of one.</param>
public sealed record GaussianEqualSplit(double Naive, double Zcdp, double Exact)
{
    /// <summary>How many times less noise the exact accountant needs than the naive one.</summary>
    public double Saving => Naive / Exact;

    /// <summary>Compares the accountants.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="k">How many mechanisms.</param>
    public static GaussianEqualSplit Of(double epsilon, double delta, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        return new(
            GaussianPrivacy.Sigma(epsilon / k, delta / k, 1),
            Accounting.Zcdp.GaussianSigma(Accounting.Zcdp.Rho(epsilon, delta) / k, 1),
            GaussianPrivacy.Sigma(epsilon, delta, Math.Sqrt(k)));
    }
}

/// <summary>The noise of k equal Laplace mechanisms of unit sensitivity, naively and by loss distributions.</summary>
/// <param name="Naive">k/epsilon.</param>
/// <param name="ByLoss">The least scale the loss distributions allow, at most the naive one.</param>
public sealed record LaplaceEqualSplit(double Naive, double ByLoss)
{
    /// <summary>How many times less noise the loss distributions need.</summary>
    public double Saving => Naive / ByLoss;

    /// <summary>Compares the accountants.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="k">How many mechanisms.</param>
    public static LaplaceEqualSplit Of(double epsilon, double delta, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        double naive = DiscreteDistributions.LaplaceScale(k, epsilon);
        double found = delta == 0 ? naive : LossCalibration.SmallestFactor(scale => [new(new LaplaceMechanism(scale, 1), k)], epsilon, delta, naive);
        return new(naive, Math.Min(naive, found));
    }
}

/// <summary>Naive shares of a budget by weight: epsilon over all mechanisms, delta over those that need it. For comparison; basic composition proves them.</summary>
public static class NaiveSplit
{
    /// <summary>The shares.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="weights">Above 0.</param>
    /// <param name="usesDelta">Which mechanisms need a delta.</param>
    public static (double[] Epsilons, double[] Deltas) ByWeights(double epsilon, double delta, IReadOnlyList<double> weights, IReadOnlyList<bool> usesDelta)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(usesDelta);
        if (weights.Count != usesDelta.Count)
        {
            throw new ArgumentException("Every mechanism has a weight and says whether it needs a delta.", nameof(usesDelta));
        }

        double all = 0;
        double some = 0;
        for (int i = 0; i < weights.Count; i++)
        {
            if (!(weights[i] > 0) || double.IsInfinity(weights[i]))
            {
                throw new ArgumentOutOfRangeException(nameof(weights), "A weight is a finite number above 0.");
            }

            all += weights[i];
            some += usesDelta[i] ? weights[i] : 0;
        }

        double[] epsilons = new double[weights.Count];
        double[] deltas = new double[weights.Count];
        for (int i = 0; i < epsilons.Length; i++)
        {
            epsilons[i] = epsilon * weights[i] / all;
            deltas[i] = usesDelta[i] ? delta * weights[i] / some : 0;
        }

        return (epsilons, deltas);
    }
}
