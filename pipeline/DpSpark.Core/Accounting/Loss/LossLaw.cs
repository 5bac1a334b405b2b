using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>To which side a loss law is put on its grid.</summary>
internal enum LossRounding
{
    /// <summary>Every delta is at least the true one.</summary>
    Pessimistic,

    /// <summary>Every delta is at most the true one.</summary>
    Optimistic,
}

/// <summary>Which of the two worlds the outcome is drawn from. Symmetric mechanisms have one law for both.</summary>
internal enum LossDirection
{
    /// <summary>The world with the unit, against the one without.</summary>
    Remove,

    /// <summary>The world without the unit, against the one with it.</summary>
    Add,
}

/// <summary>The law of one mechanism's privacy loss on a grid: masses at (First + i) · step, and a mass at infinity.</summary>
/// <remarks>
/// Pessimistic: a loss x between grid points l and r is split so that both its mass p and p e^-x, its mass in the other world, are kept: the share
/// (1 - e^(l-x)) / (1 - e^(l-r)) goes to r. Merging the parts again is a post-processing that gives back the original pair, so the grid pair dominates it, under
/// composition too. This is the connect-the-dots discretisation (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi, PoPETs 2022); its error is quadratic in the step.
/// Optimistic: the loss is rounded down; the hockey stick rises in the loss, so no delta grows.
/// </remarks>
internal sealed class LossLaw
{
    private readonly LossRounding _rounding;
    private readonly double _full;

    /// <summary>An empty law over a range of losses.</summary>
    internal LossLaw(double step, double lowest, double highest, LossRounding rounding)
    {
        Step = step;
        First = (long)Math.Floor(lowest / step) - 1;
        Masses = new double[(long)Math.Floor(highest / step) - First + 3];
        _rounding = rounding;
        _full = -Elementary.ExpM1(-step);
    }

    internal double Step { get; }

    internal long First { get; }

    internal double[] Masses { get; }

    internal double Infinity { get; private set; }

    internal long Last => First + Masses.Length - 1;

    /// <summary>Adds mass at a loss; losses beyond the range are moved to its end if that is on the safe side.</summary>
    internal void Add(double loss, double mass)
    {
        if (mass <= 0)
        {
            return;
        }

        double position = Math.Floor(loss / Step);
        if (position >= Last)
        {
            if (_rounding == LossRounding.Pessimistic)
            {
                Infinity += mass;
            }
            else
            {
                Masses[^1] += mass;
            }

            return;
        }

        if (position < First)
        {
            Masses[0] += _rounding == LossRounding.Pessimistic ? mass : 0;
            return;
        }

        AddInCell((int)((long)position - First), loss - (position * Step), mass);
    }

    /// <summary>Adds mass at an offset above the lower point of a cell.</summary>
    internal void AddInCell(int cell, double offset, double mass)
    {
        if (_rounding == LossRounding.Optimistic)
        {
            Masses[cell] += mass;
            return;
        }

        double right = Step > 1 ? 1 : Math.Clamp(OneMinusExp(offset) / _full, 0, 1);
        Masses[cell] += mass * (1 - right);
        Masses[cell + 1] += mass * right;
    }

    internal void AddInfinity(double mass) => Infinity += mass;

    /// <summary>Drops grid points without mass at both ends.</summary>
    internal LossLaw Trimmed()
    {
        int first = 0;
        int last = Masses.Length - 1;
        while (first < last && Masses[first] == 0)
        {
            first++;
        }

        while (last > first && Masses[last] == 0)
        {
            last--;
        }

        return new LossLaw(Step, First + first, Masses[first..(last + 1)], Infinity, _rounding);
    }

    private LossLaw(double step, long first, double[] masses, double infinity, LossRounding rounding)
    {
        Step = step;
        First = first;
        Masses = masses;
        Infinity = infinity;
        _rounding = rounding;
        _full = -Elementary.ExpM1(-step);
    }

    /// <summary>ln of the sum of p e^(theta loss), and mean and variance of the loss under those weights.</summary>
    internal (double Log, double Mean, double Variance) Moments(double theta)
    {
        // Counted from the end where e^(theta loss) is largest, so that no factor exceeds 1.
        bool fromTop = theta >= 0;
        double ratio = Math.Exp(-Math.Abs(theta) * Step);
        double factor = 1;
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        for (int i = 0; i < Masses.Length; i++)
        {
            double weight = Masses[fromTop ? Masses.Length - 1 - i : i] * factor;
            s0 += weight;
            s1 += weight * i;
            s2 += weight * i * i;
            factor *= ratio;
            if (factor < 1e-290 && s0 > 0)
            {
                break;
            }
        }

        double mean = s1 / s0;
        double variance = Math.Max(0, (s2 / s0) - (mean * mean));
        double end = (fromTop ? Last : First) * Step;
        return ((theta * end) + Math.Log(s0), end + (fromTop ? -mean * Step : mean * Step), variance * Step * Step);
    }

    /// <summary>1 - e^-x for x of 0 and more; the series for the small x of a cell.</summary>
    private static double OneMinusExp(double x) => x < 0.01
        ? x * (1 - (x / 2 * (1 - (x / 3 * (1 - (x / 4 * (1 - (x / 5 * (1 - (x / 6 * (1 - (x / 7))))))))))))
        : -Elementary.ExpM1(-x);
}
