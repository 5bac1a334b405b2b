using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// Counts, sums and means with Laplace noise: releases of neighbouring tables through the whole engine prove no more than epsilon 1, and prove more where a bound or the scale is off
/// by one step. False-alarm rate and power: see <see cref="AuditRun"/>.
/// </summary>
public sealed class LaplaceEpsilonTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Neighbours> s_all = new Neighbours[]
    {
        new()
        {
            Name = "count, one unit in more keys than L0",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.Count, "x")),
            Others = [.. Crowd(1, 5), .. Crowd(2, 5)],
            Unit = Added(2, 7),
            Keys = Keys(2),
            Base = 5,
            Change = 2,
            Doubles = [Wrongs.L0(2), Wrongs.Scale()],
        },
        new()
        {
            Name = "count, one unit with more rows than Linf",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.Count, "x")),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = 0.7,
            Doubles = [Wrongs.LInf(3), Wrongs.Scale()],
        },
        new()
        {
            Name = "privacy_id_count",
            Request = Request(3, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")),
            Others = [.. Crowd(1, 5), .. Crowd(2, 5)],
            Unit = Added(2, 4),
            Keys = Keys(2),
            Base = 5,
            Doubles = [Wrongs.L0(2), Wrongs.Scale()],
        },
        new()
        {
            Name = "sum of doubles, clamped by value",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5")),
            Others = [.. Crowd(1, 4, 0.25)],
            Unit = Added(1, 2, 1e300),
            Keys = Keys(1),
            Base = 1,
            Change = 5,
            Tight = 0.7,
            Doubles = [Wrongs.LInf(2), Wrongs.Clamp(), Wrongs.Scale()],
        },
        new()
        {
            Name = "sum of integers, clamped by value",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "whole", "-7", "3")),
            Others = [.. Crowd(1, 4, 0, 2)],
            Unit = Added(1, 2, 0, long.MinValue),
            Keys = Keys(1),
            Base = 8,
            Change = -7,
            Tight = 0.7,
            Doubles = [Wrongs.LInf(2), Wrongs.Clamp(), Wrongs.Scale()],
        },
        new()
        {
            Name = "sum of doubles, clamped by partition",
            Request = Request(3, 1, null, PartitionSum("x", "real", "-3", "5")),
            Others = [.. Crowd(1, 4, 0.25), .. Crowd(2, 4, 0.25)],
            Unit = Added(2, 9, 1e6),
            Keys = Keys(2),
            Base = 1,
            Change = 5,
            Doubles = [Wrongs.L0(2), Wrongs.Clamp(), Wrongs.Scale()],
        },
        new()
        {
            Name = "count, rows bounded in all",
            Request = Request(3, 1, null, Aggregate(AggregateKind.Count, "x")) with { Unit = new PrivacyUnitRequest { IdColumns = ["id"], MaxContributions = 1 } },
            Others = [.. Crowd(1, 5), .. Crowd(2, 5)],
            Unit = Added(2, 1),
            Keys = Keys(2),
            Base = 5,
            Doubles = [new("L1 is 2", s => s with { MaxContributions = 2 }, true), Wrongs.Scale()],
        },
        new()
        {
            Name = "count, each row a unit",
            Request = Request(3, 1, null, Aggregate(AggregateKind.Count, "x")) with { Unit = new PrivacyUnitRequest { IdColumns = [] } },
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 1),
            Keys = Keys(1),
            Base = 5,
            Tight = 0.7,
            Doubles = [Wrongs.Scale()],
        },
        new()
        {
            Name = "three outputs of one release",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.PrivacyIdCount, "x"), Aggregate(AggregateKind.Count, "rows"), Aggregate(AggregateKind.Sum, "total", "real", "-3", "5")),
            Others = [.. Crowd(1, 4, 0.25)],
            Unit = Added(1, 3, 1e300),
            Keys = Keys(1),
            Base = 4,
            More = [("rows", 4, 2), ("total", 1, 10)],
            Tight = 0.4,
            Doubles = [Wrongs.Scale()],
        },
        new()
        {
            // Many values at the lower bound make the mean proportional to the upper bin, which the unit's values at the upper bound move.
            Name = "mean in two bins",
            Request = Request(2, 1, 2, Aggregate(AggregateKind.Mean, "x", "whole", "0", "4")),
            Others = [.. Crowd(1, 30), .. Crowd(1, 30)],
            Unit = Added(1, 4, 0, 99),
            Keys = Keys(1),
            Base = 0,
            Change = 8.0 / 62,
            Tight = 0.6,
            Doubles = [Wrongs.LInf(4), Wrongs.Clamp(), Wrongs.Scale()],
        },
    }.ToDictionary(n => n.Name);

    public static TheoryData<string> Names => [.. s_all.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Release_NeighbouringInputs_KeepsTheClaimAndEveryWrongDoubleBreaksIt(string name) => AuditRun.CheckAll(s_all[name], output);
}
