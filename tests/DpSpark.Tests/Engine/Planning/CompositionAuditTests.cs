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
        ["gdp", "gdp free", "pld laplace", "pld table", "joint", "joint weights", "joint weights laplace", "rounds", "rounds laplace", "rho", "replace gaussian", "replace laplace", "replace one sign", "basic"];

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

    [Theory]
    [InlineData("threshold of the next round")]
    [InlineData("threshold")]
    [InlineData("noise")]
    [InlineData("floor")]
    [InlineData("one round more")]
    [InlineData("one number")]
    [InlineData("no number")]
    [InlineData("no rounds")]
    [InlineData("no weights")]
    [InlineData("counts")]
    [InlineData("laplace")]
    [InlineData("grid")]
    [InlineData("more partitions")]
    [InlineData("not bounded")]
    [InlineData("rows as units")]
    [InlineData("released")]
    [InlineData("a keyset")]
    public void Recompute_RoundsThatAreWrongByOneStep_AreRejected(string wrong)
    {
        var plan = Planner.Plan(Request().Bounded(16, null, null).Private(Selection(SelectionStrategy.Sips)) with { Noise = NoiseChoice.Gaussian });
        var (last, selection) = (plan.Rounds[^1], plan.Rounds[^1].Selection!);
        var one = System.Numerics.BigInteger.One << -selection.NoiseGrid.BinaryExponent;
        IReadOnlyList<StageSpec> Last(StageSpec round) => [.. plan.Rounds.SkipLast(1), round];
        IReadOnlyList<StageSpec> Select(SelectionSpec spec) => Last(last with { Selection = spec });
        var first = plan.Rounds[0].Selection!;
        var changed = wrong switch
        {
            "threshold of the next round" => [plan.Rounds[0] with { Selection = first with { Threshold = InFirstGrid() } }, .. plan.Rounds.Skip(1)],
            // A fiftieth of the weight of one unit; sigma a part in a hundred narrower.
            "threshold" => Select(selection with { Threshold = selection.Threshold - (one / 50) }),
            "noise" => Select(selection with { Noise = selection.Noise! with { Numerator = selection.Noise.Numerator * 98 / 100 }, Threshold = selection.Threshold * 99 / 100 }),
            "floor" => Select(selection with { PreThreshold = 2 }),
            "one round more" => [.. plan.Rounds, last with { Selection = selection with { Round = 4 } }],
            "one number" => [.. plan.Rounds.Select(r => r with { Selection = r.Selection! with { Round = 1 } })],
            "no number" => Select(selection with { Round = 0 }),
            "no rounds" => [],
            "no weights" => Last(last with { Accumulators = [new() { Kind = AccumulatorKind.Count }] }),
            "counts" => Select(selection with { Strategy = SelectionStrategy.GaussianThreshold }),
            "laplace" => Select(selection with { Noise = selection.Noise! with { Kind = NoiseKind.DiscreteLaplace } }),
            "grid" => Select(selection with { NoiseGrid = selection.NoiseGrid.ShiftedBy(-1) }),
            "more partitions" => [.. plan.Rounds.Select(r => r with { MaxPartitionsContributed = 24 })],
            "not bounded" => Last(last with { MaxPartitionsContributed = null }),
            "rows as units" => Last(last with { UnitColumns = [] }),
            "released" => Last(last with { Nodes = [new() { Output = "w", Aggregate = AggregateKind.Count, Form = NodeForm.Direct, Draws = [] }] }),
            _ => Last(last with { PublicPartitions = true }),
        };

        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        Assert.False(PlanAudit.Recompute(plan with { Rounds = changed }).Holds);

        System.Numerics.BigInteger InFirstGrid()
        {
            var next = plan.Rounds[1].Selection!;
            return next.Threshold << (next.NoiseGrid.BinaryExponent - first.NoiseGrid.BinaryExponent);
        }
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
        "rounds" => request.Private(Selection(SelectionStrategy.Sips)) with { Noise = NoiseChoice.Gaussian },
        "rounds laplace" => request.Private(Selection(SelectionStrategy.Sips)) with { Noise = NoiseChoice.Laplace },
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
        SelectionSpec? Closer(SelectionSpec? selection) => selection is { Noise: { } noise } ? selection with { Noise = Narrower(noise) } : selection;
        return plan with
        {
            Spec = plan.Spec with { Nodes = [.. nodes], Selection = Closer(plan.Spec.Selection) },
            // A threshold that stays where it is would be passed less often, which is worth more than the noise costs.
            Rounds = [.. plan.Rounds.Select(r => r with { Selection = Closer(r.Selection)! with { Threshold = r.Selection!.Threshold * numerator / denominator } })],
        };
    }
}
