using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

public sealed class PlanAuditTests
{
    private static readonly ReleasePlan s_laplace = Planner.Plan(Request(Units(), Count(), Sum("money", "0", "60"), Mean("whole", "0", "9")).Bounded(4, 3, null));
    private static readonly ReleasePlan s_gaussian = Planner.Plan(Request(Units(), Count(), Sum("real", "0", "60"), Mean("whole", "0", "9")).Bounded(4, 3, null).Noisy(NoiseChoice.Gaussian));
    private static readonly ReleasePlan s_table = Planner.Plan(Request(Count()).Private(Selection(SelectionStrategy.TruncatedGeometric)));
    private static readonly ReleasePlan s_threshold = Planner.Plan(Request(Units()).Private(Selection(SelectionStrategy.LaplaceThreshold)));

    public static TheoryData<string> Wrongs =>
    [
        "l0", "linf", "scale units", "scale count", "scale sum", "scale bin", "upper", "lower", "term", "gaussian l0", "gaussian linf", "gaussian scale", "gaussian shift",
        "gaussian upper", "table", "table end", "table l0", "threshold", "threshold noise", "threshold l0", "threshold pre", "shared", "name", "charge", "public", "mixed bins",
    ];

    [Fact]
    public void Recompute_PlansAsTheyAre_Hold()
    {
        foreach (var plan in new[] { s_laplace, s_gaussian, s_table, s_threshold })
        {
            var result = PlanAudit.Recompute(plan);

            Assert.Empty(result.Findings);
            Assert.True(result.Delta <= plan.Delta.ToDouble());
        }
    }

    [Fact]
    public void Plan_ThatIsNotWhatItClaims_IsNotGivenOut()
    {
        Assert.Same(s_laplace, Planner.Audited(s_laplace));

        var fault = Assert.Throws<DpSparkException>(() => Planner.Audited(s_laplace with { Epsilon = s_laplace.Epsilon - ExactDecimal.Parse("0.001") }));

        Assert.Equal("DPS9012", fault.Code);
        Assert.Equal(ExitCodes.Bug, fault.ExitCode);
        Assert.Contains("more epsilon", fault.Why, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public void Recompute_PlanThatIsWrongByOneStep_IsRejected(string wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        var plan = wrong switch
        {
            "l0" => With(s_laplace, s => s with { MaxPartitionsContributed = 5 }),
            "linf" => With(s_laplace, s => s with { MaxContributionsPerPartition = 4 }),
            "scale units" => Draw(s_laplace, 0, 0, d => d with { Noise = d.Noise with { Numerator = d.Noise.Numerator - 1 } }),
            "scale count" => Draw(s_laplace, 1, 0, d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator + 1 } }),
            "scale sum" => Draw(s_laplace, 2, 0, d => d with { Noise = d.Noise with { Numerator = d.Noise.Numerator - 1 } }),
            "scale bin" => Draw(s_laplace, 3, 1, d => d with { Noise = d.Noise with { Numerator = d.Noise.Numerator - 1 } }),
            "upper" => Accumulator(s_laplace, a => a.Column == "money" ? a with { Upper = a.Upper + 1 } : a),
            "lower" => Accumulator(s_laplace, a => a.Column == "money" ? a with { Lower = -a.Upper - 1 } : a),
            "term" => Draw(s_laplace, 1, 0, d => d with { Terms = [d.Terms[0] with { Coefficient = 2 }] }),
            "gaussian l0" => With(s_gaussian, s => s with { MaxPartitionsContributed = 5 }),
            "gaussian linf" => With(s_gaussian, s => s with { MaxContributionsPerPartition = 4 }),
            "gaussian scale" => Draw(s_gaussian, 0, 0, d => d with { Noise = d.Noise with { Numerator = d.Noise.Numerator * 999 / 1000 } }),
            "gaussian shift" => Draw(s_gaussian, 2, 0, d => d with { Shift = d.Shift - 1 }),
            "gaussian upper" => Accumulator(s_gaussian, a => a.Column == "real" ? a with { Upper = a.Upper * 101 / 100 } : a),
            "table" => Select(s_table, s => s with { Table = [s.Table[0] + (s.Table[0] >> 30), .. s.Table.Skip(1)] }),
            "table end" => Select(s_table, s => s with { Table = [.. s.Table.Take(s.Table.Count - 3), s.Table[^1]] }),
            "table l0" => With(s_table, s => s with { MaxPartitionsContributed = 5 }),
            "threshold" => Select(s_threshold, s => s with { Threshold = s.Threshold - 1 }),
            "threshold noise" => Select(s_threshold, s => s with { Noise = s.Noise! with { Numerator = s.Noise.Numerator + 1 } }),
            "threshold l0" => With(s_threshold, s => s with { MaxPartitionsContributed = 5 }),
            "threshold pre" => Select(s_threshold, s => s with { PreThreshold = 2 }),
            "shared" => Draw(s_laplace, 1, 0, d => d with { SharedWith = "units" }),
            "name" => With(s_laplace, s => s with { Nodes = [s.Nodes[0] with { Output = s.Nodes[1].Output }, .. s.Nodes.Skip(1)] }),
            "charge" => s_laplace with { Epsilon = Of("1.0000001") },
            "public" => With(s_laplace, s => s with { Nodes = [s.Nodes[0] with { Form = NodeForm.Constant, Upper = 1 }, .. s.Nodes.Skip(1)] }),
            "mixed bins" => Draw(s_laplace, 3, 0, d => d with { Terms = [.. d.Terms, new Term(-1, 1)] }),
            _ => throw new ArgumentOutOfRangeException(nameof(wrong)),
        };

        Assert.False(PlanAudit.Recompute(plan).Holds);
    }

    private static ReleasePlan With(ReleasePlan plan, Func<StageSpec, StageSpec> change) => plan with { Spec = change(plan.Spec) };

    private static ReleasePlan Select(ReleasePlan plan, Func<SelectionSpec, SelectionSpec> change) => With(plan, s => s with { Selection = change(s.Selection!) });

    private static ReleasePlan Accumulator(ReleasePlan plan, Func<AccumulatorSpec, AccumulatorSpec> change) => With(plan, s => s with { Accumulators = [.. s.Accumulators.Select(change)] });

    private static ReleasePlan Draw(ReleasePlan plan, int node, int draw, Func<DrawSpec, DrawSpec> change) => With(plan, s =>
    {
        var nodes = s.Nodes.ToArray();
        var draws = nodes[node].Draws.ToArray();
        draws[draw] = change(draws[draw]);
        nodes[node] = nodes[node] with { Draws = draws };
        return s with { Nodes = nodes };
    });
}
