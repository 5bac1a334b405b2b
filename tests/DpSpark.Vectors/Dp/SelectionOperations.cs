using System.Numerics;
using System.Text.Json;
using DpSpark.Core.Noise;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Vectors.Dp;

/// <summary>Private selection of partitions.</summary>
internal static class SelectionOperations
{
    private const double AtomShare = 0.5;

    internal static void Register(OperationTable operations)
    {
        operations.Add("selection/truncated_geometric", TruncatedGeometricCase);
        operations.Add("selection/truncated_geometric_table", TableCase);
        operations.Add("selection/truncated_geometric_optimal_composition", OptimalCase);
        operations.Add("selection/laplace_threshold", input => Preview(
            input, ThresholdPreview.Laplace(input.Number("epsilon"), input.Number("delta"), input.Whole("l0"), PreThreshold(input))));
        operations.Add("selection/gaussian_threshold", input => Preview(
            input, ThresholdPreview.Gaussian(
                input.Number("epsilon"), input.Number("noise_delta"), input.Number("threshold_delta"), input.Whole("l0"), PreThreshold(input))));
        operations.Add("selection/discrete_laplace_threshold", DiscreteLaplaceCase);
        operations.Add("selection/joint_gaussian_threshold", JointCase);
        operations.Add("selection/weighted_gaussian_threshold", WeightedCase);
        operations.Add("planning/users_for_half_keep", UnitsForHalf);
    }

    private static int PreThreshold(JsonElement input) => input.OptionalWhole("pre_threshold") ?? 1;

    private static Dictionary<string, object?> TruncatedGeometricCase(JsonElement input)
    {
        SelectionBudget budget = SelectionBudget.Basic(input.Number("epsilon"), input.Number("delta"), input.Whole("l0"));
        var rule = new TruncatedGeometric(budget, PreThreshold(input));
        return Inputs.Fields(
            ("keep_probability", input.Numbers("n").Select(rule.KeepProbability)),
            ("crossover1", rule.FirstCrossover), ("crossover2", rule.SecondCrossover),
            ("per_partition_epsilon", budget.Epsilon), ("per_partition_delta", budget.Delta));
    }

    private static Dictionary<string, object?> TableCase(JsonElement input)
    {
        IReadOnlyList<BigInteger> table = TruncatedGeometricTable.Build(input.Big("e_num"), input.Big("e_den"), input.Number("delta0"));
        return Inputs.Fields(
            ("p", input.GetProperty("n").EnumerateArray().Select(n => TruncatedGeometricTable.At(table, (long)Inputs.ToBig(n)))),
            ("n2", table.Count));
    }

    private static Dictionary<string, object?> OptimalCase(JsonElement input)
    {
        double epsilon = input.Number("epsilon");
        double delta = input.Number("delta");
        int l0 = input.Whole("l0");
        SelectionBudget basic = SelectionBudget.Basic(epsilon, delta, l0);
        SelectionBudget optimal = SelectionBudget.Optimal(epsilon, delta, l0, input.OptionalNumber("delta_fraction_for_atoms") ?? AtomShare);
        return Inputs.Fields(
            ("per_partition_epsilon", optimal.Epsilon), ("per_partition_delta", optimal.Delta),
            ("n_for_half_keep", new TruncatedGeometric(optimal).UnitsFor(0.5)),
            ("basic_per_partition_epsilon", basic.Epsilon),
            ("basic_n_for_half_keep", new TruncatedGeometric(basic).UnitsFor(0.5)),
            ("gaussian_n_for_half_keep", ThresholdPreview.Gaussian(epsilon, delta, l0, 1).UnitsForHalf));
    }

    private static Dictionary<string, object?> Preview(JsonElement input, ThresholdPreview rule) => Inputs.Fields(
        ("threshold", rule.Threshold), ("scale", rule.Spread), ("sigma", rule.Spread),
        ("keep_probability", input.Numbers("n").Select(rule.KeepProbability)));

    private static (ThresholdRule Rule, double Scale) DiscreteLaplace(JsonElement input)
    {
        (BigInteger numerator, BigInteger denominator) = input.Rational("epsilon");
        NoiseSpec noise = NoiseCalibration.Laplace(input.Whole("l0"), numerator, denominator);
        double delta0 = SelectionBudget.Basic(input.Number("epsilon"), input.Number("delta"), input.Whole("l0")).Delta;
        return (ThresholdRule.Laplace(noise.Numerator, noise.Denominator, delta0, PreThreshold(input)), NoiseCalibration.Spread(noise));
    }

    private static Dictionary<string, object?> DiscreteLaplaceCase(JsonElement input)
    {
        (ThresholdRule rule, double scale) = DiscreteLaplace(input);
        return Inputs.Fields(
            ("threshold", rule.Threshold), ("scale", scale),
            ("single_user_keep", rule.LaplaceKeepProbability(scale, PreThreshold(input))),
            ("keep_probability", input.GetProperty("n").EnumerateArray().Select(n => rule.LaplaceKeepProbability(scale, (long)Inputs.ToBig(n)))));
    }

    private static Dictionary<string, object?> JointCase(JsonElement input)
    {
        JointGaussianRule rule = JointGaussianRule.Evaluate(input.Number("epsilon"), input.Whole("l0"), input.Number("sigma"), input.Number("threshold"));
        return Inputs.Fields(
            ("sum_rule_delta", rule.SumRuleDelta), ("joint_delta", rule.JointDelta), ("argmax_new_partitions", rule.NewPartitions));
    }

    private static Dictionary<string, object?> WeightedCase(JsonElement input)
    {
        WeightedGaussian rule = WeightedGaussian.Calibrate(input.Number("epsilon"), input.Number("delta"), input.Whole("l0"));
        return Inputs.Fields(
            ("sigma", rule.Sigma), ("threshold", rule.Threshold), ("joint_delta", rule.JointDelta),
            ("keep_probability", input.Numbers("weight_sum").Select(rule.KeepProbability)));
    }

    private static Dictionary<string, object?> UnitsForHalf(JsonElement input)
    {
        StrategyComparison comparison = StrategyComparison.Of(input.Number("epsilon"), input.Number("delta"), input.Whole("l0"));
        return Inputs.Fields(
            ("truncated_geometric", comparison.TruncatedGeometric), ("discrete_laplace", comparison.DiscreteLaplace),
            ("gaussian_sum_rule", comparison.Gaussian), ("weighted_gaussian_weight", comparison.WeightedGaussianWeight),
            ("best_unweighted", comparison.Best));
    }
}
