using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>Every branch of composition in the audit: what the planner makes holds, and the smallest plausible mistake does not.</summary>
public sealed class CompositionAuditTests
{
    private static readonly BudgetShare s_free = Even with { IsDefault = true };

    private static readonly ReleaseRequest s_base = Request(Units(), Count(), Sum("whole", "0", "60"), Mean("money", "0", "60")).Bounded(6, 2, null) with { Delta = Of("1e-6") };

    public static TheoryData<string> Plans =>
        ["gdp", "gdp free", "pld laplace", "pld table", "joint", "joint weights", "joint weights laplace", "rho", "replace gaussian", "replace laplace", "replace one sign", "basic"];

    [Theory]
    [MemberData(nameof(Plans))]
    public void Recompute_NoiseNarrowerByOnePartInAThousand_IsRejected(string name)
    {
        var plan = Planner.Plan(Named(name, s_base));

        Assert.True(PlanAudit.Recompute(plan).Holds, string.Join(' ', PlanAudit.Recompute(plan).Findings));
        if (name != "basic")
        {
            Assert.False(PlanAudit.Recompute(Scaled(plan, 998, 1000)).Holds);
        }
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void Recompute_OnePartitionMore_IsRejected(string name)
    {
        // sqrt(L0 / (L0 + 1)) of the noise that is needed, or L0 / (L0 + 1).
        var plan = Planner.Plan(Named(name, s_base));

        if (name != "basic")
        {
            Assert.False(PlanAudit.Recompute(plan with { Spec = plan.Spec with { MaxPartitionsContributed = 7 } }).Holds);
        }
    }

    [Theory]
    [InlineData("gdp")]
    [InlineData("pld laplace")]
    [InlineData("rho")]
    [InlineData("replace gaussian")]
    public void Recompute_MechanismUsedTwiceButPaidOnce_IsRejected(string name)
    {
        var plan = Planner.Plan(Named(name, s_base));
        var twice = plan.Spec.Nodes[0] with { Output = "again", Draws = [.. plan.Spec.Nodes[0].Draws.Select(d => d with { SharedWith = null })] };

        Assert.False(PlanAudit.Recompute(plan with { Spec = plan.Spec with { Nodes = [.. plan.Spec.Nodes, twice] } }).Holds);
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Recompute_ReplaceOneWithTheNoiseOfAddRemove_IsRejected(NoiseChoice noise)
    {
        var plan = Planner.Plan(s_base with { Noise = noise });

        Assert.False(PlanAudit.Recompute(plan with { Request = plan.Request with { Adjacency = NeighbouringRelation.ReplaceOne } }).Holds);
    }

    [Theory]
    [InlineData(SelectionStrategy.LaplaceThreshold)]
    [InlineData(SelectionStrategy.GaussianThreshold)]
    public void Recompute_ThresholdOneUnitOfCountLower_IsRejected(SelectionStrategy strategy)
    {
        var noise = strategy == SelectionStrategy.LaplaceThreshold ? NoiseChoice.Laplace : NoiseChoice.Gaussian;
        var plan = Planner.Plan(s_base.Private(Selection(strategy)) with { Noise = noise });
        var selection = plan.Spec.Selection!;
        var one = System.Numerics.BigInteger.One << -selection.NoiseGrid.BinaryExponent;

        Assert.True(PlanAudit.Recompute(plan).Holds);
        Assert.False(PlanAudit.Recompute(plan with { Spec = plan.Spec with { Selection = selection with { Threshold = selection.Threshold - one } } }).Holds);
    }

    [Theory]
    [InlineData("threshold")]
    [InlineData("noise")]
    [InlineData("floor")]
    [InlineData("counts")]
    [InlineData("grid")]
    [InlineData("no weights")]
    [InlineData("two sums")]
    [InlineData("released")]
    [InlineData("laplace")]
    [InlineData("more partitions")]
    public void Recompute_WeightsThatAreWrongByOneStep_AreRejected(string wrong)
    {
        var plan = Planner.Plan(Request().Bounded(16, null, null).Private(Selection(SelectionStrategy.WeightedGaussian)) with { Noise = NoiseChoice.Gaussian });
        var (spec, selection) = (plan.Spec, plan.Spec.Selection!);
        var one = System.Numerics.BigInteger.One << -selection.NoiseGrid.BinaryExponent;
        var weight = spec.Accumulators.Single();
        var changed = wrong switch
        {
            // A thousandth of the weight of one unit; sigma a part in a thousand narrower.
            "threshold" => spec with { Selection = selection with { Threshold = selection.Threshold - (one / 1000) } },
            "noise" => spec with { Selection = selection with { Noise = selection.Noise! with { Numerator = selection.Noise.Numerator * 998 / 1000 } } },
            "floor" => spec with { Selection = selection with { PreThreshold = 2 } },
            "counts" => spec with { Selection = selection with { Strategy = SelectionStrategy.GaussianThreshold } },
            "grid" => spec with { Selection = selection with { NoiseGrid = selection.NoiseGrid.ShiftedBy(-1) } },
            "no weights" => spec with { Accumulators = [new() { Kind = AccumulatorKind.Count }] },
            "two sums" => spec with { Accumulators = [weight, weight] },
            "released" => spec with { Nodes = [new() { Output = "w", Aggregate = AggregateKind.Count, Form = NodeForm.Direct, Draws = [new() { Part = "count", Terms = [new(0, 1)], Noise = selection.Noise! }] }] },
            "laplace" => spec with { Selection = selection with { Noise = selection.Noise! with { Kind = NoiseKind.DiscreteLaplace } } },
            _ => spec with { MaxPartitionsContributed = 17 },
        };

        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        Assert.False(PlanAudit.Recompute(plan with { Spec = changed }).Holds);
    }

    [Fact]
    public void Recompute_EpsilonSmallerThanWhatRhoIs_IsRejected()
    {
        var plan = Planner.Plan(Named("rho", s_base));

        Assert.False(PlanAudit.Recompute(plan with { Epsilon = Of("0.5") }).Holds);
        Assert.False(PlanAudit.Recompute(plan with { Request = plan.Request with { Rho = Of("0.019") } }).Holds);
    }

    [Fact]
    public void Plan_ReplaceOne_CostsWhatTheNormsSay()
    {
        double Deviation(NeighbouringRelation relation, NoiseChoice noise, string low) =>
            Planner.Plan(Request(Sum("whole", low, "60")).Bounded(6, 2, null).Noisy(noise) with { Adjacency = relation }).Spec.Nodes[0].Draws[0].StandardDeviation;
        double Ratio(NoiseChoice noise, string low) => Deviation(NeighbouringRelation.ReplaceOne, noise, low) / Deviation(NeighbouringRelation.AddOrRemoveOne, noise, low);

        // Values of one sign cannot move a number by more than sqrt(2) of the norm; values of both by 2. Laplace noise: 2.
        Assert.Equal(Math.Sqrt(2), Ratio(NoiseChoice.Gaussian, "0"), 1e-3);
        Assert.Equal(2, Ratio(NoiseChoice.Gaussian, "-60"), 1e-3);
        Assert.Equal(2, Ratio(NoiseChoice.Laplace, "0"), 0.03);
    }

    [Theory]
    [InlineData("accountant")]
    [InlineData("private")]
    [InlineData("rho private")]
    public void Plan_DefinitionsThatDoNotGoTogether_AreRefused(string what)
    {
        var request = what switch
        {
            "accountant" => s_base with { Rho = Of("0.1") },
            "private" => s_base.Private(Selection()) with { Adjacency = NeighbouringRelation.ReplaceOne },
            _ => s_base.Private(Selection()) with { Rho = Of("0.1"), Accountant = AccountantChoice.Zcdp },
        };

        Assert.Contains(Assert.Throws<PlanningException>(() => Planner.Plan(request)).Faults, f => f.Code == "DPS2525");
    }

    [Fact]
    public void Plan_TenGaussianSums_NeedAThirdOfTheNoiseOfBasicComposition()
    {
        var request = Request([.. Enumerable.Range(0, 10).Select(i => Sum("whole", "0", $"{10 + i}", $"s{i}"))]).Noisy(NoiseChoice.Gaussian);
        double Deviation(AccountantChoice accountant) => Planner.Plan(request with { Accountant = accountant }).Spec.Nodes[0].Draws[0].StandardDeviation;

        // dp-math 5.9: 41.33 against 13.36.
        Assert.Equal(13.36 / 41.33, Deviation(AccountantChoice.Pld) / Deviation(AccountantChoice.Basic), 1e-3);
    }

    private static ReleaseRequest Named(string name, ReleaseRequest request) => name switch
    {
        "gdp" => request with { Noise = NoiseChoice.Gaussian },
        "gdp free" => request with { Noise = NoiseChoice.Gaussian, Aggregates = [.. request.Aggregates.Select(a => a with { Budget = s_free })] },
        "pld laplace" => request with { Noise = NoiseChoice.Laplace },
        "pld table" => request.Private(Selection(SelectionStrategy.TruncatedGeometric)) with { Noise = NoiseChoice.Gaussian },
        "joint" => request.Private(Selection(SelectionStrategy.GaussianThreshold)) with { Noise = NoiseChoice.Gaussian },
        "joint weights" => request.Private(Selection(SelectionStrategy.WeightedGaussian)) with { Noise = NoiseChoice.Gaussian },
        "joint weights laplace" => request.Private(Selection(SelectionStrategy.WeightedGaussian)) with { Noise = NoiseChoice.Laplace },
        "rho" => request with { Noise = NoiseChoice.Gaussian, Accountant = AccountantChoice.Zcdp, Rho = Of("0.02"), Epsilon = Of("1.06") },
        "replace gaussian" => request with { Noise = NoiseChoice.Gaussian, Adjacency = NeighbouringRelation.ReplaceOne },
        "replace laplace" => request with { Noise = NoiseChoice.Laplace, Adjacency = NeighbouringRelation.ReplaceOne },
        "replace one sign" => request with { Noise = NoiseChoice.Gaussian, Adjacency = NeighbouringRelation.ReplaceOne, Aggregates = [request.Aggregates[2]] },
        _ => request with { Noise = NoiseChoice.Gaussian, Accountant = AccountantChoice.Basic },
    };

    /// <summary>All noise narrower by a factor of the standard deviation.</summary>
    private static ReleasePlan Scaled(ReleasePlan plan, int numerator, int denominator)
    {
        NoiseSpec Narrower(NoiseSpec noise) => noise.Kind == NoiseKind.DiscreteLaplace
            ? noise with { Numerator = noise.Numerator * numerator, Denominator = noise.Denominator * denominator }
            : noise with { Numerator = noise.Numerator * numerator * numerator, Denominator = noise.Denominator * denominator * denominator };
        var nodes = plan.Spec.Nodes.Select(n => n with { Draws = [.. n.Draws.Select(d => d with { Noise = Narrower(d.Noise) })] });
        var selection = plan.Spec.Selection is { Noise: { } noise } spec ? spec with { Noise = Narrower(noise) } : plan.Spec.Selection;
        return plan with { Spec = plan.Spec with { Nodes = [.. nodes], Selection = selection } };
    }
}
