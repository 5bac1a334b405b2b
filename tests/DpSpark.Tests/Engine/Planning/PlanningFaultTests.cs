using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

public sealed class PlanningFaultTests
{
    public static TheoryData<string, string, string> Bad => new()
    {
        { "epsilon 0", "DPS2501", "privacy.epsilon" },
        { "epsilon tiny", "DPS2501", "privacy.epsilon" },
        { "epsilon huge", "DPS2501", "privacy.epsilon" },
        { "delta 1", "DPS2502", "privacy.delta" },
        { "no l0", "DPS2503", "privacy_unit" },
        { "no linf", "DPS2503", "privacy_unit" },
        { "l0 zero", "DPS2503", "privacy_unit.max_partitions_contributed" },
        { "selection without delta", "DPS2504", "privacy.delta" },
        { "gaussian without delta", "DPS2505", "privacy.noise" },
        { "own too much", "DPS2506", "privacy.epsilon" },
        { "nothing left", "DPS2507", "aggregates[1].budget" },
        { "same name", "DPS2508", "aggregates[1].as" },
        { "reserved name", "DPS2508", "aggregates[0].as" },
        { "name of a key", "DPS2508", "aggregates[0].as" },
        { "no bounds", "DPS2509", "aggregates[0]" },
        { "bounds crossed", "DPS2509", "aggregates[0].min_value" },
        { "both clamps", "DPS2509", "aggregates[0]" },
        { "bounds too large", "DPS2510", "aggregates[0]" },
        { "no column", "DPS2511", "aggregates[0]" },
        { "text column", "DPS2511", "aggregates[0]" },
        { "keyset and selection", "DPS2512", "keyset" },
        { "no partitions", "DPS2512", "keyset" },
        { "weight 0", "DPS2513", "aggregates[0].budget.weight" },
        { "own epsilon 0", "DPS2514", "aggregates[0].budget.epsilon" },
        { "ci 1", "DPS2515", "output.ci" },
        { "no aggregates", "DPS2516", "aggregates" },
        { "automatic bounds take all", "DPS2507", "privacy.epsilon" },
        { "pre_threshold 0", "DPS2516", "partition_selection.pre_threshold" },
        { "noise too wide", "DPS2518", "aggregates[0]" },
        { "delta too small", "DPS2517", "partition_selection" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Plan_BadRequest_NamesTheKeyAndTheWayOut(string what, string code, string path)
    {
        ArgumentNullException.ThrowIfNull(what);

        var exception = Assert.Throws<PlanningException>(() => Planner.Plan(Wrong(what)));

        Assert.Contains(exception.Faults, f => f.Code == code && f.Path == path);
        Assert.All(exception.Faults, f => Assert.NotEmpty(f.Fixes));
        Assert.Equal(ExitCodes.Usage, exception.ExitCode);
    }

    [Fact]
    public void Plan_SeveralFaults_AreReportedAtOnce()
    {
        var request = Request(Sum("whole", "5", "1", "a"), Count("a")) with { Epsilon = ExactDecimal.Zero };

        var exception = Assert.Throws<PlanningException>(() => Planner.Plan(request));

        Assert.Equal(["DPS2508", "DPS2509", "DPS2501"], exception.Faults.Select(f => f.Code));
    }

    [Theory]
    [InlineData("51", "0", "DPS3101")]
    [InlineData("1", "0.01", "DPS3103")]
    [InlineData("1", "1e-9", "DPS3109")]
    public void Plan_DoubtfulPrivacy_IsWarnedOf(string epsilon, string delta, string code)
    {
        var request = Request(Count()) with { Epsilon = Of(epsilon), Delta = Of(delta), Noise = delta == "0.01" ? NoiseChoice.Gaussian : NoiseChoice.Laplace };

        Assert.Contains(Planner.Plan(request).Diagnostics, d => d.Code == code && d.Fixes.Count > 0);
    }

    [Fact]
    public void Plan_BoundsFinerThanTheColumn_AreWarnedOf() =>
        Assert.Contains(Planner.Plan(Request(Sum("money", "0", "9.999"))).Diagnostics, d => d.Code == "DPS3107");

    [Fact]
    public void Plan_HopelessSum_IsWarnedOf() =>
        Assert.Contains(Planner.Plan(Request(Sum("whole", "0", "9", "x", Own("0.001")))).Diagnostics, d => d.Code == "DPS3106");

    private static ReleaseRequest Wrong(string what) => what switch
    {
        "epsilon 0" => Request(Count()) with { Epsilon = ExactDecimal.Zero },
        "epsilon tiny" => Request(Count()) with { Epsilon = Of("1e-16") },
        "epsilon huge" => Request(Count()) with { Epsilon = Of("1073741825") },
        "delta 1" => Request(Count()) with { Delta = ExactDecimal.One },
        "no l0" => Request(Count()).Bounded(null, 3, null),
        "no linf" => Request(Count()).Bounded(3, null, null),
        "l0 zero" => Request(Count()).Bounded(0, 3, null),
        "selection without delta" => Request(Count()).Private(Selection(), "0"),
        "gaussian without delta" => Request(Count()).Noisy(NoiseChoice.Gaussian, "0"),
        "own too much" => Request(Count("a", Own("0.6")), Units("b", Own("0.6"))).Bounded(1, 2, null),
        "nothing left" => Request(Count("a", Own("1")), Units("b")).Bounded(1, 2, null),
        "same name" => Request(Count("a"), Units("a")),
        "reserved name" => Request(Count("partition_selection")),
        "name of a key" => Request(Count("key")),
        "no bounds" => Request(Sum("whole", "0", "1") with { MaxValue = null }),
        "bounds crossed" => Request(Sum("whole", "2", "1")),
        "both clamps" => Request(Sum("whole", "0", "1") with { MinSumPerPartition = ExactDecimal.Zero, MaxSumPerPartition = ExactDecimal.One }),
        "bounds too large" => Request(Sum("money", "0", "1e17")),
        "no column" => Request(Sum("nowhere", "0", "1")),
        "text column" => Request(Sum("id", "0", "1")),
        "keyset and selection" => Request(Count()) with { Selection = Selection(), Delta = Of("1e-9") },
        "no partitions" => Request(Count()) with { Keyset = null },
        "weight 0" => Request(Count("a", Weight("0"))),
        "own epsilon 0" => Request(Count("a", Own("0"))),
        "ci 1" => Request(Count()) with { ConfidenceLevel = ExactDecimal.One },
        "no aggregates" => Request(),
        "automatic bounds take all" => Request(Sum("whole", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Own("1") }),
        "pre_threshold 0" => Request(Count()).Private(Selection(null, 0)),
        "noise too wide" => Request(Sum("whole", "0", "4e18")).Bounded(7, 1_000_000_000, null) with { Epsilon = Of("1e-15") },
        "delta too small" => Request(Count()).Private(Selection(SelectionStrategy.TruncatedGeometric), "1e-40"),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };
}
