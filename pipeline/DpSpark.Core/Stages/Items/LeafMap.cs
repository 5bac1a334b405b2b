using System.Runtime.CompilerServices;

namespace DpSpark.Core.Stages.Items;

/// <summary>Clamped grid units to leaves and back, on integers: leaf = min(Leaves - 1, floor((k - Lower) · Leaves / (Upper - Lower))).</summary>
public readonly struct LeafMap
{
    private readonly long _lower;
    private readonly long _upper;
    private readonly long _leaves;
    private readonly double _width;
    private readonly bool _exactInDouble;

    /// <summary>Prepares the mapping.</summary>
    /// <param name="spec">An item list of kind <see cref="ItemKind.Leaf"/>.</param>
    /// <exception cref="ArgumentException">The range is empty, or the leaves are none or too many.</exception>
    public LeafMap(ItemSpec spec)
    {
        if (spec.Lower >= spec.Upper || spec.Leaves < 1 || spec.Leaves > ItemSpec.MaxLeaves)
        {
            throw new ArgumentException("A tree has a range that is not empty and between 1 and 2^22 leaves.", nameof(spec));
        }

        (_lower, _upper, _leaves) = (spec.Lower, spec.Upper, spec.Leaves);
        var width = (Int128)spec.Upper - spec.Lower;
        _width = (double)width;

        // With (k - Lower) · Leaves below 2^52 a quotient in double is floored to the exact one: it differs from a whole number by at least 1 / width.
        _exactInDouble = width * spec.Leaves < (Int128)1 << 52;
    }

    /// <summary>Number of leaves.</summary>
    public long Leaves => _leaves;

    /// <summary>The leaf of a clamped value.</summary>
    /// <param name="units">Grid units from Lower to Upper.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Of(long units)
    {
        if (_exactInDouble)
        {
            var leaf = (long)((double)((units - _lower) * _leaves) / _width);
            return leaf < _leaves ? leaf : _leaves - 1;
        }

        return OfWide(units);
    }

    /// <summary>The smallest value of a leaf, in grid units; of the leaf after the last, the upper bound plus one.</summary>
    /// <param name="leaf">0 to <see cref="Leaves"/>.</param>
    public Int128 First(long leaf)
    {
        if (leaf >= _leaves)
        {
            return (Int128)_upper + 1;
        }

        var scaled = (Int128)leaf * ((Int128)_upper - _lower);
        return _lower + ((scaled + _leaves - 1) / _leaves);
    }

    /// <summary>The largest value of a leaf, in grid units; its <see cref="First"/> where no grid value falls into it.</summary>
    /// <param name="leaf">0 to <see cref="Leaves"/> - 1.</param>
    public Int128 Last(long leaf) => Int128.Max(First(leaf), First(leaf + 1) - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long OfWide(long units) => (long)Int128.Min(_leaves - 1, ((Int128)units - _lower) * _leaves / ((Int128)_upper - _lower));
}
