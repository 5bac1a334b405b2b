using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>Properties over many requests; the seed is fixed, so a failure repeats.</summary>
public sealed class PlanProperties
{
    private const int Requested = 150;

    [Fact]
    public void Plan_AnyRequest_HoldsItsClaimInAnIndependentAudit()
    {
        var random = new Random(20261120);
        for (var i = 0; i < Requested; i++)
        {
            var request = Any(random);

            var plan = Planner.Plan(request);
            var audit = PlanAudit.Recompute(plan);

            Assert.True(audit.Holds, $"request {i}: {string.Join(' ', audit.Findings)} {request.ToCanonicalText()}");
            Assert.True(plan.Epsilon <= request.Epsilon && plan.Delta <= request.Delta);
            Assert.Equal(plan.Spec.ToJson(), StageSpec.FromJson(plan.Spec.ToJson()).ToJson());
            Assert.Equal(plan.Spec.Nodes.Select(n => n.Output), request.Aggregates.Select(a => a.Output));
        }
    }

    [Fact]
    public void Plan_HalfTheShare_DoublesLaplaceScalesExactly()
    {
        var random = new Random(7);
        for (var i = 0; i < 50; i++)
        {
            var epsilon = ExactDecimal.Create(random.Next(1, 100_000), 4);
            var request = Request(Units(), Sum("whole", "0", "17")).Bounded(random.Next(1, 8), random.Next(2, 9), null);

            var whole = Planner.Plan(request with { Epsilon = epsilon + epsilon });
            var half = Planner.Plan(request with { Epsilon = epsilon });

            for (var n = 0; n < 2; n++)
            {
                var (a, b) = (whole.Spec.Nodes[n].Draws[0].Noise, half.Spec.Nodes[n].Draws[0].Noise);
                Assert.Equal(2 * a.Numerator * b.Denominator, b.Numerator * a.Denominator);
            }
        }
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    [InlineData(NoiseChoice.Auto)]
    public void Plan_MoreBudgetOrTighterBounds_NeverMeansMoreNoise(NoiseChoice noise)
    {
        var request = Request(Units(), Count(), Sum("money", "0", "60")).Bounded(5, 3, null).Noisy(noise);
        double Score(ReleaseRequest r) => Planner.Plan(r).Spec.Nodes.Sum(n => Math.Log(n.Draws[0].StandardDeviation));

        var score = Score(request);

        Assert.True(Score(request with { Epsilon = Of("1.1") }) < score);
        Assert.True(Score(request.Bounded(4, 3, null)) < score);
        Assert.True(Score(request.Bounded(5, 2, null)) < score);
        Assert.True(Score(request.Bounded(5, 3, 10)) < score);
        Assert.True(Score(request with { Delta = Of("1e-5") }) <= score);
    }

    [Fact]
    public void Plan_Scales_AreNeverBelowTheExactQuotient()
    {
        var random = new Random(11);
        for (var i = 0; i < 200; i++)
        {
            var epsilon = ExactDecimal.Create(random.NextInt64(1, long.MaxValue), random.Next(15, 19));
            var plan = Planner.Plan(Request(Count()).Bounded(3, 5, null) with { Epsilon = epsilon });

            var (numerator, denominator) = plan.Epsilon.ToRational();
            var noise = plan.Spec.Nodes[0].Draws[0].Noise;
            Assert.True(noise.Numerator * numerator >= 15 * noise.Denominator * denominator);
            Assert.True(noise.Numerator * numerator * (1L << 40) <= 15 * noise.Denominator * denominator * ((1L << 40) + 1));
        }
    }

    private static ReleaseRequest Any(Random random)
    {
        var aggregates = new List<AggregateRequest>();
        var count = random.Next(1, 6);
        for (var i = 0; i < count; i++)
        {
            var column = random.Next(3) switch { 0 => "whole", 1 => "money", _ => "real" };
            var low = random.Next(-50, 50);
            var (from, to) = ($"{low}", $"{low + random.Next(0, 200)}");
            var share = random.Next(5) switch { 0 => Own($"0.0{random.Next(1, 9)}"), 1 => Weight($"{random.Next(1, 50)}.{random.Next(1, 9)}"), _ => Even };
            aggregates.Add(random.Next(5) switch
            {
                0 => Count($"a{i}", share),
                1 => Units($"a{i}", share),
                2 => Sum(column, from, to, $"a{i}", share),
                3 => PartitionSum(column, from, to, $"a{i}", share),
                _ => Mean(column, from, to, $"a{i}", share),
            });
        }

        var (l0, linf, l1) = (random.Next(1, 40), random.Next(1, 6), random.Next(1, 60));
        var request = random.Next(3) switch
        {
            0 => Request([.. aggregates]).Bounded(l0, linf, null),
            1 => Request([.. aggregates]).Bounded(null, null, l1),
            _ => Request([.. aggregates]).Bounded(l0, linf, l1),
        };
        request = request.Noisy((NoiseChoice)random.Next(3), random.Next(2) == 0 ? "1e-6" : "0.0000321") with { Epsilon = Of($"{random.Next(0, 5)}.{random.Next(500, 999)}") };
        return random.Next(2) == 0 ? request : request.Private(Selection(random.Next(5) is var s and < 4 ? (SelectionStrategy)s : null, random.Next(1, 30)));
    }
}
