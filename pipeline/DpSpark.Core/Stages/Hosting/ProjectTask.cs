using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>Source columns to contributions. Every decision is a function of one row, so slices do not matter.</summary>
internal sealed class ProjectTask : StageTask
{
    private readonly ProjectStage _stage;

    public ProjectTask(StageSpec spec, Schema input, KeysetIndex? keyset)
    {
        _stage = new ProjectStage(spec, input, keyset);
        Output = StageSchemas.Projected(spec);
    }

    public override Schema Output { get; }

    public override IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
    {
        foreach (var batch in input)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (batch)
            {
                var rows = _stage.Project(batch);
                if (rows.Length > 0)
                {
                    yield return BatchOf(rows);
                }
            }
        }
    }

    private RecordBatch BatchOf(ContributionBatch rows)
    {
        var columns = new ArrowArray[Output.Fields.Count];
        var at = 0;
        if (_stage.UnitShape != KeyShape.None)
        {
            columns[at++] = _stage.UnitShape == KeyShape.Word ? Words(rows.Units.AsSpan(0, rows.Length)) : Bytes(rows.UnitBytes.Written, rows.UnitEnds.AsSpan(0, rows.Length));
        }

        columns[at++] = _stage.PartitionShape == KeyShape.Word
            ? Words(rows.Partitions.AsSpan(0, rows.Length))
            : Bytes(rows.PartitionBytes.Written, rows.PartitionEnds.AsSpan(0, rows.Length));
        for (var v = 0; at < columns.Length; v++)
        {
            columns[at++] = Words(MemoryMarshal.Cast<long, ulong>(rows.Values[v].AsSpan(0, rows.Length)));
        }

        return new RecordBatch(Output, columns, rows.Length);
    }

    private static ArrowArray Words(ReadOnlySpan<ulong> words) =>
        new() { Type = ArrowType.Int64, Length = words.Length, Values = MemoryMarshal.AsBytes(words).ToArray() };

    private static ArrowArray Bytes(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends)
    {
        var offsets = new int[ends.Length + 1];
        ends.CopyTo(offsets.AsSpan(1));
        return ArrowArrays.Text(ArrowType.Binary, offsets, bytes.ToArray());
    }
}
