using System.Text.Json;
using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;

namespace DpSpark.Vectors.Dp;

/// <summary>Loss distributions, Renyi divergences, subsampling, k-fold Laplace.</summary>
internal static class LossOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("accounting/rdp_laplace", input => Inputs.Fields(
            ("rdp", input.Numbers("alphas").Select(alpha => RenyiPrivacy.Laplace(input.Number("scale_over_sensitivity"), alpha)))));
        operations.Add("accounting/rdp_pure", input => Inputs.Fields(
            ("rdp", input.Numbers("alphas").Select(alpha => RenyiPrivacy.Pure(input.Number("epsilon"), alpha))),
            ("quadratic_bound", input.Numbers("alphas").Select(alpha => RenyiPrivacy.PureQuadratic(input.Number("epsilon"), alpha)))));
        operations.Add("accounting/rdp_sampled_gaussian", input => Inputs.Fields(
            ("rdp", input.Numbers("alphas").Select(alpha => RenyiPrivacy.SampledGaussian(input.Number("q"), input.Number("sigma"), alpha)))));
        operations.Add("accounting/rdp_to_epsilon_gaussian", RdpGaussian);
        operations.Add("accounting/rdp_dpsgd_epsilon", input => Converted(RenyiPrivacy.SampledGaussianEpsilon(
            input.Number("q"), input.Number("sigma"), input.Whole("steps"), input.Number("delta"), Orders(input))));
        operations.Add("accounting/subsample_pure", input =>
        {
            (double epsilon, double delta) = Subsampling.Amplify(input.Number("epsilon"), input.OptionalNumber("delta") ?? 0, input.Number("q"));
            return Inputs.Fields(("epsilon", epsilon), ("delta", delta));
        });
        operations.Add("laplace/kfold_delta", input => Inputs.Fields(
            ("delta", LaplaceComposition.Delta(input.Number("epsilon_each"), input.Whole("k"), input.Number("epsilon")))));
        operations.Add("laplace/kfold_epsilon", input => Inputs.Fields(
            ("epsilon", LaplaceComposition.Epsilon(input.Number("epsilon_each"), input.Whole("k"), input.Number("delta")))));
        operations.Add("pld/compose_epsilon", input => Inputs.Fields(("epsilon", new LossAccountant().Epsilon(Plan(input), input.Number("delta")))));
        operations.Add("pld/compose_delta", input => Inputs.Fields(("delta", new LossAccountant().Delta(Plan(input), input.Number("epsilon")))));
        operations.Add("identities/connect_the_dots", input =>
        {
            (double[] masses, double infinity) = ConnectTheDots.Gaussian(
                input.Number("mu"), input.Number("h"), input.Whole("first_index"), input.Whole("last_index"));
            return Inputs.Fields(("masses", masses), ("infinity_mass", infinity));
        });
        operations.Add("identities/laplace_l0_as_composition", LaplaceL0);
        operations.Add("identities/discrete_gaussian_l0_epsilon", DiscreteGaussianL0);
    }

    private static Dictionary<string, object?> RdpGaussian(JsonElement input)
    {
        double sigma = input.Number("sigma");
        Dictionary<string, object?> fields = Converted(RenyiPrivacy.GaussianEpsilon(sigma, input.Whole("k"), input.Number("delta"), Orders(input)));
        fields["exact_epsilon"] = GaussianPrivacy.Epsilon(GaussianPrivacy.ComposeEqual(sigma, input.Whole("k")), input.Number("delta"));
        return fields;
    }

    private static Dictionary<string, object?> Converted((double Epsilon, double Order) found) =>
        Inputs.Fields(("epsilon", found.Epsilon), ("order", found.Order));

    private static IReadOnlyList<double> Orders(JsonElement input)
    {
        string text = input.Text("orders");
        if (text.StartsWith("integers ", StringComparison.Ordinal))
        {
            string[] ends = text["integers ".Length..].Split("..");
            return RenyiPrivacy.WholeOrders((int)Inputs.ParseNumber(ends[0]), (int)Inputs.ParseNumber(ends[1]));
        }

        return text == "1.1..10.9 step 0.1; 11..64; 128,256,512,1024" ? RenyiPrivacy.DefaultOrders : throw new UnsupportedCaseException("orders " + text);
    }

    private static List<MechanismUse> Plan(JsonElement input) =>
        [.. input.GetProperty("mechanisms").EnumerateArray().Select(m => new MechanismUse(Mechanism(m), m.OptionalWhole("count") ?? 1))];

    private static PrivacyMechanism Mechanism(JsonElement m) => m.Text("type") switch
    {
        "gaussian" => new GaussianMechanism(m.Number("sigma"), m.OptionalNumber("sensitivity") ?? 1),
        "laplace" => new LaplaceMechanism(m.Number("scale"), m.OptionalNumber("sensitivity") ?? 1),
        "discrete_laplace" => new DiscreteLaplaceMechanism(m.Number("scale"), m.OptionalWhole("sensitivity") ?? 1),
        "discrete_gaussian" => DiscreteGaussianMechanism.OfSigma(m.Number("sigma"), m.OptionalWhole("sensitivity") ?? 1),
        "generic" => new GenericMechanism(m.Number("epsilon"), m.OptionalNumber("delta") ?? 0),
        "selection" or "truncated_geometric" => new PartitionSelectionMechanism(m.Number("epsilon"), m.Number("delta")),
        "exponential" or "exponential_mechanism" => new ExponentialMechanism(m.Number("epsilon")),
        "sampled_gaussian" => new SampledMechanism(m.Number("q"), new GaussianMechanism(m.Number("sigma"), m.OptionalNumber("sensitivity") ?? 1)),
        "sampled_laplace" => new SampledMechanism(m.Number("q"), new LaplaceMechanism(m.Number("scale"), m.OptionalNumber("sensitivity") ?? 1)),
        string type => throw new UnsupportedCaseException("mechanism " + type),
    };

    private static Dictionary<string, object?> LaplaceL0(JsonElement input)
    {
        double epsilon = input.Number("epsilon");
        double delta = input.Number("delta");
        int l0 = input.Whole("l0");
        double linf = input.Number("linf");
        var rule = Core.Parameters.Sensitivity.PerPartition(Core.Parameters.NeighbouringRelation.AddOrRemoveOne, l0, linf, 0);
        double byRule = DiscreteDistributions.LaplaceScale(rule.L1, epsilon);
        double composed = LossCalibration.SmallestFactor(scale => [new(new LaplaceMechanism(scale, linf), l0)], epsilon, delta, byRule);
        return Inputs.Fields(
            ("scale_l1_rule", byRule), ("scale_composition", composed), ("gaussian_sigma", GaussianPrivacy.Sigma(epsilon, delta, rule.L2)));
    }

    private static Dictionary<string, object?> DiscreteGaussianL0(JsonElement input)
    {
        double sigma = input.Number("sigma");
        double delta = input.Number("delta");
        int l0 = input.Whole("l0");
        var rule = Core.Parameters.Sensitivity.PerPartition(Core.Parameters.NeighbouringRelation.AddOrRemoveOne, l0, 1, 0);
        return Inputs.Fields(
            ("epsilon", new LossAccountant().Epsilon([new(DiscreteGaussianMechanism.OfSigma(sigma, 1), l0)], delta)),
            ("continuous_epsilon", GaussianPrivacy.EpsilonOf(sigma, delta, rule.L2)),
            ("zcdp_epsilon", Zcdp.Epsilon(Zcdp.OfGaussian(sigma, rule.L2), delta)));
    }
}
