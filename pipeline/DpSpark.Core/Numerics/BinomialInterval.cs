namespace DpSpark.Core.Numerics;

/// <summary>Exact confidence bounds of a proportion, and the bound of epsilon that an audit draws from them.</summary>
/// <remarks>
/// lower = the alpha quantile of Beta(k, n-k+1), upper = the 1-alpha quantile of Beta(k+1, n-k), alpha = (1-confidence)/2; 0 and 1 at the ends. The regularised incomplete beta is
/// the continued fraction of Lentz with the symmetry I_x(a,b) = 1 - I_(1-x)(b,a). Sources: Clopper and Pearson, Biometrika 1934; Jagielski, Ullman and Oprea, NeurIPS 2020.
/// </remarks>
public static class BinomialInterval
{
    /// <summary>The two-sided interval.</summary>
    /// <param name="successes">0 to trials.</param>
    /// <param name="trials">At least 1.</param>
    /// <param name="confidence">Between 0 and 1.</param>
    public static (double Lower, double Upper) ClopperPearson(long successes, long trials, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        if (successes < 0 || successes > trials)
        {
            throw new ArgumentOutOfRangeException(nameof(successes), "Successes lie between 0 and the number of trials.");
        }

        if (!(confidence > 0 && confidence < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(confidence), "A confidence lies between 0 and 1.");
        }

        double alpha = (1 - confidence) / 2;
        double lower = successes == 0 ? 0 : BetaQuantile(successes, trials - successes + 1, alpha);
        double upper = successes == trials ? 1 : 1 - BetaQuantile(trials - successes, successes + 1, alpha);
        return (lower, upper);
    }

    /// <summary>The epsilon that an attack proves: ln((TPR lower - delta) / FPR upper), at least 0.</summary>
    /// <param name="truePositives">Hits with the unit.</param>
    /// <param name="falsePositives">Hits without the unit.</param>
    /// <param name="memberTrials">Runs with the unit.</param>
    /// <param name="nonMemberTrials">Runs without the unit.</param>
    /// <param name="confidence">Level of each of the two intervals.</param>
    /// <param name="delta">The claimed delta.</param>
    public static (double TruePositiveRate, double FalsePositiveRate, double Epsilon) EpsilonLowerBound(
        long truePositives, long falsePositives, long memberTrials, long nonMemberTrials, double confidence, double delta)
    {
        double hit = ClopperPearson(truePositives, memberTrials, confidence).Lower;
        double alarm = ClopperPearson(falsePositives, nonMemberTrials, confidence).Upper;
        return (hit, alarm, hit > delta ? Math.Max(0, Math.Log((hit - delta) / alarm)) : 0);
    }

    /// <summary>P(Beta(a, b) at most x).</summary>
    /// <param name="a">Above 0.</param>
    /// <param name="b">Above 0.</param>
    /// <param name="x">0 to 1.</param>
    public static double BetaCdf(double a, double b, double x)
    {
        if (x <= 0)
        {
            return 0;
        }

        if (x >= 1)
        {
            return 1;
        }

        double front = Math.Exp(Elementary.LogGamma(a + b) - Elementary.LogGamma(a) - Elementary.LogGamma(b) + (a * Math.Log(x)) + (b * Elementary.Log1P(-x)));
        return x < (a + 1) / (a + b + 2) ? front * Fraction(a, b, x) / a : 1 - (front * Fraction(b, a, 1 - x) / b);
    }

    // Where the small tail is asked for, the plain branch of the continued fraction gives it with full relative accuracy.
    private static double BetaQuantile(double a, double b, double alpha) => Elementary.BisectUp(x => BetaCdf(a, b, x) - alpha, 0, 1);

    private static double Fraction(double a, double b, double x)
    {
        const double Tiny = 1e-300;
        double c = 1;
        double d = 1 - ((a + b) * x / (a + 1));
        d = 1 / (Math.Abs(d) < Tiny ? Tiny : d);
        double f = d;
        for (int m = 1; m < 100_000; m++)
        {
            double even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            d = 1 + (even * d);
            d = 1 / (Math.Abs(d) < Tiny ? Tiny : d);
            c = 1 + (even / c);
            c = Math.Abs(c) < Tiny ? Tiny : c;
            f *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 + (odd * d);
            d = 1 / (Math.Abs(d) < Tiny ? Tiny : d);
            c = 1 + (odd / c);
            c = Math.Abs(c) < Tiny ? Tiny : c;
            double factor = d * c;
            f *= factor;
            if (Math.Abs(factor - 1) < 3e-16)
            {
                break;
            }
        }

        return f;
    }
}
