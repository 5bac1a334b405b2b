using System.Text.Json;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Quantiles;
using DpSpark.Core.Selection;

namespace DpSpark.Vectors.Dp;

/// <summary>Budgets, planning, audits and quantile trees.</summary>
internal static class PlanningOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("budget_split/gaussian_equal", input =>
        {
            var split = GaussianEqualSplit.Of(input.Number("epsilon"), input.Number("delta"), input.Whole("k"));
            return Inputs.Fields(
                ("naive_sigma", split.Naive), ("zcdp_sigma", split.Zcdp), ("exact_sigma", split.Exact), ("saving_exact_vs_naive", split.Saving));
        });
        operations.Add("budget_split/laplace_equal", input =>
        {
            var split = LaplaceEqualSplit.Of(input.Number("epsilon"), input.Number("delta"), input.Whole("k"));
            return Inputs.Fields(("naive_scale", split.Naive), ("pld_scale", split.ByLoss), ("saving", split.Saving));
        });
        operations.Add("budget_split/naive_weights", input =>
        {
            (double[] epsilons, double[] deltas) = NaiveSplit.ByWeights(
                input.Number("epsilon"), input.Number("delta"), input.Numbers("weights"),
                [.. input.GetProperty("uses_delta").EnumerateArray().Select(u => u.GetBoolean())]);
            return Inputs.Fields(("epsilons", epsilons), ("deltas", deltas));
        });
        operations.Add("planning/noise_choice", input =>
        {
            var choice = NoiseComparison.Of(
                input.Number("epsilon"), input.Number("delta"), input.Whole("l0"), input.Number("linf"), input.Whole("equal_mechanisms"));
            return Inputs.Fields(("laplace_std", choice.LaplaceDeviation), ("gaussian_std", choice.GaussianDeviation), ("choose", choice.Best));
        });
        operations.Add("planning/joint_plan", input =>
        {
            var plan = JointPlan.Create(
                input.Number("epsilon"), input.Number("delta"), input.Whole("l0"), input.Numbers("mu_shares"), input.Number("noise_delta_fraction"));
            return Inputs.Fields(
                ("sigmas", plan.Sigmas), ("threshold", plan.Threshold), ("sum_rule_sigma_first", plan.SumRuleSigma), ("sum_rule_threshold", plan.SumRuleThreshold));
        });
        operations.Add("planning/joint_exhaustive", input => Inputs.Fields(("per_k", JointRuleCheck.Enumerate(
            input.Number("noise_rate"), input.Whole("threshold"), input.Whole("l0"), input.Number("epsilon"), input.Whole("users_in_shared_partitions"))
            .Select(check => Inputs.Fields(
                ("new_partitions", check.NewPartitions), ("absent_vs_present", check.AbsentVersusPresent),
                ("present_vs_absent", check.PresentVersusAbsent), ("bound", check.Bound))))));
        operations.Add("planning/quantile_exponential", input =>
        {
            (double[] edges, double[] probabilities) = ExponentialQuantile.Law(
                input.Numbers("values"), input.Number("lower"), input.Number("upper"), input.Number("q"), input.Number("epsilon"));
            return Inputs.Fields(("interval_edges", edges), ("interval_probabilities", probabilities));
        });
        operations.Add("audit/clopper_pearson", input =>
        {
            (double lower, double upper) = BinomialInterval.ClopperPearson(input.Whole("successes"), input.Whole("trials"), input.Number("confidence"));
            return Inputs.Fields(("lower", lower), ("upper", upper));
        });
        operations.Add("audit/epsilon_lower_bound", input =>
        {
            (double hit, double alarm, double epsilon) = BinomialInterval.EpsilonLowerBound(
                input.Whole("true_positives"), input.Whole("false_positives"), input.Whole("trials_member"), input.Whole("trials_nonmember"),
                input.Number("confidence"), input.Number("delta"));
            return Inputs.Fields(("tpr_lower", hit), ("fpr_upper", alarm), ("epsilon_lower", epsilon));
        });
        operations.Add("audit/expected_abs_error", input =>
        {
            double scale = input.Number("laplace_scale");
            double sigma = input.Number("sigma");
            double value = input.Number("true_value");
            return Inputs.Fields(
                ("laplace_mae", ExpectedError.LaplaceAbsolute(scale)), ("laplace_rmse", DiscreteDistributions.LaplaceStandardDeviation(scale)),
                ("gaussian_mae", ExpectedError.GaussianAbsolute(sigma)), ("laplace_rel", ExpectedError.Relative(ExpectedError.LaplaceAbsolute(scale), value)),
                ("gaussian_rel", ExpectedError.Relative(ExpectedError.GaussianAbsolute(sigma), value)));
        });
        operations.Add("quantile_tree/quantiles", Quantiles);
        operations.Add("quantile_tree/noise_scale", input => input.Text("noise") == "gaussian"
            ? Inputs.Fields(("sigma", QuantileTree.GaussianSigma(
                input.Number("epsilon"), input.Number("delta"), input.Whole("l0"), input.Whole("linf"), input.Whole("height"))))
            : Inputs.Fields(("scale", QuantileTree.LaplaceScale(input.Number("epsilon"), input.Whole("l0"), input.Whole("linf"), input.Whole("height")))));
    }

    private static Dictionary<string, object?> Quantiles(JsonElement input)
    {
        var tree = new QuantileTree(
            input.Number("lower"), input.Number("upper"), input.Whole("height"), input.Whole("branching"),
            input.Has("mode") && input.Text("mode") == "native" ? QuantileWalk.Native : QuantileWalk.Reference);
        var counts = new LeafCounts(tree);
        foreach (double value in input.Numbers("values").Where(v => !double.IsNaN(v)))
        {
            counts.Add(value);
        }

        return Inputs.Fields(
            ("results", input.Numbers("quantiles").Select(q => tree.Quantile(q, (level, node) => counts[level, node]))), ("level1_counts", counts.Level(1)));
    }
}
