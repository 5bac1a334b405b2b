using System.Text.Json;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;

namespace DpSpark.Vectors.Dp;

/// <summary>Calibration, conversion and composition.</summary>
internal static class AccountingOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("gaussian/analytic_sigma", input => Inputs.Fields(
            ("sigma", GaussianPrivacy.Sigma(input.Number("epsilon"), input.Number("delta"), input.Number("l2_sensitivity")))));
        operations.Add("gaussian/classical_sigma", input => Inputs.Fields(
            ("sigma", GaussianPrivacy.ClassicalSigma(input.Number("epsilon"), input.Number("delta"), input.Number("l2_sensitivity"))),
            ("analytic_sigma", GaussianPrivacy.Sigma(input.Number("epsilon"), input.Number("delta"), input.Number("l2_sensitivity")))));
        operations.Add("gaussian/delta", input => Inputs.Fields(
            ("delta", GaussianPrivacy.DeltaOf(input.Number("epsilon"), input.Number("sigma"), input.Number("l2_sensitivity")))));
        operations.Add("gaussian/epsilon", input => Inputs.Fields(
            ("epsilon", GaussianPrivacy.EpsilonOf(input.Number("sigma"), input.Number("delta"), input.Number("l2_sensitivity")))));
        operations.Add("gaussian/gdp_to_epsilon", input => Inputs.Fields(("epsilon", GaussianPrivacy.Epsilon(input.Number("mu"), input.Number("delta")))));
        operations.Add("gaussian/gdp_compose", GdpCompose);
        operations.Add("accounting/optimal_homogeneous_epsilon", input => Inputs.Fields(("epsilon", OptimalComposition.Epsilon(
            input.Number("epsilon"), input.Number("delta"), input.Whole("k"), input.Number("target_delta")))));
        operations.Add("accounting/optimal_homogeneous_delta", input => Inputs.Fields(("delta", OptimalComposition.Delta(
            input.Number("epsilon"), input.Number("delta"), input.Whole("k"), input.Number("target_epsilon")))));
        operations.Add("accounting/zcdp_to_epsilon", input => Inputs.Fields(
            ("epsilon", Zcdp.Epsilon(input.Number("rho"), input.Number("delta"))),
            ("simple_epsilon", Zcdp.SimpleEpsilon(input.Number("rho"), input.Number("delta")))));
        operations.Add("accounting/zcdp_to_delta", input => Inputs.Fields(("delta", Zcdp.Delta(input.Number("rho"), input.Number("epsilon")))));
        operations.Add("accounting/epsilon_to_zcdp", EpsilonToZcdp);
        operations.Add("accounting/pure_sum", PureSum);
        operations.Add("accounting/advanced_composition", Advanced);
        operations.Add("accounting/zcdp_filter", Filter);
        operations.Add("budget_split/gaussian_weighted", input => Inputs.Fields(("sigmas", GaussianSplit.ByWeights(
            GaussianPrivacy.Mu(input.Number("epsilon"), input.Number("delta")), input.Numbers("weights")))));
        operations.Add("budget_split/optimal_split_total_variance", input => Inputs.Fields(("sigmas", GaussianSplit.ByCosts(
            GaussianPrivacy.Mu(input.Number("epsilon"), input.Number("delta")), input.Numbers("cost")))));
        operations.Add("planning/bounded_range_cost", input => Inputs.Fields(
            ("rho_exponential_mechanism", Zcdp.OfExponentialMechanism(input.Number("epsilon"))), ("rho_generic_pure", Zcdp.OfPure(input.Number("epsilon")))));
    }

    private static Dictionary<string, object?> GdpCompose(JsonElement input)
    {
        double mu = GaussianPrivacy.Compose(input.Numbers("mus"));
        return Inputs.Fields(("mu", mu), ("epsilon", GaussianPrivacy.Epsilon(mu, input.Number("delta"))));
    }

    private static Dictionary<string, object?> EpsilonToZcdp(JsonElement input)
    {
        double rho = Zcdp.Rho(input.Number("epsilon"), input.Number("delta"));
        return Inputs.Fields(
            ("rho", rho), ("gaussian_sigma_sens1", Zcdp.GaussianSigma(rho, 1)),
            ("analytic_sigma", GaussianPrivacy.Sigma(input.Number("epsilon"), input.Number("delta"), 1)),
            ("rho_if_pure", Zcdp.OfPure(input.Number("epsilon"))));
    }

    private static Dictionary<string, object?> PureSum(JsonElement input)
    {
        var accountant = new BasicAccountant();
        foreach (JsonElement epsilon in input.GetProperty("epsilons").EnumerateArray())
        {
            accountant.Charge(ExactDecimal.Parse(epsilon.GetRawText()), ExactDecimal.Zero);
        }

        return Inputs.Fields(("epsilon", accountant.Epsilon.ToDouble()));
    }

    private static Dictionary<string, object?> Advanced(JsonElement input)
    {
        double epsilon = input.Number("epsilon");
        int k = input.Whole("k");
        (double composed, double delta) = OptimalComposition.Advanced(epsilon, input.Number("delta"), k, input.Number("delta_slack"));
        double basic = OptimalComposition.BasicEpsilon(epsilon, k);
        return Inputs.Fields(("epsilon", composed), ("delta", delta), ("basic_epsilon", basic), ("best_epsilon", double.Min(composed, basic)));
    }

    private static Dictionary<string, object?> Filter(JsonElement input)
    {
        var filter = new ZcdpFilter(Rho.Create(ExactDecimal.Parse(input.Text("rho_budget"))));
        bool[] accepted = [.. input.GetProperty("requests").EnumerateArray().Select(r => filter.TryCharge(Rho.Create(ExactDecimal.Parse(r.GetString() ?? ""))))];
        return Inputs.Fields(("accepted", accepted), ("spent", filter.Spent.ToString()));
    }
}
