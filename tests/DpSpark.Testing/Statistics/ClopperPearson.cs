namespace DpSpark.Testing.Statistics;

/// <summary>Exact confidence bounds of a proportion.</summary>
/// <remarks>Source: dp-math.md 7.7. The binomial tail is summed outward from its largest term in double; good to many digits more than a test needs.</remarks>
public static class ClopperPearson
{
    /// <summary>The p for which <paramref name="hits"/> or more of <paramref name="trials"/> have probability <paramref name="alpha"/>; 0 for no hits.</summary>
    /// <param name="hits">Hits seen.</param>
    /// <param name="trials">Trials.</param>
    /// <param name="alpha">Chance that the true proportion is below the bound.</param>
    public static double Lower(int hits, int trials, double alpha) => hits == 0 ? 0 : Solve(p => UpperTail(hits, trials, p) < alpha);

    /// <summary>The p for which <paramref name="hits"/> or fewer of <paramref name="trials"/> have probability <paramref name="alpha"/>; 1 for nothing but hits.</summary>
    /// <param name="hits">Hits seen.</param>
    /// <param name="trials">Trials.</param>
    /// <param name="alpha">Chance that the true proportion is above the bound.</param>
    public static double Upper(int hits, int trials, double alpha) => hits == trials ? 1 : 1 - Lower(trials - hits, trials, alpha);

    /// <summary>P(at least <paramref name="hits"/> of <paramref name="trials"/>) at a proportion.</summary>
    /// <param name="hits">Hits.</param>
    /// <param name="trials">Trials.</param>
    /// <param name="proportion">Chance of a hit, in (0, 1).</param>
    public static double UpperTail(int hits, int trials, double proportion)
    {
        var odds = proportion / (1 - proportion);
        var from = Math.Max(hits, (int)Math.Ceiling(trials * proportion));
        var start = Math.Exp(LogChoose(trials, from) + (from * Math.Log(proportion)) + ((trials - from) * Math.Log(1 - proportion)));
        var sum = start;
        for (var (k, term) = (from, start); k < trials && term > sum * 1e-17; k++)
        {
            term *= (trials - k) * odds / (k + 1);
            sum += term;
        }

        for (var (k, term) = (from, start); k > hits && term > sum * 1e-17; k--)
        {
            term *= k / ((trials - k + 1) * odds);
            sum += term;
        }

        return Math.Min(1, sum);
    }

    private static double Solve(Func<double, bool> isBelow)
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = isBelow(middle) ? (middle, high) : (low, middle);
        }

        return low;
    }

    private static double LogChoose(int n, int k) => LogFactorial(n) - LogFactorial(k) - LogFactorial(n - k);

    private static double LogFactorial(int n)
    {
        if (n < 20)
        {
            var product = 1.0;
            for (var i = 2; i <= n; i++)
            {
                product *= i;
            }

            return Math.Log(product);
        }

        // Stirling's series; the next term is below 1e-11 from 20 on.
        double x = n;
        return (x * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI * x)) + (1 / (12 * x)) - (1 / (360 * x * x * x)) + (1 / (1260 * x * x * x * x * x));
    }
}
