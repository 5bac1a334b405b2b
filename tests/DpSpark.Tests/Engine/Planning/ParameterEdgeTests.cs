using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Tests.Jobs.Manifest;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>The edges of every parameter's domain, through the manifest, the C# API and the planner itself: what lies within is planned, what lies outside is refused with a code and a way out.</summary>
public sealed class ParameterEdgeTests
{
    /// <summary>2^-50, exactly.</summary>
    private const string Smallest = "8.8817841970012523233890533447265625e-16";

    [Theory]
    [InlineData(Smallest)]
    [InlineData("1073741824")]
    [InlineData("50")]
    public void Epsilon_AtTheEndsOfItsDomain_IsPlannedEverywhere(string epsilon)
    {
        var plan = Planner.Plan(Request(Count()) with { Epsilon = Of(epsilon) });

        Assert.True(plan.Epsilon <= Of(epsilon) && plan.Epsilon.Sign > 0);
        Assert.NotNull(Manifest("epsilon: \"1.0\"", $"epsilon: \"{epsilon}\"").Job);
        Assert.DoesNotContain(plan.Diagnostics, d => d.Code == "DPS3101" && epsilon == "50");
    }

    [Theory]
    [InlineData("8.8817841970012523233890533447265624e-16")]
    [InlineData("1073741824.0000001")]
    [InlineData("0")]
    [InlineData("-0.5")]
    public void Epsilon_OutsideOfItsDomain_IsRefusedEverywhere(string epsilon)
    {
        AssertRefused(Request(Count()) with { Epsilon = Of(epsilon) }, "DPS2501", "privacy.epsilon");
        AssertRefused(Request(Count("a", Own(epsilon))), "DPS2514", "aggregates[0].budget.epsilon");
        AssertRefused(Manifest("epsilon: \"1.0\"", $"epsilon: \"{epsilon}\""), "DPS2013");
        AssertRefused(Job().Privacy(Budget.Pure(epsilon)), "DPS2013");
    }

    [Theory]
    [InlineData("50.1", true)]
    [InlineData("50", false)]
    public void Epsilon_AboveFifty_IsWarnedOf(string epsilon, bool warned) =>
        Assert.Equal(warned, Planner.Plan(Request(Count()) with { Epsilon = Of(epsilon) }).Diagnostics.Any(d => d.Code == "DPS3101" && d.Fixes.Count > 0));

    [Theory]
    [InlineData("0.0010001", true)]
    [InlineData("0.001", false)]
    public void Delta_AboveAThousandth_IsWarnedOf(string delta, bool warned) =>
        Assert.Equal(warned, Planner.Plan(Request(Count()).Noisy(NoiseChoice.Gaussian, delta)).Diagnostics.Any(d => d.Code == "DPS3103" && d.Fixes.Count > 0));

    [Theory]
    [InlineData("1")]
    [InlineData("-1e-30")]
    public void Delta_OutsideOfItsDomain_IsRefusedEverywhere(string delta)
    {
        AssertRefused(Request(Count()) with { Delta = Of(delta) }, "DPS2502", "privacy.delta");
        AssertRefused(Request(Count("a", Own("0.1", delta))), "DPS2514", "aggregates[0].budget.delta");
        AssertRefused(Manifest("delta: \"0\"", $"delta: \"{delta}\""), "DPS2013");
        AssertRefused(Job().Privacy(Budget.Approximate(1, delta)), "DPS2013");
    }

