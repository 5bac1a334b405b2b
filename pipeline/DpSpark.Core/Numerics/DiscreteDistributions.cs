
namespace DpSpark.Core.Numerics;

/// <summary>Probabilities, tails, variances and interval half-widths of the discrete Laplace and discrete Gaussian distributions, in double.</summary>
/// <remarks>
/// Discrete Laplace of scale t/s, q = exp(-s/t): P(k) = (1-q)/(1+q) q^|k|; variance 2q/(1-q)^2; P(X at least k) = q^k/(1+q) for k at least 1 and 1 - q^(1-k)/(1+q) otherwise.
/// Discrete Gaussian: P(k) = exp(-k^2/(2 sigma^2))/Z, Z by theta-function duality sqrt(2 pi sigma^2) (1 + 2 sum exp(-2 pi^2 sigma^2 m^2)) for sigma of 1 and more.
/// For reports, tests and thresholds; sampling never touches these.
/// </remarks>
public static class DiscreteDistributions
{
    /// <summary>Half-widths above this are those of the continuous law.</summary>
    private const double LargestSearched = 1L << 50;

    /// <summary>P(X = k) for discrete Laplace.</summary>
    /// <param name="scale">t/s.</param>
    /// <param name="k">The value.</param>
    public static double LaplaceProbability(double scale, double k)
    {
        double rate = 1 / scale;
        return -Elementary.ExpM1(-rate) / (1 + Math.Exp(-rate)) * Math.Exp(-Math.Abs(k) * rate);
    }

    /// <summary>P(X at least k) for discrete Laplace.</summary>
    /// <param name="scale">t/s.</param>
    /// <param name="k">The value.</param>
    public static double LaplaceUpperTail(double scale, double k)
    {
        double rate = 1 / scale;
        double q = Math.Exp(-rate);
        return k >= 1 ? Math.Exp(-k * rate) / (1 + q) : 1 - (Math.Exp(-(1 - k) * rate) / (1 + q));
    }

    /// <summary>Variance of discrete Laplace.</summary>
    /// <param name="scale">t/s.</param>
    public static double LaplaceVariance(double scale)
    {
        double rate = 1 / scale;
        double room = Elementary.ExpM1(-rate);
        return 2 * Math.Exp(-rate) / (room * room);
    }

    /// <summary>P(X = k) for the geometric distribution exp(-lambda k) (1 - exp(-lambda)) on 0, 1, 2, ...</summary>
    /// <param name="lambda">The rate.</param>
    /// <param name="k">At least 0.</param>
    public static double GeometricProbability(double lambda, double k) => -Elementary.ExpM1(-lambda) * Math.Exp(-lambda * k);

    /// <summary>Mean of that geometric distribution: 1/(e^lambda - 1).</summary>
    /// <param name="lambda">The rate.</param>
    public static double GeometricMean(double lambda) => 1 / Elementary.ExpM1(lambda);

    /// <summary>The sum of exp(-k^2/(2 sigma^2)) over all integers.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    public static double GaussianNormaliser(double variance)
    {
        double sum = 0;
        if (variance >= 0.5)
        {
            for (int m = 8; m >= 1; m--)
            {
                sum += Math.Exp(-2 * Math.PI * Math.PI * variance * m * m);
            }

            return Math.Sqrt(2 * Math.PI * variance) * (1 + (2 * sum));
        }

        for (int k = 40; k >= 1; k--)
        {
            sum += Math.Exp(-(double)k * k / (2 * variance));
        }

        return 1 + (2 * sum);
    }

    /// <summary>P(X = k) for discrete Gaussian.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="k">The value.</param>
    public static double GaussianProbability(double variance, double k) => Math.Exp(-k * k / (2 * variance)) / GaussianNormaliser(variance);

    /// <summary>P(X at least k) for discrete Gaussian, summed from the small end.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="k">The value.</param>
    public static double GaussianUpperTail(double variance, double k)
    {
        if (k < 1)
        {
            return 1 - GaussianUpperTail(variance, 1 - k);
        }

        double sigma = Math.Sqrt(variance);
        if (sigma > LargeSigma)
        {
            // The trapezoidal sum of a smooth density: P(X >= k) = P(N >= k - 1/2) up to a relative (k/sigma)^2 / (24 sigma^2).
            return Normal.UpperTail((k - 0.5) / sigma);
        }

        // Terms below 1e-30 of the first do not matter: k^2 grows by 2 * 69 sigma^2.
        double last = Math.Ceiling(Math.Sqrt((k * k) + (140 * variance))) + 1;
        double sum = 0;
        for (double x = last; x >= k; x--)
        {
            sum += Math.Exp(((k * k) - (x * x)) / (2 * variance));
        }

        return Math.Exp(-k * k / (2 * variance)) * sum / GaussianNormaliser(variance);
    }

    /// <summary>An upper bound of P(X at least k) for discrete Gaussian and k of 1 and more, valid in exact arithmetic and for every rounding here.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="k">At least 1.</param>
    /// <remarks>
    /// Small sigma: the sum, enlarged by 1e-9. Large sigma: P(X at least k) is at most P(N at least k - 1), as each term is below the integral of the falling density over
    /// the unit interval before it and Z is at least sqrt(2 pi sigma^2); the k - 1 costs 1/sigma of a standard deviation.
    /// </remarks>
    public static double GaussianUpperTailBound(double variance, double k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        double sigma = Math.Sqrt(variance);
        return (sigma > LargeSigma ? Normal.UpperTail((k - 1) / sigma) : GaussianUpperTail(variance, k)) * (1 + 1e-9);
    }

