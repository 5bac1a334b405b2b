using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>Composed, tilted masses on a window of the grid, and the deltas they prove: delta(eps) = infinity + sum over l above eps of p(l) (1 - e^(eps - l)).</summary>
/// <remarks>The deficit D at a grid point obeys D(s-1) = A(s) (1 - e^-h) + e^-h D(s), A the mass at s and above: sums of positive terms from the small end.</remarks>
internal sealed class HockeyStick(
    double[] masses, long first, double step, double theta, double logScale, double error, double relative, LossRounding rounding)
{
    internal required double Infinity { get; init; }

    /// <summary>Bound of the probability above the window.</summary>
    internal required double Beyond { get; init; }

    /// <summary>Bound of the tilted probability that wrapped into the window.</summary>
    internal required double Alias { get; init; }

    /// <summary>The bound of delta at an epsilon.</summary>
    internal double Delta(double epsilon)
    {
        double found = 0;
        Walk((point, mass, stick) =>
        {
            if (point > epsilon)
            {
                return false;
            }

            // Within the cell above the point: mass - e^(eps - next) (mass - stick at next).
            found = Bound(InCell(mass, stick, epsilon - (point + step)), Math.Max(point, epsilon - step));
            return true;
        });
        return Math.Clamp(found, 0, 1);
    }

    /// <summary>The bound of epsilon at a delta: infinite where the mass at infinity alone exceeds it.</summary>
    internal double Epsilon(double delta)
    {
        if (Infinity >= delta)
        {
            return double.PositiveInfinity;
        }

        double found = 0;
        Walk((point, mass, stick) =>
        {
            if (point + step <= 0)
            {
                return true;
            }

            if (Bound(InCell(mass, stick, -step), point) <= delta)
            {
                return false;
            }

            // delta falls along the cell; the root is bracketed by it. The upper bound takes the upper end, the lower bound the lower one.
            double low = 0;
            double high = step;
            for (int i = 0; i < 60; i++)
            {
                double middle = (low + high) / 2;
                if (Bound(InCell(mass, stick, middle - step), point) > delta)
                {
                    low = middle;
                }
                else
                {
                    high = middle;
                }
            }

            found = Math.Max(0, point + (rounding == LossRounding.Pessimistic ? high : low));
            return true;
        });
        return found;
    }

    private static double InCell(double mass, double stick, double back) => (mass * -Elementary.ExpM1(back)) + (Math.Exp(back) * stick);

    // From the top of the window down: the point, the mass above it, and the hockey stick at the next point up.
    private void Walk(Func<double, double, double, bool> visit)
    {
        double shrink = Math.Exp(-step);
        double full = -Elementary.ExpM1(-step);
        double mass = 0;
        double stick = 0;
        for (int i = masses.Length - 1; i >= 0; i--)
        {
            // Here mass is above point i and stick is the value at i + 1.
            if (visit((first + i) * step, mass, stick))
            {
                return;
            }

            stick = (mass * full) + (shrink * stick);
            mass += masses[i] == 0 ? 0 : masses[i] * Math.Exp(logScale - (theta * step * (first + i)));
        }

        // Below the window nothing is added any more.
        for (long i = first - 1; ; i--)
        {
            if (visit(i * step, mass, stick) || i * step < -step)
            {
                return;
            }

            stick = (mass * full) + (shrink * stick);
        }
    }

    private double Bound(double stick, double epsilon)
    {
        // Weights of the masses above epsilon in the tilted sum: at most e^(log - theta l), a geometric series.
        double scale = Math.Exp(logScale - (theta * epsilon));
        double series = 1 / Math.Sqrt(Math.Max(1.0 / masses.Length, -Elementary.ExpM1(-2 * theta * step)));
        double slip = scale * series * error;
        return rounding == LossRounding.Pessimistic
            ? Infinity + Beyond + ((stick + slip) * (1 + relative))
            : Infinity + Math.Max(0, (stick - slip - (scale * Alias)) * (1 - relative));
    }
}
