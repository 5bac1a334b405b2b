using DpSpark.Arrow;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>The columns between the steps of a release, by position. Every column but those of a release is declared nullable and never holds a null.</summary>
public static class StageSchemas
{
    /// <summary>Name of the unit column; absent where every row is its own unit. The column that contributions are shuffled by.</summary>
    public const string Unit = "dp_unit";

    /// <summary>Name of the partition column. The column that accumulators are shuffled by.</summary>
    public const string Partition = "dp_partition";

    /// <summary>Name of the column with the number of units of an accumulator.</summary>
    public const string Units = "dp_units";

    /// <summary>Name of the column with the sums of an accumulator: 16 bytes each, little-endian two's complement, one after the other.</summary>
    public const string Sums = "dp_sums";

    /// <summary>Name of the column with the items of an accumulator: per item list its length in 4 bytes, then 8 bytes an item, little-endian; empty where the release has no items.</summary>
    public const string Items = "dp_items";

    /// <summary>Name of the canonical key in a released row.</summary>
    public const string Key = "dp_key";

    /// <summary>What <see cref="StageStep.Bound"/> gives and <see cref="StageStep.Release"/> takes: canonical partition, units, sums, items. A partition may occur in many rows: they add up.</summary>
    public static Schema Accumulators { get; } = new([new(Partition, ArrowType.Binary), new(Units, ArrowType.Int64), new(Sums, ArrowType.Binary), new(Items, ArrowType.Binary)]);

    /// <summary>
    /// What <see cref="StageStep.Project"/> gives: unit, partition, one 64-bit word per record column. Keys of one fixed-width element travel as their word, others as canonical bytes; with a
    /// keyset the partition is the key's index in it.
    /// </summary>
    /// <param name="spec">The release.</param>
    public static Schema Projected(StageSpec spec)
    {
        var fields = new List<Field>();
        if (ProjectStage.UnitShapeOf(spec) is var unit and not KeyShape.None)
        {
            fields.Add(new Field(Unit, TypeOf(unit)));
        }

        fields.Add(new Field(Partition, TypeOf(ProjectStage.PartitionShapeOf(spec))));
        for (var i = 0; i < spec.RecordColumns.Count; i++)
        {
            fields.Add(new Field("dp_record" + i, ArrowType.Int64));
        }

        return new Schema(fields);
    }

    /// <summary>Name of a column of <see cref="StageInput.Partial"/>: what an accumulator adds up, over rows that are alike in every column of unit and partition.</summary>
    /// <param name="accumulator">Number of the accumulator.</param>
    public static string PartialSum(int accumulator) => "dp_sum" + accumulator.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether a column makes units or partitions: those are what <see cref="StageInput.Partial"/> holds, beside the sums.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="column">One of its columns.</param>
    public static bool IsKey(StageSpec spec, ColumnSpec column) => PartialSums.IsKey(spec, column);

    /// <summary>The columns of a release, all nullable as Spark declares what a worker gives.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="withKey">Whether the canonical key is the last column.</param>
    public static Schema Released(StageSpec spec, bool withKey)
    {
        var fields = new List<Field>();
        foreach (var field in ReleasedTable.FieldsOf(spec))
        {
            fields.Add(field with { Nullable = true });
        }

        if (withKey)
        {
            fields.Add(new Field(Key, ArrowType.Binary));
        }

        return new Schema(fields);
    }

    /// <summary>Whether rows may be added up per unit and partition before bounding: no row is sampled, so a unit's sums say all that bounding needs.</summary>
    /// <param name="spec">The release.</param>
    public static bool CanBePartial(StageSpec spec)
    {
        if (spec.UnitColumns.Count == 0 || spec.MaxContributions is not null || spec.Items.Count > 0 || spec.Profile is not null)
        {
            return false;
        }

        foreach (var accumulator in spec.Accumulators)
        {
            if (accumulator.Kind is not (AccumulatorKind.Count or AccumulatorKind.Sum or AccumulatorKind.PartitionSum))
            {
                return false;
            }
        }

        return spec.MaxContributionsPerPartition is null || spec.RecordColumns.Count == 0;
    }

    private static ArrowType TypeOf(KeyShape shape) => shape == KeyShape.Word ? ArrowType.Int64 : ArrowType.Binary;
}
