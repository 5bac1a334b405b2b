namespace DpSpark.Core.Numerics;

/// <summary>exp(x)-1, ln(1+x), ln Gamma and relatives with full relative accuracy where the plain expressions cancel.</summary>
/// <remarks>The base class library's <c>ExpM1</c> and <c>LogP1</c> are the plain expressions, so they are not used.</remarks>
public static class Elementary
{
    /// <summary>exp(x) - 1, relative error a few 1e-16.</summary>
    /// <param name="x">The argument.</param>
    /// <remarks>With u = exp(x) rounded, (u - 1) x / ln u cancels the rounding of u (Kahan).</remarks>
    public static double ExpM1(double x)
    {
        if (Math.Abs(x) > 1)
        {
            return Math.Exp(x) - 1;
        }

        double u = Math.Exp(x);
        if (u == 1)
        {
            return x;
        }

        double difference = u - 1;
        return difference == -1 ? -1 : difference * x / Math.Log(u);
    }

    /// <summary>exp(x) - 1 - x, also where the terms cancel: the series x^2/2 + x^3/6 + ... near 0.</summary>
    /// <param name="x">The argument.</param>
    public static double ExpM1MinusX(double x)
    {
        if (Math.Abs(x) > 0.5)
        {
            return ExpM1(x) - x;
        }

        double sum = 0;
        for (int n = 18; n >= 2; n--)
        {
            sum = (sum + 1) * x / n;
        }

        return sum * x;
    }

    /// <summary>ln(1 + x), relative error a few 1e-16.</summary>
    /// <param name="x">Above -1.</param>
    public static double Log1P(double x)
    {
        double u = 1 + x;
        if (u == 1)
        {
            return x;
        }

        return double.IsInfinity(u) ? double.PositiveInfinity : Math.Log(u) * x / (u - 1);
    }

    /// <summary>1 - (1-p)^power, for small p without cancellation.</summary>
    /// <param name="p">0 to 1.</param>
    /// <param name="power">Exponent.</param>
    public static double OneMinusPower(double p, double power) => p >= 1 ? 1 : -ExpM1(power * Log1P(-p));

    /// <summary>ln Gamma(x) for x above 0: Stirling's series at x shifted to at least 16.</summary>
    /// <param name="x">Above 0.</param>
    public static double LogGamma(double x)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x);
        double shift = 0;
        if (x < 16)
        {
            double product = 1;
            while (x < 16)
            {
                product *= x;
                x++;
            }

            shift = Math.Log(product);
        }

        // B_2i / (2i (2i-1) x^(2i-1)); the first term left out is below 1e-17 at x = 16.
        double inverse = 1 / x;
        double square = inverse * inverse;
        double series = inverse * ((1.0 / 12) - (square * ((1.0 / 360) - (square * ((1.0 / 1260) - (square * ((1.0 / 1680)
            - (square * ((1.0 / 1188) - (square * ((691.0 / 360360) - (square * (1.0 / 156)))))))))))));
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + series - shift;
    }

    /// <summary>ln of the binomial coefficient n over k.</summary>
    /// <param name="n">At least 0.</param>
    /// <param name="k">0 to n.</param>
    public static double LogBinomial(double n, double k) =>
        k == 0 || k == n ? 0 : LogGamma(n + 1) - LogGamma(k + 1) - LogGamma(n - k + 1);

    /// <summary>Root of a function that rises through zero, by bisection to the last bit.</summary>
    /// <param name="function">Continuous and increasing.</param>
    /// <param name="low">Where it is at most 0.</param>
    /// <param name="high">Where it is at least 0.</param>
    /// <returns>The last upper end: the function is at least 0 there.</returns>
    public static double BisectUp(Func<double, double> function, double low, double high)
    {
        ArgumentNullException.ThrowIfNull(function);
        for (int i = 0; i < 400; i++)
        {
            double middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                break;
            }

            if (function(middle) >= 0)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return high;
    }
}
