using System.Text.Json;
using DpSpark.Core.Parameters;

namespace DpSpark.Vectors.Dp;

/// <summary>Sensitivities of bounded aggregates.</summary>
internal static class SensitivityOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("sensitivity/metric_sensitivity", input => Inputs.Fields(
            ("add_remove", Show(OfMetric(input, NeighbouringRelation.AddOrRemoveOne))),
            ("replace_one", Show(OfMetric(input, NeighbouringRelation.ReplaceOne)))));
        operations.Add("sensitivity/l1_bounded_count", input => Show(input.Has("max_contributions_per_partition")
            ? Sensitivity.CountWithTotalBound(input.Whole("max_contributions"), input.Whole("max_contributions_per_partition"))
            : Sensitivity.CountWithTotalBound(input.Whole("max_contributions"))));
        operations.Add("sensitivity/l1_bounded_privacy_id_count", input => Show(Sensitivity.PrivacyIdCountWithTotalBound(input.Whole("max_contributions"))));
        operations.Add("sensitivity/vector_sum", VectorSum);
    }

    internal static VectorNorm Norm(string name) => name switch
    {
        "L1" => VectorNorm.L1,
        "L2" => VectorNorm.L2,
        "Linf" => VectorNorm.LInf,
        _ => throw new UnsupportedCaseException("norm " + name),
    };

    private static Dictionary<string, object?> Show(Sensitivity s) => Inputs.Fields(("l0", s.L0), ("linf", s.LInf), ("l1", s.L1), ("l2", s.L2));

    private static Sensitivity OfMetric(JsonElement input, NeighbouringRelation relation)
    {
        int l0 = input.Whole("l0");
        int lInf = input.OptionalWhole("max_contributions_per_partition") ?? 1;
        return input.Text("metric") switch
        {
            "privacy_id_count" => Sensitivity.PrivacyIdCount(relation, l0),
            "count" => Sensitivity.Count(relation, l0, lInf),
            "sum" => Sensitivity.Sum(relation, l0, lInf, input.Number("min_value"), input.Number("max_value")),
            "normalized_sum" => Sensitivity.NormalizedSum(relation, l0, lInf, input.Number("min_value"), input.Number("max_value")),
            "normalized_squares" or "normalized_sum_of_squares" =>
                Sensitivity.NormalizedSquares(relation, l0, lInf, input.Number("min_value"), input.Number("max_value")),
            "sum_per_partition_clamp" => Sensitivity.PartitionSum(relation, l0, input.Number("min_sum"), input.Number("max_sum")),
            var metric => throw new UnsupportedCaseException("metric " + metric),
        };
    }

    private static Dictionary<string, object?> VectorSum(JsonElement input)
    {
        Sensitivity s = Sensitivity.VectorSum(
            input.Whole("l0"), input.Whole("max_contributions_per_partition"), Norm(input.Text("norm")), input.Number("max_norm"), input.Whole("dimension"));
        return Inputs.Fields(("sensitivity", input.Text("noise") switch
        {
            "laplace" => s.L1,
            "gaussian" => s.L2,
            var noise => throw new UnsupportedCaseException("noise " + noise),
        }));
    }
}
