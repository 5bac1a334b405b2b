using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>One round of <see cref="SelectionRounds"/>: noise on the sums of weights, and the threshold that they are compared with.</summary>
/// <param name="Sigma">Standard deviation, in weights; the weights of one unit have l2 norm 1.</param>
/// <param name="Threshold">T = max over t up to L0 of 1/sqrt(t) + sigma Phi^-1((1 - delta)^(1/t)).</param>
/// <param name="Delta">Chance at most that the round shows any of the partitions that one unit alone has.</param>
/// <remarks>Guarantee and source: <see cref="SelectionRounds"/>.</remarks>
public sealed record SelectionRound(double Sigma, double Threshold, double Delta)
{
    /// <summary>The smallest threshold that keeps the chance.</summary>
    /// <param name="sigma">Standard deviation of the noise.</param>
    /// <param name="delta">The chance.</param>
    /// <param name="l0">Partitions per unit.</param>
    public static SelectionRound Of(double sigma, double delta, int l0)
    {
        var threshold = double.NegativeInfinity;
        for (var t = 1; t <= l0; t++)
        {
            threshold = Math.Max(threshold, (1 / Math.Sqrt(t)) + (sigma * Normal.UpperQuantile(Elementary.OneMinusPower(delta, 1.0 / t))));
        }

        return new(sigma, threshold, delta);
    }
}
