using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

public sealed class TreePlanTests
{
    private static readonly ReleasePlan s_gaussian = Planner.Plan(Request(Quantile("real", "0", "60", "0.25", "0.5", "0.999"), Max("real", "0", "60"), Distinct("id", 3)).Bounded(4, 2, null).Noisy(NoiseChoice.Gaussian));
    private static readonly ReleasePlan s_laplace = Planner.Plan(Request(Quantile("money", "0", "60", "0.5"), Distinct("whole", 2), Count()).Bounded(4, 2, null));

    public static TheoryData<string> Wrongs =>
        ["height", "height laplace", "root of l0", "linf", "code", "code entry", "grid of the code", "no values", "more values", "values l0", "leaves", "name", "draws", "two trees", "scale", "scale laplace"];

    [Fact]
    public void Plan_Quantiles_NamesColumnsAndSharesOneTree()
    {
        Assert.Equal(["q_p25", "q_p50", "q_p99_9", "top", "values"], s_gaussian.Spec.Nodes.Select(n => n.Output));
        Assert.Equal("q_p25", Assert.Single(s_gaussian.Spec.Trees).Output);
        Assert.All(s_gaussian.Spec.Nodes.Take(4), n => Assert.Equal(0, n.Tree));
        Assert.Equal(2, s_gaussian.Spec.Items.Count);
        Assert.All(s_gaussian.Mechanisms.Where(m => m.Aggregate is "quantile" or "max"), m => Assert.True(m.RankDeviation > 0));
        Assert.Contains("one tree, rank sd", PlanText.Write(s_gaussian), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("whole", "0", "60", NoiseChoice.Gaussian, 61, 1)]
    [InlineData("whole", "0", "999", NoiseChoice.Gaussian, 64, 2)]
    [InlineData("real", "-1", "1", NoiseChoice.Gaussian, 64, 2)]
    [InlineData("whole", "1", "5", NoiseChoice.Laplace, 5, 1)]
    [InlineData("whole", "0", "60", NoiseChoice.Laplace, 8, 2)]
    [InlineData("real", "0", "60", NoiseChoice.Laplace, 16, 3)]
    public void Plan_Tree_IsAsFineAsTheColumnAndNoFiner(string column, string low, string high, NoiseChoice noise, int branching, int height)
    {
        var plan = Planner.Plan(Request(Quantile(column, low, high, "0.5")).Noisy(noise));

        var tree = Assert.Single(plan.Spec.Trees);
        Assert.Equal((branching, height), (tree.Branching, tree.Levels.Count));
        Assert.Equal((long)Math.Pow(branching, height), plan.Spec.Items[tree.Item].Leaves);
    }

    [Fact]
    public void Plan_EqualBounds_IsPublic()
    {
        var plan = Planner.Plan(Request(Quantile("whole", "4", "4", "0.5", "0.9"), Count()));

        Assert.Empty(plan.Spec.Trees);
        Assert.Equal([NodeForm.Constant, NodeForm.Constant, NodeForm.Direct], plan.Spec.Nodes.Select(n => n.Form));
    }

    [Fact]
    public void Plan_RanksOrValuesThatMeanNothing_AreRefused()
    {
        foreach (var (aggregate, code) in new[]
        {
            (Quantile("whole", "0", "9"), "DPS2521"), (Quantile("whole", "0", "9", "1.5"), "DPS2521"), (Quantile("whole", "0", "9", "0.5", "0.50"), "DPS2521"),
            (Distinct("whole", 0), "DPS2520"), (Distinct("nowhere", 2), "DPS2511"), (Quantile("id", "0", "9", "0.5"), "DPS2511"),
        })
        {
            var fault = Assert.Throws<PlanningException>(() => Planner.Plan(Request(aggregate)));

            Assert.Contains(code, fault.Faults.Select(f => f.Code));
        }
    }

    [Fact]
    public void Recompute_TreesAndDistinctValues_Hold()
    {
        foreach (var plan in new[] { s_gaussian, s_laplace })
        {
            var audit = PlanAudit.Recompute(plan);

            Assert.Empty(audit.Findings);
            Assert.InRange(audit.Delta, 0, plan.Delta.ToDouble());
        }
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public void Recompute_TreeThatIsWrongByOneStep_IsRejected(string wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        var plan = wrong switch
        {
            // Noise made as if all of the amount were there for every level.
            "height" => Tree(s_gaussian, t => t with { Levels = [.. t.Levels.Select((l, i) => l with { Noise = l.Noise with { Numerator = i == 0 ? l.Noise.Numerator * 7 / 8 : l.Noise.Numerator / 8 } })] }),
            "height laplace" => Tree(s_laplace, t => t with { Levels = [.. t.Levels.Select(l => l with { Noise = l.Noise with { Denominator = l.Noise.Denominator * t.Levels.Count } })] }),
            "root of l0" => Tree(s_gaussian, t => t with { Levels = [.. t.Levels.Select(l => l with { Noise = l.Noise with { Numerator = l.Noise.Numerator / 4 } })] }),
            "linf" => With(s_gaussian, s => s with { MaxContributionsPerPartition = 3 }),
            "code" => Tree(s_laplace, t => t with { Levels = [t.Levels[0] with { Coefficients = [1, 1, .. new long[t.Branching - 2]] }, .. t.Levels.Skip(1)] }),
            "code entry" => Tree(s_gaussian, t => t with { Levels = [t.Levels[0] with { Coefficients = [t.Levels[0].Coefficients[0] + 1, .. t.Levels[0].Coefficients.Skip(1)] }, .. t.Levels.Skip(1)] }),
            "grid of the code" => Tree(s_gaussian, t => t with { Levels = [t.Levels[0] with { Coefficients = [.. t.Levels[0].Coefficients.Select(c => 2 * c)] }, .. t.Levels.Skip(1)] }),
            "no values" => Items(s_laplace, i => i.Kind == ItemKind.Distinct ? i with { MaxValues = 0 } : i),
            "more values" => Items(s_laplace, i => i.Kind == ItemKind.Distinct ? i with { MaxValues = 3 } : i),
            "values l0" => With(s_laplace, s => s with { MaxPartitionsContributed = 5 }),
            "leaves" => Items(s_gaussian, i => i.Kind == ItemKind.Leaf ? i with { Leaves = i.Leaves - 1 } : i),
            "name" => Tree(s_gaussian, t => t with { Output = "values" }),
            "draws" => With(s_gaussian, s => s with { Nodes = [s.Nodes[0] with { Tree = 1 }, .. s.Nodes.Skip(1)] }),
            "two trees" => With(s_gaussian, s => s with { Trees = [s.Trees[0], s.Trees[0]] }),
            "scale" => Tree(s_gaussian, t => t with { Levels = [t.Levels[0] with { Noise = t.Levels[0].Noise with { Numerator = t.Levels[0].Noise.Numerator * 999 / 1000 } }, .. t.Levels.Skip(1)] }),
            "scale laplace" => Tree(s_laplace, t => t with { Levels = [t.Levels[0] with { Noise = t.Levels[0].Noise with { Numerator = t.Levels[0].Noise.Numerator - 1 } }, .. t.Levels.Skip(1)] }),
            _ => throw new ArgumentOutOfRangeException(nameof(wrong)),
        };

        Assert.False(PlanAudit.Recompute(plan).Holds);
    }

    internal static AggregateRequest Quantile(string column, string low, string high, params string[] ranks) =>
        new() { Kind = AggregateKind.Quantile, Output = "q", Column = column, MinValue = Of(low), MaxValue = Of(high), Ranks = [.. ranks.Select(Of)], Budget = Even };

    internal static AggregateRequest Max(string column, string low, string high) => new() { Kind = AggregateKind.Max, Output = "top", Column = column, MinValue = Of(low), MaxValue = Of(high), Budget = Even };

    internal static AggregateRequest Distinct(string column, int values) => new() { Kind = AggregateKind.CountDistinct, Output = "values", Column = column, MaxValues = values, Budget = Even };

    private static ReleasePlan With(ReleasePlan plan, Func<StageSpec, StageSpec> change) => plan with { Spec = change(plan.Spec) };

    private static ReleasePlan Tree(ReleasePlan plan, Func<TreeSpec, TreeSpec> change) => With(plan, s => s with { Trees = [.. s.Trees.Select(change)] });

    private static ReleasePlan Items(ReleasePlan plan, Func<ItemSpec, ItemSpec> change) => With(plan, s => s with { Items = [.. s.Items.Select(change)] });
}
