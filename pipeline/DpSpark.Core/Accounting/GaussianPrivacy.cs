using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>
/// The exact privacy of the continuous Gaussian mechanism in terms of mu = L2 sensitivity / standard deviation, and its inverses.
/// </summary>
/// <remarks>
/// delta(eps; mu) = Phi(a) - e^eps Phi(c), a = mu/2 - eps/mu, c = -mu/2 - eps/mu (Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018).
/// As e^eps phi(c) = phi(a), delta = phi(a) (R(-a) - R(-c)) with Mills' ratio R, which cannot overflow. R' (x) = x R(x) - 1, so for small mu the cancelling difference is the
/// integral of 1 - x R(x) over an interval of length mu around eps/mu.
/// k Gaussians compose exactly to mu = sqrt(mu_1^2 + ... + mu_k^2) (Dong, Roth and Su, "Gaussian Differential Privacy", JRSSB 2022).
/// These functions do not bound DISCRETE Gaussian noise of small sigma: use <see cref="DiscreteGaussianPrivacy"/>.
/// </remarks>
public static class GaussianPrivacy
{
    // Five-point Gauss-Legendre rule on [-1/2, 1/2].
    private static readonly double[] s_nodes = [0, 0.2692346550528416, -0.2692346550528416, 0.4530899229693320, -0.4530899229693320];
    private static readonly double[] s_weights = [0.2844444444444444, 0.2393143352496832, 0.2393143352496832, 0.1184634425280945, 0.1184634425280945];

    /// <summary>The smallest delta at an epsilon.</summary>
    /// <param name="epsilon">Any real number.</param>
    /// <param name="mu">At least 0: L2 sensitivity over standard deviation.</param>
    public static double Delta(double epsilon, double mu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mu);
        if (mu == 0)
        {
            return Math.Max(0, -Elementary.ExpM1(epsilon));
        }

        if (double.IsPositiveInfinity(mu))
        {
            return 1;
        }

        double ratio = epsilon / mu;
        double a = (mu / 2) - ratio;
        if (a < -40)
        {
            return 0;
        }

        if (a > 40)
        {
            return 1;
        }

        if (mu < 0.1)
        {
            double integral = 0;
            for (int i = 0; i < s_nodes.Length; i++)
            {
                double x = ratio + (mu * s_nodes[i]);
                integral += s_weights[i] * (1 - (x * Normal.Mills(x)));
            }

            return Math.Clamp(Normal.Density(a) * mu * integral, 0, 1);
        }

        double c = -(mu / 2) - ratio;
        double delta = a <= 0
            ? Normal.Density(a) * (Normal.Mills(-a) - Normal.Mills(-c))
            : c > 0
                ? Normal.LowerTail(a) - (Math.Exp(epsilon) * Normal.LowerTail(c))
                : Normal.LowerTail(a) - (Normal.Density(a) * Normal.Mills(-c));
        return Math.Clamp(delta, 0, 1);
    }

    /// <summary>delta(eps) - (1 - e^eps), without cancellation where delta is near 1: e^eps times delta at -eps, as the mechanism's two directions have one law.</summary>
    /// <param name="epsilon">Any real number.</param>
    /// <param name="mu">At least 0.</param>
    public static double Shortfall(double epsilon, double mu) => Math.Exp(epsilon) * Delta(-epsilon, mu);

    /// <summary>The smallest epsilon, at least 0, at a delta; infinite for delta 0.</summary>
    /// <param name="mu">At least 0.</param>
    /// <param name="delta">0 to 1.</param>
    public static double Epsilon(double mu, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(delta);
        if (Delta(0, mu) <= delta)
        {
            return 0;
        }

        if (delta == 0)
        {
            return double.PositiveInfinity;
        }

        double high = 1;
        while (Delta(high, mu) > delta)
        {
            high *= 2;
            if (double.IsInfinity(high))
            {
                return high;
            }
        }

        return Elementary.BisectUp(epsilon => delta - Delta(epsilon, mu), 0, high);
    }

    /// <summary>The largest mu that is (epsilon, delta)-differentially private.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    public static double Mu(double epsilon, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        if (!(delta > 0 && delta < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), "Gaussian noise needs a delta above 0 and below 1.");
        }

        double low = 1;
        while (Delta(epsilon, low) > delta)
        {
            low /= 2;
        }

        double high = low * 2;
        while (Delta(epsilon, high) <= delta)
        {
            low = high;
            high *= 2;
        }

        // BisectUp returns the upper end; below it the mechanism is certainly private.
        return Math.BitDecrement(Elementary.BisectUp(mu => Delta(epsilon, mu) > delta ? 1 : -1, low, high));
    }

    /// <summary>The standard deviation that gives (epsilon, delta) at an L2 sensitivity, to the accuracy of double; see <see cref="SafeSigma"/>.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double Sigma(double epsilon, double delta, double l2Sensitivity) => l2Sensitivity / Mu(epsilon, delta);

    /// <summary><see cref="Sigma"/> enlarged by 1e-9, which covers every rounding in its computation: what a release uses.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double SafeSigma(double epsilon, double delta, double l2Sensitivity) => Sigma(epsilon, delta, l2Sensitivity) * (1 + 1e-9);

    /// <summary>The smallest delta at an epsilon of noise with this standard deviation.</summary>
    /// <param name="epsilon">Any real number.</param>
    /// <param name="sigma">Above 0.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double DeltaOf(double epsilon, double sigma, double l2Sensitivity) => Delta(epsilon, l2Sensitivity / sigma);

    /// <summary>The smallest epsilon at a delta of noise with this standard deviation.</summary>
    /// <param name="sigma">Above 0.</param>
    /// <param name="delta">0 to 1.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double EpsilonOf(double sigma, double delta, double l2Sensitivity) => Epsilon(l2Sensitivity / sigma, delta);

    /// <summary>The textbook calibration sqrt(2 ln(1.25/delta)) / epsilon, valid below epsilon 1 and always worse: for comparison only, never for a release.</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    /// <param name="l2Sensitivity">At least 0.</param>
    public static double ClassicalSigma(double epsilon, double delta, double l2Sensitivity) =>
        l2Sensitivity * Math.Sqrt(2 * Math.Log(1.25 / delta)) / epsilon;

    /// <summary>The mu of Gaussian mechanisms composed.</summary>
    /// <param name="mus">The mus.</param>
    public static double Compose(IEnumerable<double> mus)
    {
        ArgumentNullException.ThrowIfNull(mus);
        double sum = 0;
        foreach (double mu in mus)
        {
            sum += mu * mu;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The mu of k Gaussian mechanisms of unit L2 sensitivity and one standard deviation.</summary>
    /// <param name="sigma">Above 0.</param>
    /// <param name="k">How many.</param>
    public static double ComposeEqual(double sigma, int k) => Math.Sqrt(k) / sigma;
}