    [Fact]
    public void Delta_Zero_RefusesGaussianNoiseAndSelectionEverywhere()
    {
        AssertRefused(Request(Count()).Noisy(NoiseChoice.Gaussian, "0"), "DPS2505", "privacy.noise");
        AssertRefused(Request(Count()).Private(Selection(), "0"), "DPS2504", "privacy.delta");
        AssertRefused(Manifest("noise: laplace", "noise: gaussian"), "DPS2027");
        AssertRefused(Job().Privacy(Budget.Pure(1), Noise.Gaussian), "DPS2027");
        Assert.All(Planner.Plan(Request(Count()).Noisy(NoiseChoice.Auto, "0")).Mechanisms, m => Assert.Equal("discrete_laplace", m.Mechanism));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_NotFinite_AreRefused(double value)
    {
        AssertRefused(Job().Privacy(Budget.Pure(value)), "DPS2013");
        AssertRefused(Job().Privacy(Budget.Approximate(1, value)), "DPS2013");
        foreach (var word in new[] { ".nan", ".inf", "-.inf", "NaN" })
        {
            AssertRefused(Manifest("budget: { weight: 2 }", $"budget: {{ weight: {word} }}"), "DPS2013");
            AssertRefused(Manifest("min_value: 0", $"min_value: {word}"), "DPS2013");
            AssertRefused(Manifest("epsilon: \"1.0\"", $"epsilon: {word}"), "DPS2013");
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-2")]
    public void Weight_NotAboveZero_IsRefusedEverywhere(string weight)
    {
        AssertRefused(Request(Count("a", Weight(weight))), "DPS2513", "aggregates[0].budget.weight");
        AssertRefused(Request(Count()).Private(Selection(null, 1, Weight(weight))), "DPS2513", "partition_selection.weight");
        AssertRefused(Manifest("budget: { weight: 2 }", $"budget: {{ weight: {weight} }}"), "DPS2013");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Bounds_BelowOne_AreRefused(int bound)
    {
        AssertRefused(Request(Count()).Bounded(bound, 1, null), "DPS2503", "privacy_unit.max_partitions_contributed");
        AssertRefused(Request(Count()).Bounded(1, bound, null), "DPS2503", "privacy_unit.max_contributions_per_partition");
        AssertRefused(Request(Count()).Bounded(null, null, bound), "DPS2503", "privacy_unit.max_contributions");
        AssertRefused(Manifest("max_partitions_contributed: 4", $"max_partitions_contributed: {bound}"), "DPS2013");
        AssertRefused(Manifest("max_contributions_per_partition: 1", $"max_contributions_per_partition: {bound}"), "DPS2013");
    }

    [Fact]
    public void Bounds_OfTwoToTheThirtyOneLessOne_ArePlanned()
    {
        Assert.NotEmpty(Planner.Plan(Request(Count()).Bounded(int.MaxValue, int.MaxValue, null)).Mechanisms);
        Assert.NotEmpty(Planner.Plan(Request(Count()).Bounded(null, null, int.MaxValue)).Mechanisms);
        Assert.NotNull(Manifest("max_partitions_contributed: 4", "max_partitions_contributed: 2147483647").Job);
        AssertRefused(Manifest("max_partitions_contributed: 4", "max_partitions_contributed: 2147483648"), "DPS2013");
    }

    [Fact]
    public void L0_AboveTheKeyset_IsTheKeysetsAndSaysSo()
    {
        var plan = Planner.Plan(Request(Count()).Bounded(1000, 1, null));

        Assert.Equal(Planner.Plan(Request(Count()).Bounded(7, 1, null)).Mechanisms[0].Noise, plan.Mechanisms[0].Noise);
        Assert.Contains(plan.Diagnostics, d => d.Code == "DPS3104");
        Assert.NotEqual(Planner.Plan(Request(Count()).Bounded(6, 1, null)).Mechanisms[0].Noise, plan.Mechanisms[0].Noise);
    }

    [Fact]
    public void Values_WithEqualBounds_CostNothingOrACount()
    {
        var sum = Planner.Plan(Request(Count("rows"), Sum("whole", "5", "5", "five")));
        var mean = Planner.Plan(Request(Count("rows"), Mean("whole", "5", "5", "five")));

        // Five times a noisy count: the noise of the count, five times as wide; and the value itself.
        Assert.Contains(sum.Diagnostics, d => d.Code == "DPS3108");
        Assert.InRange(Planner.Plan(Request(Sum("whole", "5", "5", "five"))).Mechanisms[0].StandardDeviation / Planner.Plan(Request(Count())).Mechanisms[0].StandardDeviation, 5, 5.02);
        Assert.Contains(mean.Mechanisms, m => m.Node == "five" && m.Mechanism == "public_value" && m.Epsilon.Sign == 0);
        Assert.Equal(Planner.Plan(Request(Count("rows"))).Mechanisms[0].Noise, mean.Mechanisms.First(m => m.Node == "rows").Noise);
        AssertRefused(Request(Sum("whole", "5", "4.99")), "DPS2509", "aggregates[0].min_value");
        AssertRefused(Manifest("min_value: 0, max_value: 60", "min_value: 60, max_value: 0"), "DPS2020");
    }

    private static DpJob Job() => House.Snippets.Build();

    private static ManifestResult Manifest(string there, string instead)
    {
        Assert.Contains(there, SampleJobs.Restaurant, StringComparison.Ordinal);
        return ManifestReader.ReadText(SampleJobs.Restaurant.Replace(there, instead, StringComparison.Ordinal));
    }

    private static void AssertRefused(ReleaseRequest request, string code, string path)
    {
        var exception = Assert.Throws<PlanningException>(() => Planner.Plan(request));
        Assert.Contains(exception.Faults, f => f.Code == code && f.Path == path && f.Fixes.Count > 0);
    }

    private static void AssertRefused(ManifestResult result, string code)
    {
        Assert.Null(result.Job);
        Assert.Contains(result.Diagnostics, d => d.Code == code && d.Fixes.Count > 0);
    }

    private static void AssertRefused(DpJob job, string code) =>
        Assert.Contains(Assert.Throws<ManifestException>(job.ToManifest).Diagnostics, d => d.Code == code && d.Fixes.Count > 0);
}
