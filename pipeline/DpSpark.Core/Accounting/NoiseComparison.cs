namespace DpSpark.Core.Accounting;

/// <summary>Laplace under pure composition against Gaussian under exact composition, for k equal metrics.</summary>
/// <param name="LaplaceDeviation">Standard deviation of the Laplace noise, sqrt(2) k L0 Linf / epsilon.</param>
/// <param name="GaussianDeviation">Standard deviation of the Gaussian noise at L2 sensitivity Linf sqrt(k L0).</param>
/// <remarks>Source: dp-math 3.12. Looks at parameters only, so the choice costs nothing. On a tie Laplace, which needs no delta.</remarks>
public sealed record NoiseComparison(double LaplaceDeviation, double GaussianDeviation)
{
    /// <summary>The noise with the smaller standard deviation: <c>laplace</c> or <c>gaussian</c>.</summary>
    public string Best => GaussianDeviation < LaplaceDeviation ? "gaussian" : "laplace";

    /// <summary>Compares both.</summary>
    /// <param name="epsilon">Total epsilon, above 0.</param>
    /// <param name="delta">Total delta; with 0 there is no Gaussian noise.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="linf">Change within one partition.</param>
    /// <param name="metrics">k.</param>
    public static NoiseComparison Of(double epsilon, double delta, int l0, double linf, int metrics)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(metrics, 1);
        double laplace = Math.Sqrt(2) * metrics * (double)l0 * linf / epsilon;
        return new(laplace, delta == 0 ? double.PositiveInfinity : GaussianPrivacy.Sigma(epsilon, delta, linf * Math.Sqrt((double)l0 * metrics)));
    }
}
