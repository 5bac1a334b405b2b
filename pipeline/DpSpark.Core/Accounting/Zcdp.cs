using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>Zero-concentrated differential privacy: rho adds up under composition, and converts to (epsilon, delta).</summary>
/// <remarks>
/// Gaussian noise, continuous or discrete: rho = l2^2 / (2 sigma^2). Any epsilon-differentially private mechanism: rho = epsilon^2 / 2.
/// Conversion: delta(eps) = min over alpha > 1 of exp((alpha-1)(alpha rho - eps)) / (alpha-1) (1 - 1/alpha)^alpha; the derivative of its logarithm,
/// (2 alpha - 1) rho - eps + ln(1 - 1/alpha), rises in alpha, so bisection finds the minimum.
/// Sources: Bun and Steinke, "Concentrated Differential Privacy", TCC 2016; Canonne, Kamath and Steinke, NeurIPS 2020, proposition 12.
/// </remarks>
public static class Zcdp
{
    /// <summary>rho of Gaussian noise.</summary>
    /// <param name="sigma">Standard deviation, above 0.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double OfGaussian(double sigma, double l2Sensitivity) => l2Sensitivity * l2Sensitivity / (2 * sigma * sigma);

    /// <summary>rho of a purely epsilon-differentially private mechanism.</summary>
    /// <param name="epsilon">At least 0.</param>
    public static double OfPure(double epsilon) => epsilon * epsilon / 2;

    /// <summary>rho of an exponential mechanism of this epsilon, by its bounded range: epsilon^2 / 8 (Cesar and Rogers, ALT 2021).</summary>
    /// <param name="epsilon">At least 0.</param>
    public static double OfExponentialMechanism(double epsilon) => epsilon * epsilon / 8;

    /// <summary>Standard deviation of Gaussian noise with this rho.</summary>
    /// <param name="rho">Above 0.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double GaussianSigma(double rho, double l2Sensitivity) => l2Sensitivity / Math.Sqrt(2 * rho);

    /// <summary>The smallest delta the conversion proves at an epsilon.</summary>
    /// <param name="rho">At least 0.</param>
    /// <param name="epsilon">At least 0.</param>
    public static double Delta(double rho, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rho);
        if (rho == 0)
        {
            return 0;
        }

        // With beta = alpha - 1: the derivative rises from -infinity; beta = (eps + 1)/rho + 1 is beyond its root.
        double beta = Elementary.BisectUp(b => (((2 * b) + 1) * rho) - epsilon - Elementary.Log1P(1 / b), 0, 1 + ((epsilon + 1) / rho));
        double log = (beta * (((beta + 1) * rho) - epsilon)) - Math.Log(beta) - ((beta + 1) * Elementary.Log1P(1 / beta));
        return Math.Min(1, Math.Exp(log));
    }

    /// <summary>The smallest epsilon the conversion proves at a delta.</summary>
    /// <param name="rho">At least 0.</param>
    /// <param name="delta">Above 0.</param>
    public static double Epsilon(double rho, double delta)
    {
        if (rho == 0 || Delta(rho, 0) <= delta)
        {
            return 0;
        }

        return delta <= 0
            ? double.PositiveInfinity
            : Elementary.BisectUp(epsilon => delta - Delta(rho, epsilon), 0, SimpleEpsilon(rho, delta));
    }

    /// <summary>The simple bound rho + 2 sqrt(rho ln(1/delta)).</summary>
    /// <param name="rho">At least 0.</param>
    /// <param name="delta">Above 0.</param>
    public static double SimpleEpsilon(double rho, double delta) => rho + (2 * Math.Sqrt(rho * -Math.Log(delta)));

    /// <summary>The largest rho that the conversion allows for (epsilon, delta).</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    public static double Rho(double epsilon, double delta)
    {
        double high = 1;
        while (Delta(high, epsilon) <= delta)
        {
            high *= 2;
        }

        return Math.BitDecrement(Elementary.BisectUp(rho => Delta(rho, epsilon) > delta ? 1 : -1, 0, high));
    }
}
