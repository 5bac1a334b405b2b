using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// Which keys are shown. A key that only the added unit has is shown with probability delta and never without the unit, which no epsilon excuses; a key on the edge of the threshold
/// is shown e^epsilon times as often with one more unit. Delta is 0.1 so that both can be measured with 10^4 releases.
/// </summary>
public sealed class SelectionEpsilonTests(ITestOutputHelper output)
{
    private const string Delta = "0.1";

    /// <summary>A count that takes almost nothing of the budget, so that all of the loss is the selection's.</summary>
    private static readonly AggregateRequest s_faint = Aggregate(AggregateKind.Count, "n", share: Own("0.001"));

    private static readonly Dictionary<string, Neighbours> s_all = new Neighbours[]
    {
        new()
        {
            Name = "truncated geometric, keys of one unit",
            Request = Request(0, 1, 1, s_faint).Private(SelectionStrategy.TruncatedGeometric, Delta),
            Others = [.. Crowd(9, 40)],
            Unit = Added(2, 3),
            Output = null,
            Keys = Keys(2),
            Doubles = [Wrongs.L0(2), Wrongs.Table()],
        },
        new()
        {
            Name = "truncated geometric, a key with one unit more",
            Request = Request(0, 1, 1, s_faint).Private(SelectionStrategy.TruncatedGeometric, "0.01"),
            Others = [.. Crowd(1, 3)],
            Unit = Added(1, 3),
            Output = null,
            Keys = Keys(1),
            Tight = 0.5,
        },
        new()
        {
            Name = "laplace threshold, keys of one unit",
            Request = Request(0, 1, 1, s_faint).Private(SelectionStrategy.LaplaceThreshold, Delta),
            Others = [.. Crowd(9, 40)],
            Unit = Added(2, 3),
            Output = null,
            Keys = Keys(2),
            Doubles = [Wrongs.Threshold()],
        },
        new()
        {
            Name = "laplace threshold with a pre-threshold",
            Request = Request(0, 1, 1, s_faint).Private(SelectionStrategy.LaplaceThreshold, Delta, 3),
            Others = [.. Crowd(1, 2)],
            Unit = Added(1, 3),
            Output = null,
            Keys = Keys(1),
            Doubles = [Wrongs.Threshold()],
        },
        new()
        {
            Name = "laplace threshold, a key with one unit more",
            Request = Request(0, 1, 1, s_faint).Private(SelectionStrategy.LaplaceThreshold, "0.01"),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 3),
            Output = null,
            Keys = Keys(1),
            Tight = 0.5,
            Doubles = [Wrongs.SelectionScale(3)],
        },
        new()
        {
            Name = "gaussian threshold, keys of one unit",
            Request = (Request(0, 1, 1, s_faint) with { Noise = NoiseChoice.Laplace }).Private(SelectionStrategy.GaussianThreshold, Delta),
            Others = [.. Crowd(9, 40)],
            Unit = Added(4, 3),
            Output = null,
            Keys = Keys(4),
            Doubles = [Wrongs.L0(4)],
        },
        new()
        {
            Name = "shared laplace count, keys of one unit",
            Request = Request(0, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Private(SelectionStrategy.LaplaceThreshold, Delta),
            Others = [.. Crowd(9, 40)],
            Unit = Added(2, 3),
            Keys = Keys(2),
            Doubles = [Wrongs.Threshold()],
        },
        new()
        {
            Name = "shared laplace count, a key with one unit more",
            Request = Request(0, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Private(SelectionStrategy.LaplaceThreshold, "0.001"),
            Others = [.. Crowd(1, 10)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 10,
            Tight = 0.7,
            Doubles = [Wrongs.Scale()],
        },
        new()
        {
            Name = "shared gaussian count, keys of one unit",
            Request = Request(0, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Gaussian(Delta).Private(SelectionStrategy.GaussianThreshold, Delta),
            Others = [.. Crowd(9, 40)],
            Unit = Added(4, 3),
            Keys = Keys(4),
            Doubles = [Wrongs.L0(4)],
        },
        new()
        {
            Name = "shared gaussian count, a key with one unit more",
            Request = Request(0, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Gaussian(Delta).Private(SelectionStrategy.GaussianThreshold, Delta),
            Others = [.. Crowd(1, 12)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 12,
            Doubles = [Wrongs.Scale(3)],
        },
    }.ToDictionary(n => n.Name);

    public static TheoryData<string> Names => [.. s_all.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Release_NeighbouringInputs_KeepsTheClaimAndEveryWrongDoubleBreaksIt(string name) => AuditRun.CheckAll(s_all[name], output);
}
