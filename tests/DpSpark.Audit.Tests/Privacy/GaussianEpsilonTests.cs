using DpSpark.Core.Stages;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// The same with Gaussian noise. Delta is 0.1: at a small delta the noise is so wide that no number of releases that one can wait for would tell a sigma that is half as wide.
/// </summary>
public sealed class GaussianEpsilonTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Neighbours> s_all = new Neighbours[]
    {
        new()
        {
            Name = "gaussian count",
            Request = Request(4, 1, 2, Aggregate(AggregateKind.Count, "x")).Gaussian("0.1"),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 9),
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = 0.2,
            Doubles = [Wrongs.LInf(4), Wrongs.Scale()],
        },
        new()
        {
            Name = "gaussian privacy_id_count",
            Request = Request(4, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Gaussian("0.1"),
            Others = [],
            Unit = Added(4, 2),
            Keys = Keys(4),
            Doubles = [Wrongs.L0(4)],
        },
        new()
        {
            Name = "gaussian privacy_id_count, one key",
            Request = Request(4, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Gaussian("0.1"),
            Others = [],
            Unit = Added(1, 2),
            Keys = Keys(1),
            Tight = 0.2,
            Doubles = [Wrongs.Scale()],
        },
        new()
        {
            Name = "gaussian sum of doubles, rounded after summation",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5")).Gaussian("0.1"),
            Others = [.. Crowd(1, 4, 0.3)],
            Unit = Added(1, 2, 1e300),
            Keys = Keys(1),
            Base = 1.2,
            Change = 5,
            Tight = 0.2,
            Doubles = [Wrongs.LInf(2), Wrongs.Clamp(), Wrongs.Scale()],
        },
        new()
        {
            Name = "gaussian sum, clamped by partition",
            Request = Request(4, 1, null, PartitionSum("x", "real", "-3", "5")).Gaussian("0.1"),
            Others = [],
            Unit = Added(1, 3, double.PositiveInfinity),
            Keys = Keys(1),
            Change = 5,
            Tight = 0.2,
            Doubles = [Wrongs.Clamp(), Wrongs.Scale()],
        },
        new()
        {
            Name = "gaussian mean",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Mean, "x", "real", "0", "4")).Gaussian("0.1"),
            Others = [.. Crowd(1, 40)],
            Unit = Added(1, 3, 1e9),
            Keys = Keys(1),
            Base = 0,
            Change = 4.0 / 41,
            Doubles = [Wrongs.LInf(3), Wrongs.Scale(3)],
        },
    }.ToDictionary(n => n.Name);

    public static TheoryData<string> Names => [.. s_all.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Release_NeighbouringInputs_KeepsTheClaimAndEveryWrongDoubleBreaksIt(string name) => AuditRun.CheckAll(s_all[name], output);
}
