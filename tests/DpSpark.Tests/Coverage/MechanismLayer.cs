using DpSpark.Core.Aggregation;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Engine.Planning;

namespace DpSpark.Tests.Coverage;

/// <summary>Releases of one partition's exact sums, each under a key of its own: the release step alone, without reading, bounding or merging.</summary>
internal static class MechanismLayer
{
    /// <summary>Releases units of one row each, many times.</summary>
    /// <param name="request">What is released; columns <c>real</c> and <c>whole</c>.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="releases">How often.</param>
    /// <returns>By output, what its intervals did. The truth is the same step without noise; of a quantile the value itself.</returns>
    internal static Dictionary<string, IntervalCoverage> Run(ReleaseRequest request, IReadOnlyList<(double Real, double Whole)> rows, int releases)
    {
        ReleasePlan plan = Planner.Plan(request);
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        StageSpec spec = plan.Spec;
        var table = new AccumulatorTable(spec, KeyShape.Word);
        int entry = table.EntryOf(1);
        Fill(request, spec, rows, table, entry);
        using var keys = new ReleaseKeys(spec, new byte[32], "coverage"u8);
        var numbers = new ReleasedNumber[spec.Nodes.Count];
        new ReleaseStage(keys, noisy: false).TryRelease([], rows.Count, table.Values(entry), new PartitionItems(table, entry), numbers);
        double[] truths = [.. spec.Nodes.Select((node, n) => node.Rank is { } rank ? Ranked(request, node, rows, ExactDecimal.Parse(rank).ToDouble()) : Number(node, numbers[n].Value))];
        var columns = spec.Nodes.ToDictionary(n => n.Output, _ => new IntervalCoverage());
        var stage = new ReleaseStage(keys, noisy: true);
        for (int i = 0; i < releases; i++)
        {
            stage.TryRelease(BitConverter.GetBytes(i), rows.Count, table.Values(entry), new PartitionItems(table, entry), numbers);
            for (int n = 0; n < numbers.Length; n++)
            {
                NodeSpec node = spec.Nodes[n];
                columns[node.Output].Add(Number(node, numbers[n].Value), Number(node, numbers[n].Low), Number(node, numbers[n].High), truths[n]);
            }
        }

        return columns;
    }

    /// <summary>Releases units of one row each, many times, for their values alone.</summary>
    /// <param name="plan">The plan of what is released.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="releases">How often.</param>
    /// <returns>The numbers without noise, and those of each release, by node.</returns>
    internal static (double[] Exact, double[][] Released) Values(ReleasePlan plan, IReadOnlyList<(double Real, double Whole)> rows, int releases)
    {
        StageSpec spec = plan.Spec;
        var table = new AccumulatorTable(spec, KeyShape.Word);
        int entry = table.EntryOf(1);
        Fill(plan.Request, spec, rows, table, entry);
        using var keys = new ReleaseKeys(spec, new byte[32], "values"u8);
        var numbers = new ReleasedNumber[spec.Nodes.Count];
        double[] Read(ReleaseStage stage, byte[] partition)
        {
            stage.TryRelease(partition, rows.Count, table.Values(entry), new PartitionItems(table, entry), numbers);
            return [.. spec.Nodes.Select((node, n) => Number(node, numbers[n].Value))];
        }

        var noisy = new ReleaseStage(keys, noisy: true);
        return (Read(new ReleaseStage(keys, noisy: false), []), [.. Enumerable.Range(0, releases).Select(i => Read(noisy, BitConverter.GetBytes(i)))]);
    }

    private static double Number(NodeSpec node, long bits) => node.IsInteger ? bits : BitConverter.Int64BitsToDouble(bits);

    /// <summary>The smallest clamped value that so many are not above.</summary>
    private static double Ranked(ReleaseRequest request, NodeSpec node, IReadOnlyList<(double Real, double Whole)> rows, double rank)
    {
        AggregateRequest aggregate = request.Aggregates[node.AggregateIndex];
        double[] values = [.. rows.Select(r => Math.Clamp(Of(r, aggregate.Column!), aggregate.MinValue!.Value.ToDouble(), aggregate.MaxValue!.Value.ToDouble())).Order()];
        return values[Math.Max(0, (int)Math.Ceiling(rank * values.Length) - 1)];
    }

    private static void Fill(ReleaseRequest request, StageSpec spec, IReadOnlyList<(double Real, double Whole)> rows, AccumulatorTable table, int entry)
    {
        for (int i = 0; i < spec.Items.Count; i++)
        {
            ItemSpec item = spec.Items[i];
            if (item.Kind == ItemKind.Distinct)
            {
                table.AddItems(entry, i, [.. rows.Select(r => BitConverter.DoubleToUInt64Bits(Of(r, item.Column))).Distinct().Order()]);
                continue;
            }

            var map = new LeafMap(item);
            foreach ((double Real, double Whole) row in rows)
            {
                table.AddItems(entry, i, [ItemLog.Pack(map.Of(Units(Of(row, item.Column), item.Grid, item.Lower, item.Upper)), 1)]);
            }
        }

        for (int i = 0; i < spec.Accumulators.Count; i++)
        {
            AccumulatorSpec a = spec.Accumulators[i];
            table.Values(entry)[i] = rows.Aggregate(Int128.Zero, (sum, row) => sum + One(request, a, row));
        }

        table.CountItems();
    }

    private static Int128 One(ReleaseRequest request, AccumulatorSpec a, (double Real, double Whole) row)
    {
        switch (a.Kind)
        {
            case AccumulatorKind.Count:
                return 1;
            case AccumulatorKind.Bin:
                IReadOnlyList<ExactDecimal> edges = request.Aggregates.First(g => g.Edges is not null).Edges!;
                return Math.Clamp(edges.Count(e => e.ToDouble() <= Of(row, a.Column!)) - 1, 0, edges.Count - 2) == a.Index ? 1 : 0;
            case AccumulatorKind.Coordinate:
                double[] vector = [row.Real, row.Whole];
                VectorClip.Clip(vector, a.Norm!.Value, a.Grid.ToDouble(a.Upper));
                return (Int128)(vector[a.Index] / a.Grid.ToDouble(1));
        }

        Int128 units = Units(Of(row, a.Column!), a.Grid, a.Lower, a.Upper);
        return a.Kind switch
        {
            AccumulatorKind.Square => (units - a.Lower) * (units - a.Lower),
            AccumulatorKind.Product => (units - a.Lower) * ((Int128)Units(Of(row, a.SecondColumn!), a.SecondGrid, a.SecondLower, a.SecondUpper) - a.SecondLower),
            _ => units,
        };
    }

    private static long Units(double value, GridUnit grid, long lower, long upper) => Math.Clamp((long)Math.Round(value / grid.ToDouble(1)), lower, upper);

    private static double Of((double Real, double Whole) row, string column) => column == "real" ? row.Real : row.Whole;
}
