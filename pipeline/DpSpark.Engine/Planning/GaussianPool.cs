using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Engine.Planning;

/// <summary>Gaussian noise multipliers from a budget: what Gaussian differential privacy allows, and how fine the noise's grid must be for that to hold of discrete noise.</summary>
/// <remarks>
/// Continuous Gaussians compose exactly to mu = sqrt(sum of mu_i^2) and delta(eps; mu) is exact (dp-math.md 5.4, 5.5). Replacing one coordinate's normal by a discrete
/// Gaussian of standard deviation s units turns an integral of a function with one kink into a lattice sum. The kink is where the loss equals eps; its jump in slope is the
/// density there times Δ/s² per unit, so the sum is off by at most (1/8) f(eps) (mu_i/s_i)², f the density of the loss, phi(a)/mu; all else is below exp(-2 pi² s²). Over all
/// coordinates that is at most phi(a) mu / (8 s²), s the smallest of them, whatever their number. The curve falls by Phi(c) e^eps per unit of eps, so eps is off by at most
/// mu h(-c) / (8 s²), h the normal hazard rate, h(x) at most x + 0.8: at most (mu²/2 + eps + 0.8 mu) / (8 s²). Mu is therefore computed for eps / (1 + 10^-5), and the grid is
/// chosen such that this error stays below 10^-5 eps: at least 2^10 units, more where eps is tiny and delta is not.
/// </remarks>
internal static class GaussianPool
{
    /// <summary>The relative part of epsilon that is set aside for the difference between discrete and continuous noise.</summary>
    internal const double DiscretenessMargin = 1e-5;

    /// <summary>Least bits of sigma in units of the noise's grid.</summary>
    internal const int LeastGridBits = 10;

    private const double CalibrationMargin = 1e-9;

    /// <summary>The largest mu² that is (epsilon, delta)-differentially private for discrete noise on a grid of <see cref="GridBits"/>; exact value of a double.</summary>
    internal static Rational MuSquared(Rational epsilon, Rational delta)
    {
        var mu = GaussianPrivacy.Mu(Rounding.Inward(epsilon.ToDouble() / (1 + DiscretenessMargin)), Rounding.Inward(delta.ToDouble()));
        var safe = Rounding.Inward(mu / (1 + CalibrationMargin));
        return Rational.FromDouble(safe * safe * (1 - 1e-15));
    }

    /// <summary>Bits of sigma in grid units from which the margin covers the discreteness.</summary>
    /// <param name="muSquared">Of everything that is composed.</param>
    /// <param name="epsilon">Of everything that is composed.</param>
    /// <param name="pure">Sum of the pure epsilons composed with it.</param>
    internal static int GridBits(double muSquared, double epsilon, double pure = 0) => (int)Math.Ceiling(Math.Log2(NeededVariance(muSquared, epsilon, pure)) / 2);

    /// <summary>The smallest sigma², in squared grid units, for which the margin covers the discreteness.</summary>
    /// <remarks>Composed with mechanisms of losses within ±<paramref name="pure"/>, the Gaussian part is read at epsilons up to epsilon + pure; the margin is one of epsilon still.</remarks>
    internal static double NeededVariance(double muSquared, double epsilon, double pure = 0) => Math.Max(
        1 << (2 * LeastGridBits),
        ((muSquared / 2) + epsilon + pure + (0.8 * Math.Sqrt(muSquared))) / (8 * DiscretenessMargin * epsilon));

    /// <summary>An upper bound of the delta of discrete Gaussians at an epsilon, given their composed mu and grids of <see cref="GridBits"/>.</summary>
    internal static double Delta(double epsilon, double mu) => GaussianPrivacy.Delta(epsilon / (1 + DiscretenessMargin), mu) * (1 + CalibrationMargin);
}
