using System.Numerics;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>The loss of a whole plan in one direction: laws on one grid, each with the number of its uses, composed by a tilted Fourier transform.</summary>
/// <remarks>
/// With p'_i = p_i e^(theta loss) / M(theta) the composed masses near the target epsilon are of order 1, so that the error of the transform is relative to delta, however small
/// delta is. The window holds the tilted sum but for 1e-13 below; what wraps around from below only adds mass, what lies above is charged by Chernoff's bound. Masses that come
/// out negative become 0; the 2-norm of the transform's error times the 2-norm of the hockey stick's weights is added to delta (Cauchy and Schwarz).
/// </remarks>
internal sealed class LossComposition
{
    private const double LogLowerTail = -30;
    private const int LongestWindow = 1 << 20;
    private readonly (LossLaw Law, int Count)[] _parts;
    private readonly LossRounding _rounding;
    private readonly Func<int, FourierTransform> _transforms;
    private readonly double _step;

    internal LossComposition((LossLaw Law, int Count)[] parts, LossRounding rounding, Func<int, FourierTransform> transforms)
    {
        _parts = parts;
        _rounding = rounding;
        _transforms = transforms;
        _step = parts[0].Law.Step;
        double logFinite = 0;
        foreach ((LossLaw law, int count) in parts)
        {
            Uses += count;
            Lowest += count * law.First * _step;
            Highest += count * law.Last * _step;
            logFinite += count * Elementary.Log1P(-Math.Min(1, law.Infinity));
        }

        Infinity = Math.Min(1, -Elementary.ExpM1(logFinite));
    }

    internal double Infinity { get; }

    internal double Highest { get; }

    internal double Uses { get; }

    private double Lowest { get; }

    /// <summary>The tilt at which the Renyi bound proves the least epsilon for a delta, and that epsilon.</summary>
    /// <remarks>
    /// delta(eps) is at most exp(L(theta) - theta eps) (theta/(1+theta))^theta / (1+theta), L the logarithm of E e^(theta loss) (Canonne, Kamath and Steinke 2020, proposition 12).
    /// At the best theta, eps = L' - ln(1 + 1/theta) and theta L' - L + ln(1+theta) = ln(1/delta), whose left side rises from 0.
    /// </remarks>
    internal (double Theta, double Epsilon) TiltAtDelta(double delta)
    {
        double target = -Math.Log(delta);
        double theta = Solve(t =>
        {
            (double log, double mean, _) = Moments(t);
            return (t * mean) - log + Elementary.Log1P(t) - target;
        });
        return (theta, Math.Clamp(Moments(theta).Mean - Elementary.Log1P(1 / theta), 0, Math.Max(0, Highest)));
    }

    /// <summary>The tilt at which the Renyi bound proves the least delta for an epsilon, and the logarithm of that delta.</summary>
    internal (double Theta, double LogDelta) TiltAtEpsilon(double epsilon)
    {
        double theta = Solve(t => Moments(t).Mean - Elementary.Log1P(1 / t) - epsilon);
        double log = Moments(theta).Log - (theta * (epsilon + Elementary.Log1P(1 / theta))) - Elementary.Log1P(theta);
        return (theta, Math.Min(0, log));
    }

    /// <summary>Mean, variance and cumulant of the tilted sum.</summary>
    internal (double Log, double Mean, double Variance) Moments(double theta)
    {
        double log = 0;
        double mean = 0;
        double variance = 0;
        foreach ((LossLaw law, int count) in _parts)
        {
            (double partLog, double partMean, double partVariance) = law.Moments(theta);
            log += count * partLog;
            mean += count * partMean;
            variance += count * partVariance;
        }

        return (log, mean, variance);
    }

