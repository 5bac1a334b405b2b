using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>
/// Every aggregate, selection and choice under every accountant: the plan keeps its claim by the audit, and the same plan with the smallest plausible mistake does not. A new accountant,
/// aggregate or rule of selection is looked at without being named here, or fails until it can be.
/// </summary>
/// <remarks>
/// Accountant basic adds epsilons and deltas, and zcdp converts with a loss, several times over for Laplace noise: a plan of theirs may keep its claim with a small mistake in it, and the audit,
/// which composes exactly, says so rightly. Steps by one are therefore taken where the plan uses its budget up (pld, a rho that is compared as such, one mechanism under basic), factors of 2
/// everywhere but under zcdp with Laplace noise and no rho.
/// </remarks>
public class PlanMistakeTests
{
    private const string Delta = "1e-6";

    private static readonly (string Name, Func<StageSpec, StageSpec> Change)[] s_doubling =
    [
        ("noise of half the scale", s => s with
        {
            Nodes = [.. s.Nodes.Select(n => n with { Draws = [.. n.Draws.Select(d => d with { Noise = Half(d.Noise) })] })],
            Trees = [.. s.Trees.Select(t => t with { Levels = [.. t.Levels.Select(l => l with { Noise = Half(l.Noise) })] })],
        }),
        ("rows counted once that come twice", s => s with { MaxContributionsPerPartition = 2 * s.MaxContributionsPerPartition, MaxPartitionsContributed = 2 * s.MaxPartitionsContributed }),
    ];

    private static readonly (string Name, Func<StageSpec, StageSpec> Change)[] s_steps =
    [
        ("one partition more", s => s with { MaxPartitionsContributed = s.MaxPartitionsContributed + 1 }),
    ];

    public static TheoryData<AggregateKind, NoiseChoice, string> Aggregates
    {
        get
        {
            var cases = new TheoryData<AggregateKind, NoiseChoice, string>();
            foreach (AggregateKind kind in Enum.GetValues<AggregateKind>())
            {
                foreach (NoiseChoice noise in new[] { NoiseChoice.Laplace, NoiseChoice.Gaussian })
                {
                    foreach (string accountant in Accountants)
                    {
                        cases.Add(kind, noise, accountant);
                    }
                }
            }

            return cases;
        }
    }

    public static TheoryData<SelectionStrategy, string> Selections
    {
        get
        {
            var cases = new TheoryData<SelectionStrategy, string>();
            foreach (SelectionStrategy strategy in Enum.GetValues<SelectionStrategy>())
            {
                foreach (string accountant in Accountants.Where(a => a != "rho"))
                {
                    cases.Add(strategy, accountant);
                }
            }

            return cases;
        }
    }

    /// <summary>Every accountant, and zcdp with a rho of its own.</summary>
    private static IEnumerable<string> Accountants => [.. Enum.GetNames<AccountantChoice>(), "rho"];

    [Theory]
    [MemberData(nameof(Aggregates))]
    public void Audit_AnAggregateWithASmallMistake_IsRejected(AggregateKind kind, NoiseChoice noise, string accountant)
    {
        ReleasePlan plan = Planner.Plan(Under(accountant, Request(Aggregate(kind)).Bounded(3, 2, null).Noisy(noise, Delta)));
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        bool isOne = plan.Spec.Nodes.Sum(n => n.Draws.Count(d => d.SharedWith is null)) + plan.Spec.Trees.Sum(t => t.Levels.Count) == 1;
        bool isExact = accountant is "rho" or nameof(AccountantChoice.Pld) || (isOne && accountant == nameof(AccountantChoice.Basic));
        bool isLoose = noise == NoiseChoice.Laplace && accountant == nameof(AccountantChoice.Zcdp);
        foreach ((string name, Func<StageSpec, StageSpec> change) in isExact ? [.. s_doubling, .. s_steps] : isLoose ? [] : s_doubling)
        {
            Assert.False(PlanAudit.Recompute(plan with { Spec = change(plan.Spec) }).Holds, name);
        }

        if (isExact)
        {
            Assert.False(PlanAudit.Recompute(plan with { Request = plan.Request with { Adjacency = NeighbouringRelation.ReplaceOne } }).Holds, "a unit that is replaced counted as one that is added");
            Assert.False(PlanAudit.Recompute(plan with { Spec = Twice(plan.Spec) }).Holds, "a number released twice and paid once");
        }
    }

