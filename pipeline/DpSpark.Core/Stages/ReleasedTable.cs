using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Core.Stages;

/// <summary>The columns of a release: partition columns, then per aggregate <c>as</c> and, with intervals, <c>as_stddev</c>, <c>as_ci_low</c>, <c>as_ci_high</c>.</summary>
public static class ReleasedTable
{
    /// <summary>The columns of a release.</summary>
    /// <param name="spec">The release.</param>
    public static IReadOnlyList<Field> FieldsOf(StageSpec spec)
    {
        var fields = new List<Field>(new PartitionKeyCodec(spec.PartitionBy).Fields());
        foreach (var node in spec.Nodes)
        {
            var type = TypeOf(node);
            fields.Add(new Field(node.Output, type, false));
            if (spec.ConfidenceLevel is not null)
            {
                fields.Add(new Field(node.Output + "_stddev", ArrowType.Double, false));
                fields.Add(new Field(node.Output + "_ci_low", type, false));
                fields.Add(new Field(node.Output + "_ci_high", type, false));
            }
        }

        return fields;
    }

    /// <summary>Arrays of a release, one a field of <see cref="FieldsOf"/>.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="keys">Canonical bytes of the partitions, in row order.</param>
    /// <param name="numbers">The numbers, row by row, one per node.</param>
    public static IReadOnlyList<ArrowArray> ColumnsOf(StageSpec spec, IReadOnlyList<byte[]> keys, ReadOnlySpan<ReleasedNumber> numbers)
    {
        var columns = new List<ArrowArray>(new PartitionKeyCodec(spec.PartitionBy).Decode(keys));
        for (var n = 0; n < spec.Nodes.Count; n++)
        {
            var type = TypeOf(spec.Nodes[n]);
            columns.Add(Column(type, numbers, n, spec.Nodes.Count, static x => x.Value));
            if (spec.ConfidenceLevel is not null)
            {
                columns.Add(Column(ArrowType.Double, numbers, n, spec.Nodes.Count, static x => BitConverter.DoubleToInt64Bits(x.StandardDeviation)));
                columns.Add(Column(type, numbers, n, spec.Nodes.Count, static x => x.Low));
                columns.Add(Column(type, numbers, n, spec.Nodes.Count, static x => x.High));
            }
        }

        return columns;
    }

    /// <summary>A release as one batch.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="keys">Canonical bytes of the partitions, in row order.</param>
    /// <param name="numbers">The numbers, row by row, one per node.</param>
    public static RecordBatch Of(StageSpec spec, IReadOnlyList<byte[]> keys, ReadOnlySpan<ReleasedNumber> numbers) =>
        new(new Schema(FieldsOf(spec)), ColumnsOf(spec, keys, numbers), keys.Count);

    private static ArrowType TypeOf(NodeSpec node) => node.IsInteger ? ArrowType.Int64 : ArrowType.Double;

    private static ArrowArray Column(ArrowType type, ReadOnlySpan<ReleasedNumber> numbers, int node, int nodes, Func<ReleasedNumber, long> select)
    {
        var words = new long[numbers.Length / nodes];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = select(numbers[(i * nodes) + node]);
        }

        return new ArrowArray { Type = type, Length = words.Length, Values = MemoryMarshal.AsBytes(words.AsSpan()).ToArray() };
    }
}
