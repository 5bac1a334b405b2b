namespace DpSpark.Core.Stages.Hosting;

/// <summary>How sums that a host's own engine made of rows with equal keys are bounded: as values of a unit in a partition, added up once more and then clamped.</summary>
/// <remarks>
/// Where no row is sampled (<see cref="StageSchemas.CanBePartial"/>), min(rows, L-infinity) and the clamped sum of a unit in a partition depend on the rows only through their integer sums,
/// and L0 ranks partitions, not records: so the accumulators are those of the rows themselves, whatever was added up before.
/// </remarks>
internal static class PartialSums
{
    private const long Unlimited = 1L << 62;

    /// <summary>Whether a column makes units or partitions.</summary>
    public static bool IsKey(StageSpec spec, ColumnSpec column)
    {
        foreach (var partition in spec.PartitionBy)
        {
            if (partition.Column == column.Name)
            {
                return true;
            }
        }

        foreach (var unit in spec.UnitColumns)
        {
            if (unit == column.Name)
            {
                return true;
            }
        }

        return false;
    }

    public static StageSpec SpecOf(StageSpec spec)
    {
        if (!StageSchemas.CanBePartial(spec))
        {
            throw new DpSparkException("DPS6405", ExitCodes.Bug, "Rows were added up before bounding, and this release samples rows.", "The plan around the step is wrong.", ["Please report this."]);
        }

        // The policies of the other columns were applied before the rows were added up.
        var columns = new List<ColumnSpec>();
        foreach (var column in spec.Columns)
        {
            if (IsKey(spec, column))
            {
                columns.Add(column);
            }
        }

        var records = new List<string>();
        var accumulators = new List<AccumulatorSpec>();
        for (var i = 0; i < spec.Accumulators.Count; i++)
        {
            // No column of a contract has such a name.
            var name = "\0sum" + i;
            columns.Add(new ColumnSpec { Name = name, SourceName = StageSchemas.PartialSum(i), Type = ColumnType.Long });
            records.Add(name);
            var (lower, upper) = spec.Accumulators[i] switch
            {
                { Kind: AccumulatorKind.Count } => (0, spec.MaxContributionsPerPartition ?? Unlimited),
                { Kind: AccumulatorKind.PartitionSum } sum => (sum.Lower, sum.Upper),
                _ => (-Unlimited, Unlimited),
            };
            accumulators.Add(new AccumulatorSpec { Kind = AccumulatorKind.PartitionSum, Column = name, Lower = lower, Upper = upper });
        }

        return spec with { Columns = columns, RecordColumns = records, Accumulators = accumulators, MaxContributionsPerPartition = null };
    }
}