    [Theory]
    [MemberData(nameof(Selections))]
    public void Audit_ASelectionWithASmallMistake_IsRejected(SelectionStrategy strategy, string accountant)
    {
        // The count takes a thousandth: nearly all is the selection's.
        ReleasePlan plan = Planner.Plan(Under(accountant, Request(Count("n", Weight("0.001"))).Bounded(3, 1, null).Private(Selection(strategy), Delta)));
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        bool isRounds = strategy == SelectionStrategy.Sips;
        SelectionSpec right = isRounds ? plan.Rounds[^1].Selection! : plan.Spec.Selection!;
        Assert.Equal(isRounds ? SelectionStrategy.WeightedGaussian : strategy, right.Strategy);
        ReleasePlan With(SelectionSpec wrong) => isRounds
            ? plan with { Rounds = [.. plan.Rounds.SkipLast(1), plan.Rounds[^1] with { Selection = wrong }] }
            : plan with { Spec = plan.Spec with { Selection = wrong } };
        ReleasePlan Bounded(int partitions) => plan with
        {
            Spec = plan.Spec with { MaxPartitionsContributed = partitions },
            Rounds = [.. plan.Rounds.Select(r => r with { MaxPartitionsContributed = partitions })],
        };
        BigInteger unit = BigInteger.One << -right.NoiseGrid.BinaryExponent;
        List<(string Name, SelectionSpec Wrong)> mistakes = right.Noise is { } noise
            ?
            [
                ("noise of half the scale", right with { Noise = Half(noise) }),
                ("threshold one unit lower", right with { Threshold = right.Threshold - unit }),
                ("pre-threshold not added to the threshold", right with { PreThreshold = 2 }),
            ]
            :
            [
                ("the table one entry ahead", right with { Table = [.. right.Table.Skip(1)] }),
                ("every chance doubled", right with { Table = [.. right.Table.Select(t => BigInteger.Min(2 * t, right.Table[^1]))] }),
            ];
        bool isExact = accountant == nameof(AccountantChoice.Pld);
        bool isLoose = accountant == nameof(AccountantChoice.Zcdp) && right.Noise is { Kind: NoiseKind.DiscreteLaplace };
        foreach ((string name, SelectionSpec wrong) in isExact ? mistakes : mistakes.Take(isLoose ? 0 : 1))
        {
            Assert.False(PlanAudit.Recompute(With(wrong)).Holds, name);
        }

        // Weights shrink with the number of partitions: more of them cost little.
        if (isExact || (!isLoose && right.Strategy != SelectionStrategy.WeightedGaussian))
        {
            Assert.False(PlanAudit.Recompute(Bounded(6)).Holds, "twice the partitions");
        }

        if (isRounds)
        {
            StageSpec more = plan.Rounds[^1] with { Selection = right with { Round = right.Round + 1 } };
            Assert.False(PlanAudit.Recompute(plan with { Rounds = [.. plan.Rounds, more] }).Holds, "one round more");
        }

        Assert.False(PlanAudit.Recompute(plan with { Request = plan.Request with { Adjacency = NeighbouringRelation.ReplaceOne } }).Holds, "a unit that is replaced");
    }

