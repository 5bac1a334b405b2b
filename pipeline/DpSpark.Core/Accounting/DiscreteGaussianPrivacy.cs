using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>The exact privacy of one discrete Gaussian draw whose integer query moves by s units.</summary>
/// <remarks>
/// The loss at x is s (2x + s) / (2 sigma^2), increasing in x, so delta(eps) = P(X > x*) - e^eps P(X > x* + s) with x* = eps sigma^2 / s - s/2.
/// The exact epsilon differs from the continuous Gaussian's in either direction; neither bounds the other.
/// Source: Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020, theorem 7.
/// </remarks>
public static class DiscreteGaussianPrivacy
{
    /// <summary>The smallest delta at an epsilon.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="sensitivity">s, at least 0.</param>
    public static double Delta(double epsilon, double variance, long sensitivity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(variance);
        ArgumentOutOfRangeException.ThrowIfNegative(sensitivity);
        if (sensitivity == 0)
        {
            return 0;
        }

        // Sum of P(x) - e^eps P(x + s) = P(x) (1 - e^(eps - loss(x))) over the x whose loss exceeds epsilon; both factors are positive, nothing cancels.
        double s = sensitivity;
        double first = Math.Floor((epsilon * variance / s) - (s / 2)) + 1;
        double last = Math.Max(first, 0) + 64 + Math.Ceiling(40 * Math.Sqrt(variance));
        double start = Math.Max(first, -(64 + Math.Ceiling(40 * Math.Sqrt(variance))));
        double sum = 0;
        for (double x = last; x >= start; x--)
        {
            double loss = s * ((2 * x) + s) / (2 * variance);
            sum += Math.Exp(-x * x / (2 * variance)) * -Elementary.ExpM1(epsilon - loss);
        }

        return Math.Clamp(sum / DiscreteDistributions.GaussianNormaliser(variance), 0, 1);
    }

    /// <summary>The delta of the continuous mechanism with the same sigma: no bound for the discrete one, for comparison.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="sensitivity">s, at least 0.</param>
    public static double ContinuousDelta(double epsilon, double variance, long sensitivity) =>
        GaussianPrivacy.DeltaOf(epsilon, Math.Sqrt(variance), sensitivity);
}
