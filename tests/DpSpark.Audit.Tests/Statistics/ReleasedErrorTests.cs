using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Statistics;

/// <summary>
/// What is released errs as the plan says: variance of every mechanism and coverage of its 95 % intervals, measured on the engine's tables over 20 000 numbers each.
/// </summary>
/// <remarks>
/// A variance of n numbers with kurtosis k has a relative deviation of sqrt((k - 1)/n), at most 1.6 % here (k = 6 for Laplace); a check allows 4.9 deviations, false alarms 1e-6. Noise
/// of 0.8 or 1.25 times the scale is off by 36 % or 56 %, more than 20 deviations: its power is above 1 - 1e-6, and the check is seen to reject both.
/// </remarks>
public sealed class ReleasedErrorTests
{
    private const int Keys = 50;
    private const int Releases = 400;
    private const int Count = Keys * Releases;
    private const double Deviations = 4.9;

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Release_Additive_HasThePlansVarianceAndCoverage(NoiseChoice choice)
    {
        var request = Request(
            Keys,
            2,
            2,
            Aggregate(AggregateKind.PrivacyIdCount, "units"),
            Aggregate(AggregateKind.Count, "rows"),
            Aggregate(AggregateKind.Sum, "whole", "whole", "-7", "9"),
            Aggregate(AggregateKind.Sum, "real", "real", "-3", "5"),
            PartitionSum("clamped", "real", "-1", "6"));
        var plan = Planner.Plan((choice == NoiseChoice.Gaussian ? request.Gaussian("1e-6") : request) with { ConfidenceLevel = ExactDecimal.Parse("0.95") });

        // 3 units in each key, each with one row of value 2.
        var measured = Measure(plan, [.. Enumerable.Range(1, Keys).SelectMany(k => Crowd(k, 3, 2, 2))], new() { ["units"] = 3, ["rows"] = 3, ["whole"] = 6, ["real"] = 6, ["clamped"] = 6 });

        foreach (var node in plan.Spec.Nodes)
        {
            var (errors, covered) = measured[node.Output];
            var predicted = plan.Mechanisms.First(m => m.Node == node.Output).StandardDeviation;
            Assert.Equal(predicted, node.Draws[0].StandardDeviation);
            var kurtosis = choice == NoiseChoice.Laplace ? 6 : 3;
            Assert.True(HasVariance(errors, predicted, kurtosis), node.Output);
            Assert.False(HasVariance(errors, 0.8 * predicted, kurtosis), node.Output);
            Assert.False(HasVariance(errors, 1.25 * predicted, kurtosis), node.Output);
            AssertMeanIsZero(errors, predicted, node.Output);
            AssertCovers(covered, node.Output);
            if (!node.IsInteger)
            {
                // Whole numbers have wider intervals, rounded outward; these are exact.
                Assert.True(covered < (0.95 * Count) + (Deviations * Math.Sqrt(Count * 0.95 * 0.05)), node.Output);
            }
        }
    }

    /// <remarks>The mean's error is not a single draw; its deviation is the delta method's, good to a percent where the count is far above its noise, as here.</remarks>
    [Theory]
    [InlineData(NoiseChoice.Laplace, MomentBasis.Bins2, 1)]
    [InlineData(NoiseChoice.Laplace, MomentBasis.Bins2, 3.5)]
    [InlineData(NoiseChoice.Gaussian, MomentBasis.Split1, 2)]
    [InlineData(NoiseChoice.Gaussian, MomentBasis.Split1, 3.5)]
    public void Release_Mean_HasThePlansVarianceAndCoverage(NoiseChoice choice, MomentBasis basis, double value)
    {
        const int Units = 60;
        var request = Request(Keys, 1, 1, Aggregate(AggregateKind.Mean, "mean", "real", "0", "4")) with { Epsilon = ExactDecimal.Parse("40") };
        var plan = Planner.Plan((choice == NoiseChoice.Gaussian ? request.Gaussian("1e-6") : request) with { ConfidenceLevel = ExactDecimal.Parse("0.95") });
        var node = plan.Spec.Nodes[0];
        Assert.Equal(basis, node.Basis);

        var (errors, covered) = Measure(plan, [.. Enumerable.Range(1, Keys).SelectMany(k => Crowd(k, Units, value))], new() { ["mean"] = value })["mean"];

        // Two bins: count = (S0 + S1)/4 and ns = (S1 - S0)/2, each with independent noise in both bins.
        var (first, second) = (node.Draws[0].StandardDeviation, node.Draws[1].StandardDeviation);
        var (ns, count) = basis == MomentBasis.Bins2 ? (first / Math.Sqrt(2), first * Math.Sqrt(2) / 4) : (first, second);
        var predicted = Math.Sqrt((ns * ns) + ((value - 2) * (value - 2) * count * count)) / Units;
        var kurtosis = choice == NoiseChoice.Laplace ? 6 : 3;
        Assert.True(HasVariance(errors, predicted, kurtosis, 0.01), "mean");
        Assert.False(HasVariance(errors, 0.8 * predicted, kurtosis, 0.01), "mean");
        Assert.False(HasVariance(errors, 1.25 * predicted, kurtosis, 0.01), "mean");
        AssertCovers(covered, "mean");
    }

    private static Dictionary<string, (double[] Errors, int Covered)> Measure(ReleasePlan plan, AuditRow[] rows, Dictionary<string, double> truth)
    {
        var source = Source(rows);
        var tables = Tables(plan);
        var errors = truth.ToDictionary(t => t.Key, _ => new double[Count]);
        var covered = truth.ToDictionary(t => t.Key, _ => 0);
        for (var i = 0; i < Releases; i++)
        {
            var table = Release(plan, source, Key("error", i));
            foreach (var (name, value) in truth)
            {
                for (var k = 0; k < Keys; k++)
                {
                    errors[name][(i * Keys) + k] = ValueOf(table, name, k + 1) - value;
                    covered[name] += ValueOf(table, name + "_ci_low", k + 1) <= value && value <= ValueOf(table, name + "_ci_high", k + 1) ? 1 : 0;
                }
            }
        }

        GC.KeepAlive(tables);
        return truth.ToDictionary(t => t.Key, t => (errors[t.Key], covered[t.Key]));
    }

    private static bool HasVariance(double[] errors, double deviation, double kurtosis, double slack = 0)
    {
        var ratio = errors.Sum(e => e * e) / errors.Length / (deviation * deviation);
        return Math.Abs(ratio - 1) < slack + (Deviations * Math.Sqrt((kurtosis - 1) / errors.Length));
    }

    private static void AssertMeanIsZero(double[] errors, double deviation, string name) =>
        Assert.True(Math.Abs(errors.Sum()) < Deviations * deviation * Math.Sqrt(errors.Length), name);

    private static void AssertCovers(int covered, string name) => Assert.True(covered > (0.95 * Count) - (Deviations * Math.Sqrt(Count * 0.95 * 0.05)), name);
}