    /// <summary>Composes around a tilt; the result answers epsilon and delta near it.</summary>
    /// <param name="coarse">The same plan on a coarser grid, to find good tilts for the tails: this one then proves them.</param>
    /// <param name="theta">The tilt.</param>
    /// <param name="nearEpsilon">About the epsilon that is asked for.</param>
    /// <param name="logDelta">About the logarithm of its delta.</param>
    /// <returns>The composed law, or null where the window would not fit: a coarser grid is needed.</returns>
    internal HockeyStick? Compose(LossComposition coarse, double theta, double nearEpsilon, double logDelta)
    {
        (double log, double mean, double variance) = Moments(theta);
        double sigma = Math.Sqrt(variance) + _step;
        double logBudget = Math.Min(logDelta, 0) - 25;
        double top = Highest;
        double topLog = double.NegativeInfinity;
        double bottom = Lowest;
        double up = BestShift(shift => (coarse.Moments(theta + shift).Log - logBudget) / (theta + shift), 1 / sigma) + theta;
        double bound = (Moments(up).Log - logBudget) / up;
        if (bound < top)
        {
            top = bound;
            topLog = logBudget;
        }

        double coarseLog = coarse.Moments(theta).Log;
        double down = BestShift(shift => -(LogLowerTail - coarse.Moments(theta - shift).Log + coarseLog) / shift, 1 / sigma);
        bottom = Math.Max(bottom, (LogLowerTail - Moments(theta - down).Log + log) / down);
        bottom = Math.Min(Math.Min(bottom, mean - sigma), Math.Max(nearEpsilon - _step, Lowest));
        long first = (long)Math.Floor(bottom / _step) - 2;
        long last = (long)Math.Ceiling(Math.Max(top, nearEpsilon) / _step) + 2;
        if ((double)last - first > LongestWindow)
        {
            return null;
        }

        int length = 1;
        while (length < last - first + 1)
        {
            length = checked(length * 2);
        }

        FourierTransform transform = _transforms(length);
        var product = new Complex[length];
        Array.Fill(product, Complex.One);
        var values = new Complex[length];
        double norms = 0;
        double logScale = 0;
        double offset = 0;
        double exponents = 0;
        foreach ((LossLaw law, int count) in _parts)
        {
            double partLog = law.Moments(theta).Log;
            Tilt(law, theta, partLog, values);
            norms += count * Norm(values);
            transform.Forward(values);
            for (int i = 0; i < length; i++)
            {
                product[i] = FourierTransform.Multiply(product[i], Power(values[i], count));
            }

            logScale += count * partLog;
            offset += (double)count * law.First;
            exponents += count * (Math.Abs(partLog) + (theta * _step * Math.Max(Math.Abs(law.First), Math.Abs(law.Last))));
        }

        transform.Inverse(product);
        double[] masses = new double[length];
        long origin = (long)offset;
        for (int i = 0; i < length; i++)
        {
            // Position i holds the sum origin + i modulo the length: its place in the window.
            long place = (origin + i - first) % length;
            masses[place < 0 ? place + length : place] = Math.Max(0, product[i].Real);
        }

        double norm = 0;
        foreach (double mass in masses)
        {
            norm += mass * mass;
        }

        norm = Math.Sqrt(norm);
        double error = (transform.RelativeError * ((1.01 * norms) + norm)) + (Uses * 1e-15 * norm);
        double relative = 1e-9 + (Uses * 2e-12) + (exponents * 4e-16);
        double lowerAlias = bottom > Lowest ? Math.Exp(LogLowerTail) : 0;
        double upperAlias = double.IsNegativeInfinity(topLog) ? 0 : Math.Min(1, Math.Exp(topLog - log + (theta * top)));
        return new HockeyStick(masses, first, _step, theta, logScale, error, relative, _rounding)
        {
            Infinity = Infinity,
            Beyond = double.IsNegativeInfinity(topLog) ? 0 : Math.Exp(topLog),
            Alias = lowerAlias + upperAlias,
        };
    }

    private static double BestShift(Func<double, double> function, double unit)
    {
        double best = unit;
        double least = double.PositiveInfinity;
        for (double t = 1; t <= 32; t *= 1.5)
        {
            double value = function(t * unit);
            if (value < least)
            {
                (least, best) = (value, t * unit);
            }
        }

        return best;
    }

    private static double Norm(Complex[] values)
    {
        double sum = 0;
        foreach (Complex value in values)
        {
            sum += value.Real * value.Real;
        }

        return Math.Sqrt(sum);
    }

    private static Complex Power(Complex value, int count)
    {
        Complex result = Complex.One;
        for (int bits = count; bits > 0; bits >>= 1)
        {
            if ((bits & 1) != 0)
            {
                result = FourierTransform.Multiply(result, value);
            }

            value = FourierTransform.Multiply(value, value);
        }

        return result;
    }

    private static void Tilt(LossLaw law, double theta, double log, Complex[] values)
    {
        Array.Clear(values);
        double step = theta * law.Step;
        double ratio = Math.Exp(step);
        double weight = 0;
        for (int i = 0; i < law.Masses.Length; i++)
        {
            // A product of at most 64 factors between exact values.
            weight = i % 64 == 0 ? Math.Exp((step * (law.First + i)) - log) : weight * ratio;
            int place = i & (values.Length - 1);
            if (law.Masses[i] > 0)
            {
                double at = double.IsFinite(weight) && weight > 0 ? weight : Math.Exp((step * (law.First + i)) - log);
                double mass = double.IsFinite(at) ? law.Masses[i] * at : Math.Exp(Math.Log(law.Masses[i]) + (step * (law.First + i)) - log);
                values[place] = new Complex(values[place].Real + mass, 0);
            }
        }
    }

    // The root in theta of a rising function, between 0 and where neighbouring grid points differ by e^30; to a relative 1e-3.
    private double Solve(Func<double, double> function)
    {
        double least = 1e-12 / (Highest - Lowest + _step);
        double most = 30 / _step;
        if (function(most) <= 0)
        {
            return most;
        }

        if (function(least) >= 0)
        {
            return least;
        }

        // Starts near the Gaussian's answer and widens by fours.
        double guess = Math.Clamp(1 / (Math.Sqrt(Moments(0).Variance) + _step), least, most);
        double low = guess;
        double high = guess;
        if (function(guess) > 0)
        {
            do
            {
                high = low;
                low = Math.Max(least, low / 4);
            }
            while (low > least && function(low) > 0);
        }
        else
        {
            do
            {
                low = high;
                high = Math.Min(most, high * 4);
            }
            while (high < most && function(high) < 0);
        }

        while (high > low * 1.01)
        {
            double middle = Math.Sqrt(low * high);
            if (function(middle) >= 0)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return Math.Sqrt(low * high);
    }
}