    /// <summary>Their epsilons add up to more than the plan's; it holds at delta alone.</summary>
    [Fact]
    public void Plan_ManyLaplaceMechanismsUnderZcdp_ClaimsItsDelta()
    {
        AggregateRequest[] many = [.. Enumerable.Range(1, 60).Select(i => PartitionSum("whole", "0", i.ToString(System.Globalization.CultureInfo.InvariantCulture), "x" + i))];
        ReleasePlan plan = Planner.Plan(Under(nameof(AccountantChoice.Zcdp), Request(many).Bounded(1, 1, null).Noisy(NoiseChoice.Laplace, Delta)));

        Assert.Equal(Of(Delta), plan.Delta);
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        Assert.False(PlanAudit.Recompute(plan with { Delta = ExactDecimal.Zero }).Holds);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(100, "1e-7")]
    public void Audit_AChoiceOfKeysWithASmallMistake_IsRejected(int k, string? delta)
    {
        foreach (string accountant in new[] { nameof(AccountantChoice.Pld), nameof(AccountantChoice.Basic), "rho" })
        {
            BudgetShare share = accountant == "rho" ? Weight("0.5") : Own("0.5", delta);
            ReleasePlan plan = Planner.Plan(Under(accountant, Request(Units()).Noisy(NoiseChoice.Gaussian, Delta) with { Keyset = Keys(200), TopK = new TopKRequest(k, "units", share) }));
            Assert.Empty(PlanAudit.Recompute(plan).Findings);
            TopKSpec right = plan.Spec.TopK!;
            Assert.True(accountant == "rho" || right.Mechanism == (delta is null ? TopKMechanism.PermuteAndFlip : TopKMechanism.Exponential));
            List<(string Name, TopKSpec Wrong)> mistakes = [("half the scale", right with { Denominator = 2 * right.Denominator })];
            if (accountant != nameof(AccountantChoice.Basic))
            {
                mistakes.Add(("one round more", right with { K = k + 1 }));
                mistakes.Add(("one tenth more epsilon", right with { Denominator = 11 * right.Denominator, Numerator = 10 * right.Numerator }));
            }

            foreach ((string name, TopKSpec wrong) in mistakes)
            {
                Assert.False(PlanAudit.Recompute(plan with { Spec = plan.Spec with { TopK = wrong } }).Holds, $"{accountant}: {name}");
            }
        }
    }

    private static ReleaseRequest Under(string accountant, ReleaseRequest request) => accountant == "rho"
        ? request with { Accountant = AccountantChoice.Zcdp, Rho = Of("0.015") }
        : request with { Accountant = Enum.Parse<AccountantChoice>(accountant) };

    private static AggregateRequest Aggregate(AggregateKind kind) => kind switch
    {
        AggregateKind.Count or AggregateKind.PrivacyIdCount => new() { Kind = kind, Output = "x", Budget = Even },
        AggregateKind.Histogram => new() { Kind = kind, Output = "x", Column = "whole", Edges = [Of("0"), Of("5"), Of("10")], Budget = Even },
        AggregateKind.VectorSum => new() { Kind = kind, Output = "x", Columns = ["whole", "real"], Norm = VectorNorm.L2, MaxNorm = Of("5"), Budget = Even },
        AggregateKind.CountDistinct => new() { Kind = kind, Output = "x", Column = "whole", MaxValues = 2, Budget = Even },
        AggregateKind.Covariance => new() { Kind = kind, Output = "x", Columns = ["whole", "real"], MinValues = [Of("0"), Of("0")], MaxValueList = [Of("9"), Of("9")], Budget = Even },
        _ => new() { Kind = kind, Output = "x", Column = "whole", MinValue = Of("0"), MaxValue = Of("9"), Ranks = kind == AggregateKind.Quantile ? [Of("0.5")] : null, Budget = Even },
    };

    /// <summary>The same numbers once more under other names, without a share.</summary>
    private static StageSpec Twice(StageSpec spec)
    {
        int trees = spec.Trees.Count;
        return spec with
        {
            Nodes = [.. spec.Nodes, .. spec.Nodes.Select(n => n with { Output = n.Output + "2", Tree = n.Tree < 0 ? -1 : n.Tree + trees, Draws = [.. n.Draws.Select(d => d with { SharedWith = d.SharedWith is null ? null : d.SharedWith + "2" })] })],
            Trees = [.. spec.Trees, .. spec.Trees.Select(t => t with { Output = t.Output + "2" })],
        };
    }

    private static NoiseSpec Half(NoiseSpec noise) => noise with { Denominator = noise.Denominator * (noise.Kind == NoiseKind.DiscreteLaplace ? 2 : 4) };
}