    /// <summary>Variance of discrete Gaussian: slightly below the parameter.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    public static double GaussianVariance(double variance)
    {
        if (variance >= 4)
        {
            // sigma^2 (1 - 8 pi^2 sigma^2 exp(-2 pi^2 sigma^2) ...): the gap is below 1e-30 from here on.
            return variance;
        }

        double sum = 0;
        for (int k = 60; k >= 1; k--)
        {
            sum += (double)k * k * Math.Exp(-(double)k * k / (2 * variance));
        }

        return 2 * sum / GaussianNormaliser(variance);
    }

    /// <summary>Half-width of the interval around a value with continuous Laplace noise: scale · ln(1/alpha).</summary>
    /// <param name="scale">The scale.</param>
    /// <param name="confidence">The level, between 0 and 1.</param>
    public static double LaplaceHalfWidth(double scale, double confidence) => -scale * Math.Log(Alpha(confidence));

    /// <summary>Half-width of the interval around a value with Gaussian noise: sigma · z.</summary>
    /// <param name="sigma">The standard deviation.</param>
    /// <param name="confidence">The level, between 0 and 1.</param>
    public static double GaussianHalfWidth(double sigma, double confidence) => sigma * Normal.UpperQuantile(Alpha(confidence) / 2);

    /// <summary>Smallest whole w with P(|X| above w) at most alpha for discrete Laplace: 2 q^(w+1)/(1+q) at most alpha.</summary>
    /// <param name="scale">t/s.</param>
    /// <param name="confidence">The level, between 0 and 1.</param>
    public static double DiscreteLaplaceHalfWidth(double scale, double confidence)
    {
        double alpha = Alpha(confidence);
        double w = Math.Max(0, Math.Floor(scale * Math.Log(2 / (alpha * (1 + Math.Exp(-1 / scale))))) - 2);
        while (2 * LaplaceUpperTail(scale, w + 1) > alpha)
        {
            // Beyond 2^53 the next whole number is the next double.
            w = Math.Max(w + 1, Math.BitIncrement(w));
        }

        return w;
    }

    /// <summary>Smallest whole w with P(|X| above w) at most alpha for discrete Gaussian.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="confidence">The level, between 0 and 1.</param>
    public static double DiscreteGaussianHalfWidth(double variance, double confidence)
    {
        double alpha = Alpha(confidence);
        double low = 0;
        double high = Math.Ceiling(Math.Sqrt(variance) * Normal.UpperQuantile(alpha / 2)) + 2;

        // Beyond 2^50 whole numbers are no longer all doubles, and the normal's width is that of the discrete law to as many digits.
        while (low < high && high < LargestSearched)
        {
            double middle = Math.Floor((low + high) / 2);
            if (2 * GaussianUpperTail(variance, middle + 1) <= alpha)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return high;
    }

    /// <summary>P(|X| at most w) for discrete Laplace.</summary>
    /// <param name="scale">t/s.</param>
    /// <param name="halfWidth">w, whole and at least 0.</param>
    public static double LaplaceCoverage(double scale, double halfWidth) => 1 - (2 * LaplaceUpperTail(scale, halfWidth + 1));

    /// <summary>P(|X| at most w) for discrete Gaussian.</summary>
    /// <param name="variance">The parameter sigma^2.</param>
    /// <param name="halfWidth">w, whole and at least 0.</param>
    public static double GaussianCoverage(double variance, double halfWidth) => 1 - (2 * GaussianUpperTail(variance, halfWidth + 1));

    /// <summary>exp(-numerator/denominator): the chance that <c>CksSampler.BernoulliExp</c> is true.</summary>
    /// <param name="numerator">At least 0.</param>
    /// <param name="denominator">Above 0.</param>
    public static double BernoulliExpProbability(double numerator, double denominator) => Math.Exp(-numerator / denominator);

    /// <summary>Scale of continuous Laplace noise: l1 / epsilon. For previews; releases take exact rationals.</summary>
    /// <param name="l1Sensitivity">L1 sensitivity.</param>
    /// <param name="epsilon">Above 0.</param>
    public static double LaplaceScale(double l1Sensitivity, double epsilon) => l1Sensitivity / epsilon;

    /// <summary>Standard deviation of continuous Laplace noise: sqrt(2) times its scale.</summary>
    /// <param name="scale">The scale.</param>
    public static double LaplaceStandardDeviation(double scale) => Math.Sqrt(2) * scale;

    private const double LargeSigma = 1 << 14;

    // Of the decimal that was written: 1 - 0.999999 in double is off in the eleventh digit.
    private static double Alpha(double confidence) => confidence > 0 && confidence < 1
        ? (Parameters.ExactDecimal.One - Parameters.ExactDecimal.FromShortest(confidence)).ToDouble()
        : throw new ArgumentOutOfRangeException(nameof(confidence), "A confidence level lies between 0 and 1.");
}
