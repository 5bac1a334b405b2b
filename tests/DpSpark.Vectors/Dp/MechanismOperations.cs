using System.Text.Json;
using DpSpark.Core.Bounds;
using DpSpark.Core.Local;
using DpSpark.Core.Selection;
using DpSpark.Core.Utility;
using DpSpark.Core.Workloads;

namespace DpSpark.Vectors.Dp;

/// <summary>Automatic bounds, utility analysis, private selection, local protocols, workloads.</summary>
internal static class MechanismOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("approx_bounds/decide", Decide);
        operations.Add("approx_bounds/threshold", input =>
        {
            double scale = LogarithmicHistogram.LaplaceScale(input.Number("epsilon"), input.Whole("l0"), input.Whole("linf"));
            return Inputs.Fields(
                ("threshold", LogarithmicHistogram.Threshold(scale, input.Whole("num_bins_each_sign"), input.Number("failure_probability"))),
                ("laplace_scale", scale));
        });
        operations.Add("utility/poisson_binomial", input => Inputs.Fields(("pmf", PoissonBinomial.Probabilities(input.Numbers("p")))));
        operations.Add("utility/partition", Partition);
        operations.Add("selection_mechanisms/select", Select);
        operations.Add("selection_mechanisms/svt", input =>
        {
            var split = SparseVector.Split(input.Number("epsilon"), input.Whole("c"), input.Number("sensitivity"), input.GetProperty("monotonic").GetBoolean());
            return Inputs.Fields(
                ("eps_threshold", split.ThresholdEpsilon), ("eps_queries", split.QueryEpsilon),
                ("threshold_scale", split.ThresholdScale), ("query_scale", split.QueryScale));
        });
        operations.Add("selection_mechanisms/em_tail", input => Inputs.Fields(("loss_bound", ExponentialSelection.LossBound(
            input.Number("epsilon"), input.Number("candidates"), input.Number("beta"), input.Number("sensitivity")))));
        operations.Add("local_dp/krr", input =>
        {
            var oracle = FrequencyOracle.RandomizedResponse(input.Number("epsilon"), input.Whole("k"));
            return Inputs.Fields(
                ("p", oracle.P), ("q", oracle.Q), ("var_count_zero", oracle.Variance(input.Number("n"), 0)),
                ("var_count_f", oracle.Variance(input.Number("n"), input.Number("true_fraction"))));
        });
        operations.Add("local_dp/krr_estimate", input => Inputs.Fields(("estimate", FrequencyOracle.RandomizedResponse(
            input.Number("epsilon"), input.Whole("k")).Estimate(input.Number("n"), input.Number("observed")))));
        operations.Add("local_dp/oue_sue_olh", Unary);
        operations.Add("local_dp/hadamard_response", input =>
        {
            var response = HadamardResponse.Of(input.Number("epsilon"));
            return Inputs.Fields(("p_match", response.MatchProbability), ("scale", response.Scale), ("var_zero_per_user", response.ZeroVariance));
        });
        operations.Add("workloads/consistent_tree", input => Inputs.Fields(("leaves", ConsistentTree.Solve(
            [.. input.GetProperty("levels_root_first").EnumerateArray().Select(level => level.EnumerateArray().Select(Inputs.ToNumber).ToArray())],
            input.Whole("branching"))[^1])));
        operations.Add("workloads/prefix_sqrt_factorization", input =>
        {
            var factors = PrefixFactorization.Create(input.Whole("n"));
            return Inputs.Fields(
                ("first_coefficients", factors.First(8)), ("sensitivity_l2", factors.Sensitivity), ("max_error_factor", factors.LargestFactor),
                ("mean_squared_error_factor", factors.MeanFactor), ("tree_binary_error_factor_max", factors.BinaryTreeFactor));
        });
        operations.Add("workloads/strategy_total_variance", Strategies);
    }

    private static Dictionary<string, object?> Decide(JsonElement input)
    {
        var histogram = new LogarithmicHistogram(input.Number("scale"), input.Number("base"), input.Whole("num_bins"));
        foreach (double value in input.Numbers("values"))
        {
            histogram.Add(value);
        }

        (double Lower, double Upper)? found = histogram.Decide(
            [.. histogram.Positive.Select(n => (double)n)], [.. histogram.Negative.Select(n => (double)n)], input.Number("threshold"));
        return Inputs.Fields(
            ("positive_bins", histogram.Positive), ("negative_bins", histogram.Negative),
            ("lower", found?.Lower), ("upper", found?.Upper), ("found", found is not null));
    }

    private static Dictionary<string, object?> Partition(JsonElement input)
    {
        if (input.Text("noise") != "laplace")
        {
            throw new UnsupportedCaseException("noise " + input.Text("noise"));
        }

        bool laplace = input.Text("strategy") switch
        {
            "laplace" => true,
            "truncated_geometric" => false,
            string strategy => throw new UnsupportedCaseException("strategy " + strategy),
        };
        var settings = new UtilitySettings(
            input.Whole("l0"), input.Whole("linf"), input.Number("min_sum"), input.Number("max_sum"), input.Number("epsilon_metric"),
            input.Number("epsilon_selection"), input.Number("delta_selection"), laplace);
        var utility = PartitionUtility.Analyse(
            [.. input.GetProperty("rows").EnumerateArray().Select(r => new UnitContribution(Inputs.ToNumber(r[0]), Inputs.ToNumber(r[1]), Inputs.ToNumber(r[2])))],
            settings);
        return Inputs.Fields(
            ("keep_probability", utility.KeepProbability), ("privacy_id_count", Show(utility.PrivacyIdCount)),
            ("count", Show(utility.Count)), ("sum", Show(utility.Sum)));
    }

    private static Dictionary<string, object?> Show(MetricError error) => Inputs.Fields(
        ("raw", error.Raw), ("clip_to_min", error.ClipToMin), ("clip_to_max", error.ClipToMax), ("l0_bias", error.PartitionBias),
        ("l0_std", error.PartitionDeviation), ("noise_std", error.NoiseDeviation), ("rmse", error.Rmse), ("rmse_with_dropping", error.RmseWithDropping));

    private static Dictionary<string, object?> Select(JsonElement input)
    {
        double[] scores = input.Numbers("scores");
        double epsilon = input.Number("epsilon");
        double sensitivity = input.Number("sensitivity");
        double[] exponential = ExponentialSelection.Probabilities(scores, epsilon, sensitivity, monotone: false);
        double[] flip = PermuteAndFlip.Probabilities(scores, epsilon, sensitivity);
        return Inputs.Fields(
            ("exponential", exponential),
            ("exponential_monotonic", ExponentialSelection.Probabilities(scores, epsilon, sensitivity, monotone: true)),
            ("permute_and_flip", flip),
            ("expected_loss_em", ExponentialSelection.ExpectedLoss(scores, exponential)),
            ("expected_loss_pf", ExponentialSelection.ExpectedLoss(scores, flip)));
    }

    private static Dictionary<string, object?> Unary(JsonElement input)
    {
        double epsilon = input.Number("epsilon");
        double n = input.Number("n");
        var optimized = FrequencyOracle.OptimizedUnary(epsilon);
        var symmetric = FrequencyOracle.SymmetricUnary(epsilon);
        var hashing = FrequencyOracle.LocalHashing(epsilon);
        return Inputs.Fields(
            ("oue_p", optimized.P), ("oue_q", optimized.Q), ("oue_var", optimized.Variance(n, 0)),
            ("sue_p", symmetric.P), ("sue_q", symmetric.Q), ("sue_var", symmetric.Variance(n, 0)),
            ("olh_g", FrequencyOracle.HashCells(epsilon)), ("olh_p", hashing.P), ("olh_q", hashing.Q), ("olh_var", hashing.Variance(n, 0)));
    }

    private static Dictionary<string, object?> Strategies(JsonElement input)
    {
        int n = input.Whole("n");
        double[][] workload = input.Text("workload") switch
        {
            "identity" => MatrixMechanism.Identity(n),
            "prefix" => MatrixMechanism.Prefix(n),
            "all_range" => MatrixMechanism.AllRanges(n),
            string name => throw new UnsupportedCaseException("workload " + name),
        };
        return Inputs.Fields(
            ("identity", Show(MatrixMechanism.Variance(workload, MatrixMechanism.Identity(n)))),
            ("hierarchical", Show(MatrixMechanism.Variance(workload, MatrixMechanism.BinaryTree(n)))),
            ("haar", Show(MatrixMechanism.Variance(workload, MatrixMechanism.Haar(n)))),
            ("workload", Show(MatrixMechanism.Variance(workload, workload))));
    }

    private static Dictionary<string, object?> Show(StrategyVariance variance) => Inputs.Fields(("laplace", variance.Laplace), ("gaussian", variance.Gaussian));
}
