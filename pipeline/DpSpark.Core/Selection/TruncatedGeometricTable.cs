using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>
/// The optimal rule for one partition as a table of exact integers: a partition of n units is shown with probability P(n) / 2^128.
/// </summary>
/// <remarks>
/// M = 2^128; D = floor(delta0 M); E a rational at most e^eps0; P(0) = 0 and
/// P(n) = min(floor(E P(n-1)) + D, M - ceil(max(0, M - P(n-1) - D) / E), M).
/// Guarantee: (eps0, delta0)-differentially private by construction, as every inequality of the definition is imposed on the rounded integers:
/// P(n) at most E P(n-1) + D, and M - P(n-1) at most E (M - P(n)) + D; the other two follow because P rises. (Rounding the closed form is not
/// private: an error of 2^-53 in 1 - p enters multiplied by e^eps0.)
/// Source: Desfontaines, Voss and Gipson, PoPETs 2022, theorem 1, as a recursion on integers.
/// </remarks>
public sealed class TruncatedGeometricTable
{
    /// <summary>Longest table that is built; at eps0 = 1e-5 it has some three million entries.</summary>
    public const int MaxEntries = 4_000_000;

    private readonly UInt128[] _probabilities;

    /// <summary>Takes a table that was computed before, as a plan carries it.</summary>
    /// <param name="table">P(1), P(2), ..., the last one 2^128.</param>
    /// <exception cref="ArgumentException">The table does not rise, or does not end at 2^128.</exception>
    public TruncatedGeometricTable(IReadOnlyList<BigInteger> table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Count == 0 || table[^1] != One)
        {
            throw new ArgumentException("A selection table ends at 2^128.", nameof(table));
        }

        _probabilities = new UInt128[table.Count - 1];
        BigInteger previous = BigInteger.Zero;
        for (int i = 0; i < _probabilities.Length; i++)
        {
            if (table[i] < previous || table[i] >= One)
            {
                throw new ArgumentException("A selection table rises and reaches 2^128 once.", nameof(table));
            }

            previous = table[i];
            _probabilities[i] = (UInt128)table[i];
        }
    }

    /// <summary>2^128: certainty.</summary>
    public static BigInteger One { get; } = BigInteger.One << 128;

    /// <summary>The fewest units that are always shown.</summary>
    public int AlwaysShown => _probabilities.Length + 1;

    /// <summary>Computes P(1), P(2), ... up to 2^128.</summary>
    /// <param name="budget">(epsilon0, delta0) of one partition; take <see cref="SelectionBudget.Safely"/> for a release.</param>
    /// <exception cref="ArgumentOutOfRangeException">delta0 is below 2^-100, or the table would be longer than <see cref="MaxEntries"/>.</exception>
    public static IReadOnlyList<BigInteger> Build(SelectionBudget budget)
    {
        (BigInteger numerator, BigInteger denominator) = LowerExponential(budget.Epsilon);
        return Build(numerator, denominator, budget.Delta);
    }

    /// <summary>Computes P(1), P(2), ... up to 2^128 from a rational E.</summary>
    /// <param name="numerator">Numerator of E.</param>
    /// <param name="denominator">Denominator of E; E is at least 1.</param>
    /// <param name="delta0">delta0, at least 2^-100 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its domain, or the table would be longer than <see cref="MaxEntries"/>.</exception>
    public static IReadOnlyList<BigInteger> Build(BigInteger numerator, BigInteger denominator, double delta0)
    {
        if (!(delta0 >= Math.ScaleB(1, -100) && delta0 < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta0), "The selection's delta per partition is below 2^-100: raise delta or lower the number of partitions per unit.");
        }

        if (numerator < denominator)
        {
            throw new ArgumentOutOfRangeException(nameof(numerator), "E = e^epsilon0 is at least 1.");
        }

        (BigInteger deltaNumerator, BigInteger deltaDenominator) = Rounding.ToRational(delta0);
        BigInteger delta = (deltaNumerator << 128) / deltaDenominator;
        var table = new List<BigInteger>();
        BigInteger p = BigInteger.Zero;
        while (p < One)
        {
            if (table.Count == MaxEntries)
            {
                throw new ArgumentOutOfRangeException(nameof(numerator), "The selection's epsilon per partition is too small for a table: raise epsilon, lower the number of partitions per unit, or select by a threshold.");
            }

            p = Next(p, numerator, denominator, delta);
            table.Add(p);
        }

        return table;
    }

    /// <summary>The rational that stands for e^eps0: exp in double times 1 - 2^-48, which is below e^eps0 whatever the last bits of exp; 2^187 for eps0 above 130.</summary>
    /// <param name="epsilon">eps0, above 0.</param>
    public static (BigInteger Numerator, BigInteger Denominator) LowerExponential(double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        if (epsilon > 130)
        {
            return (BigInteger.One << 187, BigInteger.One);
        }

        (BigInteger numerator, BigInteger denominator) = Rounding.ToRational(Math.Exp(epsilon));
        numerator *= (BigInteger.One << 48) - 1;
        denominator <<= 48;

        // e^0 = 1 is a bound too, and for eps0 below 2^-48 the better one.
        if (numerator < denominator)
        {
            return (BigInteger.One, BigInteger.One);
        }

        BigInteger common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        return (numerator / common, denominator / common);
    }

    /// <summary>P(n) of a table: 0 for n of 0, 2^128 beyond its end.</summary>
    /// <param name="table">P(1), P(2), ...</param>
    /// <param name="units">n.</param>
    public static BigInteger At(IReadOnlyList<BigInteger> table, long units)
    {
        ArgumentNullException.ThrowIfNull(table);
        return units <= 0 ? BigInteger.Zero : units > table.Count ? One : table[(int)units - 1];
    }

    /// <summary>Decides whether a partition is shown.</summary>
    /// <param name="words">The selection's stream of this partition.</param>
    /// <param name="units">Units in the partition, less the pre-threshold plus one.</param>
    /// <remarks>v &lt; P(n) with v a uniform 128-bit integer, read lazily: the second word only where the first equals the upper half; certainty draws nothing.</remarks>
    public bool Keep<TWords>(TWords words, long units)
        where TWords : IRandomWords
    {
        if (units <= 0)
        {
            return false;
        }

        if (units > _probabilities.Length)
        {
            return true;
        }

        UInt128 p = _probabilities[units - 1];
        ulong upper = (ulong)(p >> 64);
        ulong first = words.NextWord();
        return first < upper || (first == upper && words.NextWord() < (ulong)p);
    }

    /// <summary>P(n) / 2^128.</summary>
    /// <param name="units">Units, less the pre-threshold plus one.</param>
    public double KeepProbability(long units) => units <= 0 ? 0
        : units > _probabilities.Length ? 1
        : Math.ScaleB((double)_probabilities[units - 1], -128);

    private static BigInteger Next(BigInteger p, BigInteger numerator, BigInteger denominator, BigInteger delta)
    {
        BigInteger rising = (numerator * p / denominator) + delta;
        BigInteger room = BigInteger.Max(BigInteger.Zero, One - p - delta);
        BigInteger falling = One - Rounding.CeilingDivide(room * denominator, numerator);
        return BigInteger.Min(BigInteger.Min(rising, falling), One);
    }
}
