using DpSpark.Core.Numerics;

namespace DpSpark.Core.Utility;

/// <summary>The number of successes among independent trials of different chances.</summary>
public static class PoissonBinomial
{
    /// <summary>Trials up to which the law is computed exactly.</summary>
    public const int MostExactTrials = 200;

    /// <summary>P(M = m) for m from 0 to the number of trials, by convolution; all terms positive.</summary>
    /// <param name="chances">0 to 1 each.</param>
    public static double[] Probabilities(IReadOnlyList<double> chances)
    {
        ArgumentNullException.ThrowIfNull(chances);
        double[] law = new double[chances.Count + 1];
        law[0] = 1;
        for (int i = 0; i < chances.Count; i++)
        {
            double p = Checked(chances[i]);
            for (int m = i + 1; m >= 1; m--)
            {
                law[m] = (law[m] * (1 - p)) + (law[m - 1] * p);
            }

            law[0] *= 1 - p;
        }

        return law;
    }

    /// <summary>The expectation of a chance that depends on the number: exactly for few trials, beyond by the normal approximation with its correction for skewness.</summary>
    /// <param name="chances">0 to 1 each.</param>
    /// <param name="keep">The chance at a number, rising to 1.</param>
    /// <param name="certainFrom">A number from which it is 1.</param>
    /// <remarks>P(M at most m) is near G((m + 1/2 - mean)/sd), G(x) = Phi(x) + skew (1 - x^2) phi(x) / 6, within 0 and 1. Source: dp-math 6.4.</remarks>
    public static double Expect(IReadOnlyList<double> chances, Func<double, double> keep, double certainFrom)
    {
        ArgumentNullException.ThrowIfNull(chances);
        ArgumentNullException.ThrowIfNull(keep);
        double sum = 0;
        if (chances.Count <= MostExactTrials)
        {
            double[] law = Probabilities(chances);
            for (int m = 0; m < law.Length; m++)
            {
                sum += law[m] * keep(m);
            }

            return Math.Min(1, sum);
        }

        double mean = 0;
        double variance = 0;
        double third = 0;
        for (int i = 0; i < chances.Count; i++)
        {
            double p = Checked(chances[i]);
            mean += p;
            variance += p * (1 - p);
            third += p * (1 - p) * (1 - (2 * p));
        }

        double deviation = Math.Sqrt(variance);
        if (deviation == 0)
        {
            return keep(Math.Round(mean));
        }

        if (deviation * 8 < mean - certainFrom)
        {
            return 1;
        }

        double skew = third / (variance * deviation);
        double Below(double m)
        {
            double x = (m + 0.5 - mean) / deviation;
            return Math.Clamp(Normal.LowerTail(x) + (skew * (1 - (x * x)) * Normal.Density(x) / 6), 0, 1);
        }

        double first = Math.Max(0, Math.Floor(mean - (10 * deviation)));
        double last = Math.Min(chances.Count, Math.Ceiling(mean + (10 * deviation)));
        double before = first == 0 ? 0 : Below(first - 1);
        for (double m = first; m <= last; m++)
        {
            double at = m == last ? 1 : Below(m);
            sum += Math.Max(0, at - before) * keep(m);
            before = Math.Max(before, at);
        }

        return Math.Min(1, sum);
    }

    private static double Checked(double p) => p is >= 0 and <= 1 ? p : throw new ArgumentOutOfRangeException(nameof(p), "A chance lies between 0 and 1.");
}
