using System.Text.Json;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;

namespace DpSpark.Vectors.Dp;

/// <summary>Distributions of the noise: probabilities, variances, intervals; exact sums and grids.</summary>
internal static class DistributionOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.AddTable("sampler_pmf/discrete_laplace", (input, table) => Symmetric(
            table, Ratio(input, "scale"), DiscreteDistributions.LaplaceProbability, DiscreteDistributions.LaplaceUpperTail, DiscreteDistributions.LaplaceVariance));
        operations.AddTable("sampler_pmf/discrete_gaussian", (input, table) => Symmetric(
            table, Ratio(input, "sigma2"), DiscreteDistributions.GaussianProbability, DiscreteDistributions.GaussianUpperTail, DiscreteDistributions.GaussianVariance));
        operations.Add("sampler_pmf/bernoulli_exp", input => Inputs.Fields(
            ("p", DiscreteDistributions.BernoulliExpProbability(input.Number("gamma_num"), input.Number("gamma_den")))));
        operations.AddTable("sampler_pmf/geometric_exp", GeometricExp);
        operations.Add("sampler_pmf/discrete_gaussian_delta", input => Inputs.Fields(
            ("delta", DiscreteGaussianPrivacy.Delta(input.Number("epsilon"), Ratio(input, "sigma2"), input.Whole("sensitivity"))),
            ("continuous_delta", DiscreteGaussianPrivacy.ContinuousDelta(input.Number("epsilon"), Ratio(input, "sigma2"), input.Whole("sensitivity")))));
        operations.Add("laplace/scale", Scale);
        operations.Add("laplace/ci_half_width", input => Inputs.Fields(
            ("half_width", DiscreteDistributions.LaplaceHalfWidth(input.Number("scale"), input.Number("confidence")))));
        operations.Add("laplace/discrete_ci_half_width", input => DiscreteHalfWidth(
            input, Ratio(input, "scale"), DiscreteDistributions.DiscreteLaplaceHalfWidth, DiscreteDistributions.LaplaceCoverage));
        operations.Add("gaussian/discrete_ci_half_width", input => DiscreteHalfWidth(
            input, Ratio(input, "sigma2"), DiscreteDistributions.DiscreteGaussianHalfWidth, DiscreteDistributions.GaussianCoverage));
        operations.Add("gaussian/ci_half_width", input => Inputs.Fields(
            ("half_width", DiscreteDistributions.GaussianHalfWidth(input.Number("sigma"), input.Number("confidence")))));
        operations.Add("exact_sum/grid_sum", GridSum);
        operations.Add("exact_sum/noise_grid", NoiseGridOf);
        operations.Add("exact_sum/coarsen", input => Inputs.Fields(("result", NoiseGrid.Coarsen(input.Big("sum_units"), input.Whole("shift")))));
    }

    private static double Ratio(JsonElement input, string name) => Rounding.Nearest(input.Big(name + "_num"), input.Big(name + "_den"));

    /// <summary>The probabilities from k_min on, and the tail beyond the table's end.</summary>
    private static Dictionary<string, object?> Symmetric(
        JsonElement table, double parameter, Func<double, double, double> probability, Func<double, double, double> upperTail, Func<double, double> variance)
    {
        int first = table.Whole("k_min");
        int length = table.GetProperty("pmf").GetArrayLength();
        return Inputs.Fields(
            ("k_min", first),
            ("pmf", Enumerable.Range(first, length).Select(k => probability(parameter, k))),
            ("tail_each_side", upperTail(parameter, Enumerable.Range(first, length + 1).Last())),
            ("variance", variance(parameter)));
    }

    private static Dictionary<string, object?> GeometricExp(JsonElement input, JsonElement table)
    {
        double lambda = Ratio(input, "lambda");
        return Inputs.Fields(
            ("p0", DiscreteDistributions.GeometricProbability(lambda, 0)),
            ("mean", DiscreteDistributions.GeometricMean(lambda)),
            ("pmf", Enumerable.Range(0, table.GetProperty("pmf").GetArrayLength()).Select(k => DiscreteDistributions.GeometricProbability(lambda, k))));
    }

    private static Dictionary<string, object?> Scale(JsonElement input)
    {
        Sensitivity sensitivity = Sensitivity.PerPartition(NeighbouringRelation.AddOrRemoveOne, input.Whole("l0"), input.Number("linf"), 0);
        double scale = DiscreteDistributions.LaplaceScale(sensitivity.L1, input.Number("epsilon"));
        return Inputs.Fields(
            ("l1_sensitivity", sensitivity.L1), ("scale", scale), ("stddev", DiscreteDistributions.LaplaceStandardDeviation(scale)));
    }

    private static Dictionary<string, object?> DiscreteHalfWidth(
        JsonElement input, double parameter, Func<double, double, double> halfWidth, Func<double, double, double> coverage)
    {
        double width = halfWidth(parameter, input.Number("confidence"));
        return Inputs.Fields(("half_width", width), ("coverage", coverage(parameter, width)));
    }

    private static Dictionary<string, object?> GridSum(JsonElement input)
    {
        var grid = new ValueGrid(input.Number("lower"), input.Number("upper"), input.Whole("grid_exponent"));
        var sum = new System.Numerics.BigInteger(0);
        foreach (double value in input.Numbers("values"))
        {
            sum = System.Numerics.BigInteger.Add(sum, grid.ToUnits(value));
        }

        return Inputs.Fields(
            ("lower_units", grid.Lower), ("upper_units", grid.Upper), ("sum_units", sum), ("sum", grid.ToDouble(sum)),
            ("linf_units_per_value", grid.LargestMagnitude), ("half_range_units", grid.HalfRange));
    }

    private static Dictionary<string, object?> NoiseGridOf(JsonElement input)
    {
        NoiseGrid grid = NoiseGrid.Choose(input.Number("sensitivity"), input.Number("scale"));
        return Inputs.Fields(
            ("grid_exponent", grid.Exponent), ("sensitivity_units", grid.SensitivityUnits), ("relative_increase", grid.RelativeIncrease));
    }
}
