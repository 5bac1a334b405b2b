using System.Text.Json;
using DpSpark.Core.Aggregation;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;
using DpSpark.Core.Numerics;

namespace DpSpark.Vectors.Dp;

/// <summary>Whole aggregations in the limit of no noise, soft bins and intervals of means.</summary>
internal static class AggregateOperations
{
    private const int Exponent = -40;

    internal static void Register(OperationTable operations)
    {
        operations.Add("end_to_end/aggregate", Aggregate);
        operations.Add("end_to_end/histogram", Histogram);
        operations.Add("end_to_end/vector_sum", input => Inputs.Fields(("sum", VectorClip.Sum(
            [.. input.GetProperty("vectors").EnumerateArray().Select(v => v.EnumerateArray().Select(Inputs.ToNumber).ToArray())],
            SensitivityOperations.Norm(input.Text("norm")), input.Number("max_norm")))));
        operations.Add("identities/bins", Bins);
        operations.Add("identities/bin_variances", BinVariances);
        operations.Add("identities/fieller", Fieller);
        operations.Add("audit/mean_ci_gaussian", Box);
    }

    private static Dictionary<string, object?> Aggregate(JsonElement input)
    {
        bool perValue = input.Has("min_value");
        bool perPartition = input.Has("min_sum_per_partition");
        ValueGrid? values = perValue ? new ValueGrid(input.Number("min_value"), input.Number("max_value"), Exponent) : null;
        ValueGrid? sums = perPartition ? new ValueGrid(input.Number("min_sum_per_partition"), input.Number("max_sum_per_partition"), Exponent) : null;
        HashSet<string>? keys = input.Has("public_partitions")
            ? [.. input.GetProperty("public_partitions").EnumerateArray().Select(p => p.GetString() ?? "")]
            : null;
        List<ReferenceRow<double>> rows = [];
        foreach (JsonElement row in input.GetProperty("rows").EnumerateArray())
        {
            double value = Inputs.ToNumber(row[2]);
            if (!double.IsNaN(value) && (keys?.Contains(row[1].GetString() ?? "") ?? true))
            {
                byte[] record = new byte[CanonicalKey.EightByteElement];
                CanonicalKey.WriteDouble(value, record);
                rows.Add(new(Inputs.Utf8(row[0]), Inputs.Utf8(row[1]), record, value));
            }
        }

        IReadOnlyList<KeptRow<double>> kept = BottomKReference.Bound(
            rows, default, null, input.OptionalWhole("max_contributions_per_partition"), input.OptionalWhole("max_partitions_contributed"));
        IReadOnlyDictionary<string, ReferencePartition> partitions = ReferenceAggregates.Compute(kept, values, sums);
        IEnumerable<string> names = keys ?? rows.Select(row => System.Text.Encoding.UTF8.GetString(row.Partition)).ToHashSet();
        return names.ToDictionary(name => name, name => (object?)Show(
            partitions.GetValueOrDefault(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(name))) ?? new ReferencePartition(), values, sums));
    }

    private static Dictionary<string, object?> Show(ReferencePartition partition, ValueGrid? values, ValueGrid? sums)
    {
        Dictionary<string, object?> shown = Inputs.Fields(("privacy_id_count", partition.PrivacyIdCount), ("count", partition.Count));
        if ((sums ?? values) is ValueGrid grid)
        {
            shown["sum"] = grid.ToDouble(partition.Sum);
        }

        if (values is not null)
        {
            shown["mean"] = partition.Mean(values);
            shown["variance"] = partition.Variance(values);
        }

        return shown;
    }

    private static Dictionary<string, object?> Histogram(JsonElement input)
    {
        double[] edges = ReferenceAggregates.Edges(input.Number("lower"), input.Number("upper"), input.Whole("bins"));
        double[] values = input.Numbers("values");
        return Inputs.Fields(
            ("edges", edges), ("counts", ReferenceAggregates.Histogram(values, edges)), ("distinct", ReferenceAggregates.DistinctCount(values)));
    }

    private static Dictionary<string, object?> Bins(JsonElement input)
    {
        double lower = input.Number("lower");
        double upper = input.Number("upper");
        SoftBinSummary summary = SoftBins.Summarize(input.Numbers("values"), lower, upper);
        return Inputs.Fields(
            ("two_bin", summary.TwoBins), ("three_bin", summary.ThreeBins), ("count", summary.Count),
            ("normalized_sum", summary.NormalizedSum), ("normalized_squares", summary.NormalizedSquares),
            ("mean", summary.Mean), ("variance", summary.Variance));
    }

    private static Dictionary<string, object?> BinVariances(JsonElement input)
    {
        SoftBinVariances v = SoftBins.Variances(input.Number("epsilon"), input.Whole("l0"), input.Whole("linf"), input.Number("range"));
        return Inputs.Fields(("two_bin", Show(v.TwoBin)), ("split_two", Show(v.SplitTwo)), ("three_bin", Show(v.ThreeBin)), ("split_three", Show(v.SplitThree)));
    }

    private static Dictionary<string, object?> Show(GroupVariances v) => Inputs.Fields(
        ("count", v.Count), ("normalized_sum", v.NormalizedSum), ("normalized_squares", v.NormalizedSquares));

    private static Dictionary<string, object?> Fieller(JsonElement input)
    {
        MeanInterval interval = MeanInterval.Fieller(
            input.Number("noisy_normalized_sum"), input.Number("noisy_count"), input.Number("sigma_sum"), input.Number("sigma_count"),
            input.Number("lower"), input.Number("upper"), MeanInterval.GaussianZ(input.Number("confidence")));
        return Inputs.Fields(("ci_lower", interval.Lower), ("ci_upper", interval.Upper));
    }

    private static Dictionary<string, object?> Box(JsonElement input)
    {
        double lower = input.Number("lower");
        double upper = input.Number("upper");
        MeanInterval interval = MeanInterval.GaussianBox(
            input.Number("noisy_normalized_sum"), input.Number("noisy_count"), input.Number("sigma_sum"), input.Number("sigma_count"),
            lower, upper, input.Number("confidence"));
        return Inputs.Fields(
            ("estimate", ReferenceAggregates.Mean(input.Number("noisy_normalized_sum"), input.Number("noisy_count"), lower, upper)),
            ("ci_lower", interval.Lower), ("ci_upper", interval.Upper));
    }
}
