using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>The pair on a grid whose delta agrees with a mechanism's at every grid point and is linear in e^eps between: the closed form, for checks and tables.</summary>
/// <remarks>
/// delta as a function of t = e^eps has a kink p_i/e_i at e_i: p_i = e_i ((d_(i-1) - d_i)/(e_i - e_(i-1)) - (d_i - d_(i+1))/(e_(i+1) - e_i)); at the first index the left slope is
/// (1 - d_a)/e_a, at the last the right slope is 0 and d_z is the mass at infinity. Source: Doroshenko et al., PoPETs 2022. The accountant uses the equal, numerically better form of
/// splitting every loss between its two neighbours.
/// </remarks>
public static class ConnectTheDots
{
    /// <summary>The masses of the Gaussian mechanism, by splitting.</summary>
    /// <param name="mu">L2 sensitivity over standard deviation, above 0.</param>
    /// <param name="step">h, above 0.</param>
    /// <param name="first">First index.</param>
    /// <param name="last">Last index.</param>
    public static (double[] Masses, double Infinity) Gaussian(double mu, double step, int first, int last) =>
        Of(epsilon => GaussianPrivacy.Delta(epsilon, mu), epsilon => GaussianPrivacy.Shortfall(epsilon, mu), step, first, last);

    /// <summary>The masses of any mechanism.</summary>
    /// <param name="delta">delta(eps) for every real eps.</param>
    /// <param name="shortfall">delta(eps) - (1 - e^eps), accurate where both are near 1: by symmetry e^eps times delta of the other direction at -eps.</param>
    /// <param name="step">h, above 0.</param>
    /// <param name="first">First index.</param>
    /// <param name="last">Last index.</param>
    public static (double[] Masses, double Infinity) Of(Func<double, double> delta, Func<double, double> shortfall, double step, int first, int last)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentNullException.ThrowIfNull(shortfall);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);

        // Below 0 the kinks of delta and of delta - (1 - e^eps) are the same, and the latter is small there.
        double Value(int i, bool small) => small ? shortfall(i * step) : delta(i * step);
        double width = Elementary.ExpM1(step);
        double[] masses = new double[last - first + 1];
        for (int i = first; i <= last; i++)
        {
            bool small = i <= 0;
            double here = Value(i, small);

            // Slopes in t times e_i: left intervals have width e_i (1 - e^-h), right ones e_i (e^h - 1).
            // The shortfall's slopes are those of delta plus 1, so the outer ones, (1 - d)/e and 0, become -s/e and -1 (times e).
            double left = i == first
                ? (small ? -here : 1 - here)
                : (Value(i - 1, small) - here) / -Elementary.ExpM1(-step);
            double right = i == last
                ? (small ? -Math.Exp(i * step) : 0)
                : (here - Value(i + 1, small)) / width;
            masses[i - first] = Math.Max(0, left - right);
        }

        return (masses, delta(last * step));
    }
}
