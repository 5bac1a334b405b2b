using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Testing.Statistics;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Statistics;

/// <summary>
/// How often a key with n units is shown, through the engine, against the plan's table: 6000 keys for each n, the binomial's exact tails at 5e-7 each, so 1e-6 false alarms per n. The
/// tables of plans with 0.8 and 1.25 times the epsilon must be rejected by at least one n: with 6000 keys a chance of 0.5 that is 0.08 off is missed with less than 1e-6.
/// </summary>
public sealed class SelectionProbabilityTests
{
    private const int KeysEach = 20;
    private const int Releases = 300;
    private const int Trials = KeysEach * Releases;
    private const double Alpha = 5e-7;

    [Theory]
    [InlineData(SelectionStrategy.TruncatedGeometric, 1, false, 1)]
    [InlineData(SelectionStrategy.TruncatedGeometric, 4, false, 2)]
    [InlineData(SelectionStrategy.LaplaceThreshold, 1, false, 1)]
    [InlineData(SelectionStrategy.LaplaceThreshold, 3, true, 2)]
    [InlineData(SelectionStrategy.GaussianThreshold, 1, false, 1)]
    [InlineData(SelectionStrategy.GaussianThreshold, 3, true, 2)]
    [InlineData(SelectionStrategy.WeightedGaussian, 1, false, 1)]
    [InlineData(SelectionStrategy.WeightedGaussian, 3, false, 1)]
    [InlineData(SelectionStrategy.Sips, 1, false, 1)]
    [InlineData(SelectionStrategy.Sips, 3, false, 1)]
    public void Release_KeysWithNUnits_AreShownAsOftenAsThePlanSays(SelectionStrategy strategy, int preThreshold, bool shared, int l0)
    {
        var plan = PlanAt("1", strategy, preThreshold, shared, l0);
        Assert.Equal(shared ? "n" : null, plan.Spec.Selection?.SharedOutput);
        var weaker = PlanAt("0.8", strategy, preThreshold, shared, l0);
        var stronger = PlanAt("1.25", strategy, preThreshold, shared, l0);
        long[] units = [.. plan.KeepChances.Where(c => c.Probability is > 0.005 and < 0.995).Select(c => c.Units)];
        long[] sizes = [.. units.Concat([.. preThreshold > 1 ? [preThreshold - 1] : Array.Empty<long>()]).Order()];
        var rows = sizes.SelectMany((n, i) => Enumerable.Range(0, KeysEach).SelectMany(k => Crowd((i * KeysEach) + k + 1, (int)n))).ToArray();
        var source = Source(rows);
        var shown = new int[sizes.Length];

        var tables = Tables(plan);
        for (var r = 0; r < Releases; r++)
        {
            var table = Release(plan, source, Key($"selection {strategy} {preThreshold}", r));
            foreach (var key in table.Columns[0].ValuesAs<long>()[..table.Length])
            {
                shown[(key - 1) / KeysEach]++;
            }
        }

        GC.KeepAlive(tables);
        Assert.True(units.Length >= 3);
        Assert.Empty(Rejected(plan, sizes, shown));
        Assert.NotEmpty(Rejected(weaker, sizes, shown));
        Assert.NotEmpty(Rejected(stronger, sizes, shown));
        Assert.All(sizes.Zip(shown).Where(s => s.First < preThreshold), s => Assert.Equal(0, s.Second));
    }

    private static List<long> Rejected(ReleasePlan plan, long[] sizes, int[] shown)
    {
        var rejected = new List<long>();
        for (var i = 0; i < sizes.Length; i++)
        {
            if (plan.KeepChances.FirstOrDefault(c => c.Units == sizes[i]) is { Probability: > 0 } chance
                && (chance.Probability < ClopperPearson.Lower(shown[i], Trials, Alpha) || chance.Probability > ClopperPearson.Upper(shown[i], Trials, Alpha)))
            {
                rejected.Add(sizes[i]);
            }
        }

        return rejected;
    }

    private static ReleasePlan PlanAt(string epsilon, SelectionStrategy strategy, int preThreshold, bool shared, int l0)
    {
        var request = shared
            ? Request(0, l0, null, Aggregate(AggregateKind.PrivacyIdCount, "n"))
            : Request(0, l0, 1, Aggregate(AggregateKind.Count, "n", share: Own("0.001")));
        var noisy = strategy == SelectionStrategy.GaussianThreshold && shared ? request.Gaussian("0.01") : request;
        return Planner.Plan(noisy.Private(strategy, "0.01", preThreshold) with { Epsilon = ExactDecimal.Parse(epsilon) });
    }
}
