using DpSpark.Core.Numerics;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>A law of the privacy loss on an even lattice, from the chances of its cells on both inputs; independent mechanisms are folded in one after another.</summary>
/// <remarks>
/// Mass with loss in a cell goes to the cell's two ends such that both chances are kept. The hockey-stick divergence is the mean of (1 - e^(epsilon - loss))+, convex in e^-loss, so what is
/// spread that way only gains: deltas are upper bounds, off by the square of the step. Shares no code with the accountants. Source: Doroshenko, Ghazi, Kamath, Kumar and Manurangsi, PETS 2022.
/// </remarks>
internal sealed class ExactLoss
{
    private readonly double _step;
    private double[] _mass = [1];
    private int _first;
    private double _infinite;

    /// <param name="step">The step of the lattice.</param>
    internal ExactLoss(double step) => _step = step;

    /// <summary>Discrete Laplace noise, its integer moved by a number of units.</summary>
    internal void Laplace(double scale, double units, int times)
    {
        var largest = units / scale;
        var cells = (int)Math.Ceiling(largest / _step);

        // The loss of x is (|x - units| - |x|) / scale: it falls between 0 and the shift. Above y it is for x below (units - y scale) / 2.
        double Above(double y, double centre) => y < -largest ? 1 : y >= largest ? 0 : LaplaceBelow(scale, Math.Ceiling(((units - (y * scale)) / 2) - 1e-9) - centre);
        Fold(Cells(-cells, cells, y => Above(y, 0), y => Above(y, units)), -cells - 1, 0, times);
    }

    /// <summary>Gaussian noise of this mu.</summary>
    internal void Gaussian(double mu)
    {
        var reach = (mu * mu / 2) + (9 * mu);
        var cells = (int)Math.Ceiling(reach / _step);
        Fold(Cells(-cells, cells, y => Normal.UpperTail((y / mu) - (mu / 2)), y => Normal.UpperTail((y / mu) + (mu / 2))), -cells - 1, 0, 1);
    }

    /// <summary>The worst mechanism of this (epsilon, delta).</summary>
    internal void Generic(double epsilon, double delta, int times)
    {
        var cells = (int)Math.Ceiling(epsilon / _step);
        var p = 1 / (1 + Math.Exp(-epsilon));
        double Above(double y, double high) => y >= epsilon ? 0 : y >= -epsilon ? high : 1;
        Fold(Cells(-cells, cells, y => Above(y, p), y => Above(y, 1 - p)), -cells - 1, delta, times);
    }

    /// <summary>Delta at an epsilon.</summary>
    internal double Delta(double epsilon)
    {
        var sum = 0.0;
        for (var i = 0; i < _mass.Length; i++)
        {
            var loss = (_first + i) * _step;
            sum += loss > epsilon ? -Elementary.ExpM1(epsilon - loss) * _mass[i] : 0;
        }

        return _infinite + ((1 - _infinite) * sum);
    }

    /// <summary>Chance that discrete Laplace noise is below a whole number.</summary>
    private static double LaplaceBelow(double scale, double k) => k <= 0
        ? Math.Exp((k - 1) / scale) / (1 + Math.Exp(-1 / scale))
        : 1 - (Math.Exp(-k / scale) / (1 + Math.Exp(-1 / scale)));

    /// <summary>Masses at the lattice points from - 1 to to + 1.</summary>
    /// <param name="from">First point.</param>
    /// <param name="to">Last point.</param>
    /// <param name="here">Chance of a loss above a number on the input that is looked at.</param>
    /// <param name="there">The same on its neighbour.</param>
    private double[] Cells(int from, int to, Func<double, double> here, Func<double, double> there)
    {
        var mass = new double[to - from + 3];
        var (previousHere, previousThere) = (1.0, 1.0);
        for (var i = from; i <= to + 1; i++)
        {
            var (aboveHere, aboveThere) = i > to ? (0, 0) : (here(i * _step), there(i * _step));
            var (p, q) = (previousHere - aboveHere, previousThere - aboveThere);
            (previousHere, previousThere) = (aboveHere, aboveThere);
            if (p <= 0)
            {
                continue;
            }

            // upper + lower = p, and e^-b upper + e^-a lower = q, where a = b - step.
            var b = i * _step;
            var upper = Math.Clamp((p - (q * Math.Exp(b - _step))) / -Elementary.ExpM1(-_step), 0, p);
            mass[i - from + 1] += upper;
            mass[i - from] += p - upper;
        }

        return mass;
    }

    private void Fold(double[] mass, int first, double infinite, int times)
    {
        for (var t = 0; t < times; t++)
        {
            var (start, end) = (Array.FindIndex(mass, m => m > 0), Array.FindLastIndex(mass, m => m > 0));
            var sum = new double[_mass.Length + end - start];
            for (var i = start; i <= end; i++)
            {
                var each = mass[i];
                if (each > 0)
                {
                    var to = sum.AsSpan(i - start, _mass.Length);
                    for (var j = 0; j < to.Length; j++)
                    {
                        to[j] += each * _mass[j];
                    }
                }
            }

            _mass = sum;
            _first += first + start;
            _infinite += (1 - _infinite) * infinite;
        }
    }
}
