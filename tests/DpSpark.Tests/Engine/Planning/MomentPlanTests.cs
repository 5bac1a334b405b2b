using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>Aggregates that share what is drawn: what is drawn, that it is paid for, and that the smallest plausible mistake is found.</summary>
public sealed class MomentPlanTests
{
    private static readonly BudgetShare s_free = new(ExactDecimal.One) { IsDefault = true };

    public static TheoryData<string, NoiseChoice> Shapes()
    {
        var data = new TheoryData<string, NoiseChoice>();
        foreach (var name in new[] { "moments", "variance", "stddev", "histogram", "l1", "l2", "linf", "covariance", "pair", "count and sum", "wide", "joint bound" })
        {
            data.Add(name, NoiseChoice.Laplace);
            data.Add(name, NoiseChoice.Gaussian);
            data.Add(name, NoiseChoice.Auto);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_IsAudited_AndItsMistakesAreFound(string shape, NoiseChoice noise)
    {
        var plan = Planner.Plan(Shape(shape).Noisy(noise));
        var audit = PlanAudit.Recompute(plan);
        Assert.True(audit.Holds, string.Join(" ", audit.Findings));

        foreach (var (node, draw) in plan.Spec.Nodes.SelectMany((n, i) => Enumerable.Range(0, n.Draws.Count).Select(d => (i, d))))
        {
            if (plan.Spec.Nodes[node].Draws[draw].SharedWith is not null)
            {
                continue;
            }

            // Half of the noise; twice the number that it is added to.
            Assert.False(Holds(plan, node, draw, d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator * (d.Noise.Kind == NoiseKind.DiscreteLaplace ? 2 : 4) } }), "half the noise");
            Assert.False(Holds(plan, node, draw, d => d with { Terms = [.. d.Terms.Select(t => t with { Coefficient = 2 * t.Coefficient })] }), "twice the number");
        }
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Plan_SquaresWithTheNoiseOfTheSum_AreFound(NoiseChoice noise)
    {
        // The squares' range is the sum's times the width: W² and not W.
        var plan = Planner.Plan(Request(Of(AggregateKind.Variance, "v", "whole", "0", "10")).Noisy(noise));
        var node = plan.Spec.Nodes[0];
        var last = noise == NoiseChoice.Laplace ? 2 : 1;
        Assert.False(Holds(plan, 0, last, d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator * (noise == NoiseChoice.Laplace ? 10 : 100) } }));
        Assert.Contains(node.Draws[last].Terms, t => plan.Spec.Accumulators[t.Accumulator].Kind == AccumulatorKind.Square);
    }

    [Fact]
    public void Plan_BinsWithoutTheCount_AreFound()
    {
        // w² without the count's part of (W - w)²: the bins no longer sum to a constant.
        var plan = Planner.Plan(Request(Of(AggregateKind.Variance, "v", "whole", "2", "10")));
        var count = plan.Spec.Accumulators.ToList().FindIndex(a => a.Kind == AccumulatorKind.Count);
        Assert.False(Holds(plan, 0, 0, d => d with { Terms = [.. d.Terms.Where(t => t.Accumulator != count)] }));
    }

    [Fact]
    public void Plan_UncentredSquares_AreFound()
    {
        var plan = Planner.Plan(Request(Of(AggregateKind.Variance, "v", "whole", "2", "10")).Noisy(NoiseChoice.Gaussian));
        var square = plan.Spec.Accumulators.ToList().FindIndex(a => a.Kind == AccumulatorKind.Square);
        Assert.False(Holds(plan, 0, 1, d => d with { Terms = [.. d.Terms.Select(t => t.Accumulator == square ? t with { Coefficient = -t.Coefficient } : t)] }));
    }

    [Fact]
    public void Plan_MaximumNormForEuclidean_IsFound()
    {
        // sqrt(dimension) is missing when a vector clipped by coordinates is taken for one clipped by length.
        var plan = Planner.Plan(Shape("l2").Noisy(NoiseChoice.Gaussian));
        var wrong = plan with
        {
            Spec = plan.Spec with { Accumulators = [.. plan.Spec.Accumulators.Select(a => a.Norm is null ? a : a with { Norm = VectorNorm.LInf })] },
        };
        Assert.False(PlanAudit.Recompute(wrong).Holds);
    }

    [Fact]
    public void Plan_BinDrawnTwice_IsFound()
    {
        var plan = Planner.Plan(Shape("histogram"));
        var nodes = plan.Spec.Nodes.ToList();
        nodes[1] = nodes[1] with { Draws = [nodes[1].Draws[0] with { Terms = nodes[0].Draws[0].Terms }] };
        Assert.False(PlanAudit.Recompute(plan with { Spec = plan.Spec with { Nodes = nodes } }).Holds);
    }

    [Fact]
    public void Plan_CountSumMeanVariance_TakesThreeQuartersOfTheErrorOfSplitting()
    {
        var plan = Planner.Plan(Shape("moments"));
        var bins = plan.Spec.Nodes[0];
        Assert.All(plan.Spec.Nodes, n => Assert.Equal(MomentBasis.Bins3, n.Basis));
        Assert.All(plan.Spec.Nodes.Skip(1).SelectMany(n => n.Draws), d => Assert.Equal("rows", d.SharedWith));

        // Three bins at the whole epsilon: l = L0. Splitting gives count, sum and squares a third each.
        var unit = bins.Draws[0].StandardDeviation / (60.0 * 60.0);
        Assert.InRange(unit, 0.99 * Math.Sqrt(2) * 4, 1.01 * Math.Sqrt(2) * 4);
        Assert.True(Math.Sqrt(3) * unit <= 0.75 * 3 * Math.Sqrt(2) * 4, "count");
    }

    [Fact]
    public void Plan_GaussianVariance_CostsWhatTheMeanCosts()
    {
        var mean = Planner.Plan(Request(Of(AggregateKind.Mean, "m", "money", "0", "60")).Noisy(NoiseChoice.Gaussian));
        var variance = Planner.Plan(Request(Of(AggregateKind.Variance, "v", "money", "0", "60")).Noisy(NoiseChoice.Gaussian));
        Assert.Equal(["ns", "count"], mean.Spec.Nodes[0].Draws.Select(d => d.Part));
        Assert.Equal(["ns", "sq", "count"], variance.Spec.Nodes[0].Draws.Select(d => d.Part));
        Assert.InRange(variance.Spec.Nodes[0].Draws[0].StandardDeviation / mean.Spec.Nodes[0].Draws[0].StandardDeviation, 0.9, 1.4);
    }

    [Fact]
    public void Plan_HistogramOfManyBins_HasTheNoiseOfACount()
    {
        var edges = Enumerable.Range(0, 41).Select(i => ExactDecimal.Create(i, 0)).ToList();
        var plan = Planner.Plan(Request(new AggregateRequest { Kind = AggregateKind.Histogram, Output = "h", Column = "whole", Edges = edges, Budget = s_free }).Bounded(4, 3, null));
        Assert.Equal(40, plan.Spec.Nodes.Count);
        Assert.Equal("h_39", plan.Spec.Nodes[39].Output);
        Assert.All(plan.Spec.Nodes, n => Assert.Equal(new BigInteger(12), n.Draws[0].Noise.Numerator));
        Assert.Equal(40, plan.Mechanisms.Select(m => m.Node).Distinct().Count());
    }

    [Fact]
    public void Plan_EqualBounds_ArePublic()
    {
        var plan = Planner.Plan(Request(Of(AggregateKind.Variance, "v", "whole", "5", "5"), Of(AggregateKind.Stddev, "s", "real", "2", "2"), Count()));
        Assert.All(plan.Spec.Nodes.Take(2), n => Assert.Equal((NodeForm.Constant, 0L, 0L), (n.Form, n.Lower, n.Upper)));
    }

    [Fact]
    public void Plan_WideColumn_IsSquaredOnACoarserGrid()
    {
        var plan = Planner.Plan(Shape("wide"));
        var square = plan.Spec.Accumulators.Single(a => a.Kind == AccumulatorKind.Square);
        Assert.InRange(square.Upper - square.Lower, 1L << 29, 1L << 31);
        Assert.True(square.Grid.BinaryExponent > 0);
    }

    [Theory]
    [InlineData("edges fall", "DPS2530")]
    [InlineData("one edge", "DPS2530")]
    [InlineData("no norm", "DPS2531")]
    [InlineData("one column", "DPS2531")]
    [InlineData("low above high", "DPS2509")]
    [InlineData("text column", "DPS2511")]
    [InlineData("taken name", "DPS2508")]
    public void Plan_Faulty_IsRefused(string what, string code)
    {
        AggregateRequest[] aggregates = what switch
        {
            "edges fall" => [Histogram("0", "3", "2")],
            "one edge" => [Histogram("0")],
            "no norm" => [Vector(VectorNorm.L2) with { Norm = null }],
            "one column" => [Pair() with { Columns = ["whole", "whole"] }],
            "low above high" => [Pair() with { MinValues = [Requests.Of("5"), Requests.Of("99")] }],
            "text column" => [Histogram("0", "1") with { Column = "id" }],
            _ => [Histogram("0", "1"), Count("h_0")],
        };
        var fault = Assert.Throws<PlanningException>(() => Planner.Plan(Request(aggregates)));
        Assert.Contains(fault.Faults, f => f.Code == code);
    }

    private static AggregateRequest Histogram(params string[] edges) =>
        new() { Kind = AggregateKind.Histogram, Output = "h", Column = "real", Edges = [.. edges.Select(Requests.Of)], Budget = s_free };

    private static AggregateRequest Vector(VectorNorm norm) =>
        new() { Kind = AggregateKind.VectorSum, Output = "v", Columns = ["real", "whole", "money"], Norm = norm, MaxNorm = Requests.Of("12.5"), Budget = s_free };

    private static AggregateRequest Pair() => new()
    {
        Kind = AggregateKind.Covariance,
        Output = "cov",
        Columns = ["real", "money"],
        MinValues = [Requests.Of("-3"), Requests.Of("0")],
        MaxValueList = [Requests.Of("5"), Requests.Of("60")],
        Budget = s_free,
    };

    private static AggregateRequest Of(AggregateKind kind, string name, string column, string low, string high) =>
        new() { Kind = kind, Output = name, Column = column, MinValue = Requests.Of(low), MaxValue = Requests.Of(high), Budget = s_free };

    private static ReleaseRequest Shape(string name)
    {
        AggregateRequest count = Count(share: s_free);
        return name switch
        {
            "moments" => Request(count, Of(AggregateKind.Sum, "s", "whole", "0", "60"), Of(AggregateKind.Mean, "m", "whole", "0", "60"), Of(AggregateKind.Variance, "v", "whole", "0", "60")),
            "variance" => Request(Of(AggregateKind.Variance, "v", "real", "-2", "7.5")).Bounded(4, 3, null),
            "stddev" => Request(count, Units(share: s_free), Of(AggregateKind.Stddev, "d", "money", "0", "60"), Of(AggregateKind.Mean, "m", "money", "0", "60")),
            "histogram" => Request(Histogram("-1", "0.5", "2", "9"), count).Bounded(4, 3, null),
            "l1" => Request(Vector(VectorNorm.L1)).Bounded(4, 3, null),
            "l2" => Request(Vector(VectorNorm.L2), count),
            "linf" => Request(Vector(VectorNorm.LInf)),
            "covariance" => Request(Pair()).Bounded(4, 2, null),
            "pair" => Request(Pair(), Of(AggregateKind.Variance, "v", "real", "-3", "5"), Of(AggregateKind.Mean, "m", "money", "0", "60"), count),
            "count and sum" => Request(count, Units(share: s_free), Of(AggregateKind.Sum, "s", "real", "0", "60")),
            "wide" => Request(Of(AggregateKind.Variance, "v", "whole", "-40000000000", "90000000000")),
            _ => Request(count, Of(AggregateKind.Variance, "v", "real", "0", "1"), Histogram("0", "1", "2")).Bounded(null, null, 5),
        };
    }

    private static bool Holds(ReleasePlan plan, int node, int draw, Func<DrawSpec, DrawSpec> change)
    {
        var nodes = plan.Spec.Nodes.ToList();
        var original = nodes[node].Draws[draw];
        var changed = change(original);
        var draws = nodes[node].Draws.ToList();
        draws[draw] = changed;
        nodes[node] = nodes[node] with { Draws = draws };
        for (var n = 0; n < nodes.Count; n++)
        {
            // Those that use the number see the same change, so that only its cost is wrong.
            nodes[n] = nodes[n] with
            {
                Draws = [.. nodes[n].Draws.Select(d => d.SharedWith == nodes[node].Output && d.Part == original.Part ? change(d) : d)],
            };
        }

        return PlanAudit.Recompute(plan with { Spec = plan.Spec with { Nodes = nodes } }).Holds;
    }
}
