using System.Numerics;

namespace DpSpark.Core.Stages;

/// <summary>What a first pass measures of each privacy unit: one number, of all its rows, before any bounding.</summary>
public enum ProfileKind
{
    /// <summary>Partitions that the unit has rows in; of a keyset only its keys.</summary>
    Partitions,

    /// <summary>Rows in the partition where the unit has most.</summary>
    RowsPerPartition,

    /// <summary>The value furthest from zero; of two as far, the one above zero.</summary>
    Magnitude,

    /// <summary>The smallest value.</summary>
    Lowest,

    /// <summary>The largest value.</summary>
    Highest,

    /// <summary>The sum in one partition that is furthest from zero; of two as far, the one above zero.</summary>
    PartitionSum,
}

/// <summary>A histogram of a first pass: every privacy unit is in exactly one of its bins, so that one unit changes one count by one (dp-math.md 6.2).</summary>
public sealed record ProfileSpec
{
    /// <summary>What is measured.</summary>
    public required ProfileKind Kind { get; init; }

    /// <summary>The value column; null for numbers of partitions and rows.</summary>
    public string? Column { get; init; }

    /// <summary>Real value of one unit of the edges.</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>Edges go up to 2^Octaves units, from 0 to 62; what lies beyond belongs to the last bin.</summary>
    public required int Octaves { get; init; }

    /// <summary>Whether there are bins below zero.</summary>
    public bool IsSigned { get; init; }
}

/// <summary>Bins whose width grows with their distance from zero: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, … units; four to a doubling.</summary>
/// <remarks>
/// Bin 0 of the numbers of zero and above holds [0, 1], bin i the numbers above edge i-1 up to edge i; negative bins mirror them without zero. A number is found by exact comparison of
/// integers (dp-math.md 6.1). Signed bins are in rising order of their numbers.
/// </remarks>
public sealed class ProfileBins
{
    /// <summary>Largest number of doublings.</summary>
    public const int MaxOctaves = 62;

    private readonly long[] _edges;

    /// <summary>Bins.</summary>
    /// <param name="octaves">Edges go up to 2^octaves.</param>
    /// <param name="isSigned">Whether there are bins below zero.</param>
    public ProfileBins(int octaves, bool isSigned)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(octaves);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(octaves, MaxOctaves);
        var edges = new List<long>();
        for (long edge = 1; edge <= 1L << octaves && edge > 0; edge += Math.Max(1, (1L << BitOperations.Log2((ulong)edge)) / 4))
        {
            edges.Add(edge);
        }

        _edges = [.. edges];
        IsSigned = isSigned;
    }

    /// <summary>Whether there are bins below zero.</summary>
    public bool IsSigned { get; }

    /// <summary>Number of bins.</summary>
    public int Count => IsSigned ? 2 * _edges.Length : _edges.Length;

    /// <summary>The bin of a number of units. Without bins below zero, those numbers are in the first.</summary>
    /// <param name="units">The number.</param>
    public int Of(Int128 units)
    {
        var magnitude = units < 0 ? -units : units;
        var at = magnitude > _edges[^1] ? _edges.Length - 1 : Array.BinarySearch(_edges, (long)magnitude);
        at = at < 0 ? ~at : at;
        return !IsSigned ? units < 0 ? 0 : at : units < 0 ? _edges.Length - 1 - at : _edges.Length + at;
    }

    /// <summary>Lower end of a bin.</summary>
    /// <param name="bin">The bin.</param>
    public long Lower(int bin)
    {
        var at = IsSigned ? bin - _edges.Length : bin;
        return at < 0 ? -_edges[-at - 1] : at == 0 ? 0 : _edges[at - 1];
    }

    /// <summary>Upper end of a bin.</summary>
    /// <param name="bin">The bin.</param>
    public long Upper(int bin)
    {
        var at = IsSigned ? bin - _edges.Length : bin;
        return at >= 0 ? _edges[at] : at == -1 ? 0 : -_edges[-at - 2];
    }
}
