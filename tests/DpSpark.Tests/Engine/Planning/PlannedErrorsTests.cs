using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Tests.Coverage;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>What is predicted from a plan and statistics is what the release step does: many releases of one partition, each with noise of its own.</summary>
public sealed class PlannedErrorsTests
{
    /// <summary>False alarms of one check with this many standard errors: below 10^-6.</summary>
    private const double Deviations = 5;

    /// <summary>What the numerical integral may be off by itself.</summary>
    private const double Integral = 0.01;

    /// <summary>Of a quantile's prediction.</summary>
    private const int Simulations = 1000;

    private static readonly Dictionary<string, AggregateRequest[]> s_requests = new()
    {
        ["moments"] = [Count("n"), Sum("real", "0", "60", "s"), Mean("real", "0", "60", "m"), Like(AggregateKind.Variance, "v"), Like(AggregateKind.Stddev, "sd")],
        ["mean"] = [Mean("real", "-20", "60", "m")],
        ["covariance"] =
        [
            new() { Kind = AggregateKind.Covariance, Output = "c", Columns = ["real", "whole"], MinValues = [Of("0"), Of("0")], MaxValueList = [Of("60"), Of("40")], Budget = Even },
        ],
        ["ranks"] = [Like(AggregateKind.Quantile, "q") with { Ranks = [Of("0.25"), Of("0.5"), Of("0.9")] }],
        ["ends beside a count"] = [Count("n"), Like(AggregateKind.Min, "low"), Like(AggregateKind.Max, "high"), Like(AggregateKind.Quantile, "q") with { Ranks = [Of("0.5")] }],
    };

    public static TheoryData<string, NoiseChoice, string, int> Cases()
    {
        var cases = new TheoryData<string, NoiseChoice, string, int>();
        foreach (var noise in new[] { NoiseChoice.Laplace, NoiseChoice.Gaussian })
        {
            // Fewer rows than the noise of a count, about as many, many; and noise of less than a row.
            foreach (var rows in new[] { 5, 60, 1500 })
            {
                foreach (var name in s_requests.Keys.Where(n => rows > 5 || s_requests[n].All(a => a.Kind is not AggregateKind.Quantile)))
                {
                    cases.Add(name, noise, "1", rows);
                }
            }

            cases.Add("moments", noise, "40", 12);
            cases.Add("covariance", noise, "40", 12);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Predict_ManyReleasesOfOnePartition_ErrAsPredicted(string name, NoiseChoice noise, string epsilon, int count)
    {
        var plan = Planner.Plan(Request(s_requests[name]).Noisy(noise) with { Epsilon = Of(epsilon) });
        var rows = Rows(count);

        var isTree = plan.Spec.Trees.Count > 0;
        var found = Errors(plan, rows, isTree ? 1000 : 4000);
        var predicted = Predict(plan, rows);

        foreach (var node in plan.Spec.Nodes)
        {
            var (squares, of) = (found[node.Output], predicted[node.Output]);
            Assert.True(Agrees(squares, of, 1, isTree), $"{node.Output}: {Rmse(squares)} and {of}");

            // The same check finds noise that is a fifth smaller or a quarter larger than planned; of trees, whose releases take longer and whose errors have long tails, half and twice.
            foreach (var wrong in isTree ? new[] { 0.5, 2 } : [0.8, 1.25])
            {
                Assert.False(Agrees(squares, of, wrong, isTree), $"{node.Output}: {wrong} times {of} is not told from {Rmse(squares)}");
            }
        }
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Predict_FewRows_IsNotWhatDerivativesSay(NoiseChoice noise)
    {
        // The formula of first order, sqrt(sum² + offset² count²) / n, at fewer rows than the noise of their count: far off, and the check sees it.
        var plan = Planner.Plan(Request(s_requests["mean"]).Noisy(noise));
        var rows = Rows(10);
        var (sum, count) = MomentDeviations(plan);
        var offset = rows.Average(r => r.Real) - 20;

        var first = Math.Sqrt((sum * sum) + (offset * offset * count * count)) / rows.Count;

        Assert.False(Agrees(Errors(plan, rows, 4000)["m"], first, 1));
    }

    [Theory]
    [InlineData("mean", NoiseChoice.Laplace)]
    [InlineData("mean", NoiseChoice.Gaussian)]
    [InlineData("moments", NoiseChoice.Laplace)]
    [InlineData("moments", NoiseChoice.Gaussian)]
    [InlineData("covariance", NoiseChoice.Gaussian)]
    public void RootMeanSquare_FinerIntegral_IsTheSame(string name, NoiseChoice noise)
    {
        var plan = Planner.Plan(Request(s_requests[name]).Noisy(noise));
        foreach (var node in plan.Spec.Nodes.Where(n => n.Form == NodeForm.Moments))
        {
            var (coarse, fine) = (new MomentsError(node), new MomentsError(node, node.Draws.Count > 3 ? 3 : 5));
            foreach (var (count, mean, spread) in new[] { (0.0, 30.0, 0.0), (8, 50, 20), (25, 22, 300), (25, 2, 1), (90, 30, 850), (400, 18, 60) })
            {
                var (one, other) = (coarse.MeanSquare(count, mean, 20, spread, name == "covariance"), fine.MeanSquare(count, mean, 20, spread, name == "covariance"));
                Assert.True(Math.Abs(Math.Sqrt(one / other) - 1) < Integral, $"{node.Output} at {count}, {mean}, {spread}: {Math.Sqrt(one)} and {Math.Sqrt(other)}");
            }
        }
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void RootMeanSquare_ManyRows_IsTheFormulaOfFirstOrder(NoiseChoice noise)
    {
        var plan = Planner.Plan(Request(s_requests["mean"]).Noisy(noise));
        var (sum, count) = MomentDeviations(plan);

        foreach (var mean in new[] { -20.0, 5, 20, 60 })
        {
            var inner = Math.Clamp(mean, -19, 59);
            var predicted = new PlannedErrors(plan).RootMeanSquare("m", new PartitionStatistics { Count = 1e6, Mean = inner });

            Assert.Equal(1, predicted * 1e6 / Math.Sqrt((sum * sum) + ((inner - 20) * (inner - 20) * count * count)), 4);
        }
    }

    [Fact]
    public void RootMeanSquare_NothingButNoise_StaysWithinTheBounds()
    {
        // No rows at all: a mean is the midpoint without noise, and at either bound at worst.
        var plan = Planner.Plan(Request(s_requests["mean"]) with { Epsilon = Of("0.0001") });

        Assert.InRange(new PlannedErrors(plan).RootMeanSquare("m", new PartitionStatistics { Count = 0, Mean = 20 }), 20, 40);
    }

    [Fact]
    public void RootMeanSquare_AdditiveNoise_IsThatOfTheMechanism()
    {
        var plan = Planner.Plan(Request(Units("u"), Sum("money", "0", "60", "s"), Count("n")));
        var errors = new PlannedErrors(plan);

        foreach (var row in plan.Mechanisms)
        {
            Assert.True(errors.IsConstant(row.Node));
            Assert.InRange(errors.RootMeanSquare(row.Node), row.StandardDeviation, Math.Sqrt((row.StandardDeviation * row.StandardDeviation) + (1.0 / 12)) * (1 + 1e-9));
        }
    }

    [Fact]
    public void RankError_KnownValues_CountsRows()
    {
        var plan = Planner.Plan(Request(Like(AggregateKind.Quantile, "q") with { Column = "whole", Ranks = [Of("0.25"), Of("0.5")] }).Noisy(NoiseChoice.Gaussian));
        using var prediction = new PlannedErrors(plan).Quantiles("q_p25");

        // 10 rows of each whole number from 0 to 59; the rank of 30 is 300 to 310.
        prediction.Take([.. Enumerable.Range(0, 600).Select(i => i / 10.0).Select(Math.Floor)]);

        Assert.Equal(["q_p25", "q_p50"], prediction.Outputs);
        Assert.Equal(0, prediction.RankError("q_p25", 15));
        Assert.Equal(0, prediction.RankError("q_p50", 30));
        Assert.Equal(-90, prediction.RankError("q_p50", 20));
        Assert.Equal(100, prediction.RankError("q_p50", 40));
        Assert.Equal(300, prediction.RankError("q_p50", 60));
    }

    [Fact]
    public void Predict_SameSeed_IsTheSame()
    {
        var plan = Planner.Plan(Request(s_requests["ranks"]));
        var values = Rows(200).Select(r => r.Real).ToArray();
        List<QuantileError> Of(int seed)
        {
            using var prediction = new PlannedErrors(plan).Quantiles("q_p50", seed);
            prediction.Take(values);
            return [.. prediction.Predict(50)];
        }

        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
    }

    [Fact]
    public void RootMeanSquare_WhatCannotBePredicted_IsRefused()
    {
        var errors = new PlannedErrors(Planner.Plan(Request([.. s_requests["ranks"], Mean("real", "0", "60", "m")])));

        Assert.Throws<ArgumentException>(() => errors.RootMeanSquare("q_p50"));
        Assert.Throws<ArgumentException>(() => errors.RootMeanSquare("m"));
        Assert.Throws<ArgumentException>(() => errors.RootMeanSquare("nothing"));
        Assert.Throws<ArgumentException>(() => errors.Quantiles("m"));
    }

    private static AggregateRequest Like(AggregateKind kind, string name) => new() { Kind = kind, Output = name, Column = "real", MinValue = Of("0"), MaxValue = Of("60"), Budget = Even };

    /// <summary>Deviations of the noise of the sum less the midpoint and of the count: of two bins over 80, or of the two draws themselves.</summary>
    private static (double Sum, double Count) MomentDeviations(ReleasePlan plan)
    {
        var draws = plan.Spec.Nodes[0].Draws;
        return plan.Spec.Nodes[0].Basis == MomentBasis.Bins2
            ? (Math.Sqrt(2) * draws[0].StandardDeviation / 2, Math.Sqrt(2) * draws[0].StandardDeviation / 80)
            : (draws[0].StandardDeviation, draws[1].StandardDeviation);
    }

    private static bool Agrees(double[] squares, double predicted, double factor, bool isTree = false)
    {
        var planned = Math.Pow(predicted * factor, 2);
        var mean = squares.Average();
        var error = Math.Sqrt(squares.Sum(s => (s - mean) * (s - mean)) / squares.Length * ((1.0 / squares.Length) + (isTree ? 1.0 / Simulations : 0)));
        return Math.Abs(mean - planned) <= (Deviations * error) + (2 * Integral * planned);
    }

    private static double Rmse(double[] squares) => Math.Sqrt(squares.Average());

    private static Dictionary<string, double[]> Errors(ReleasePlan plan, List<(double Real, double Whole)> rows, int releases)
    {
        var (exact, released) = MechanismLayer.Values(plan, rows, releases);
        return plan.Spec.Nodes.Select((node, n) => (node.Output, Squares: released.Select(r => Math.Pow(r[n] - exact[n], 2)).ToArray())).ToDictionary(c => c.Output, c => c.Squares);
    }

    private static Dictionary<string, double> Predict(ReleasePlan plan, List<(double Real, double Whole)> rows)
    {
        var errors = new PlannedErrors(plan);
        var mean = rows.Average(r => r.Real);
        var whole = rows.Average(r => r.Whole);
        var of = new Dictionary<string, double>();
        foreach (var node in plan.Spec.Nodes.Where(n => n.Form != NodeForm.Quantile))
        {
            of[node.Output] = errors.RootMeanSquare(node.Output, new PartitionStatistics
            {
                Count = rows.Count,
                Mean = mean,
                SecondMean = whole,
                Variance = node.Aggregate == AggregateKind.Covariance ? rows.Average(r => (r.Real - mean) * (r.Whole - whole)) : rows.Average(r => (r.Real - mean) * (r.Real - mean)),
            });
        }

        if (plan.Spec.Nodes.FirstOrDefault(n => n.Form == NodeForm.Quantile) is { } quantile)
        {
            using var prediction = errors.Quantiles(quantile.Output);
            prediction.Take([.. rows.Select(r => r.Real)]);
            foreach (var error in prediction.Predict(Simulations))
            {
                of[error.Output] = error.Value;
            }
        }

        return of;
    }

    /// <summary>Skewed values from 8 to 52, and whole ones that go with them.</summary>
    private static List<(double Real, double Whole)> Rows(int rows)
    {
        var random = new Random(rows);
        return [.. Enumerable.Range(0, rows).Select(_ => 8 + (26 * Math.Pow(random.NextDouble(), 0.7)) + (18 * Math.Pow(random.NextDouble(), 4))).Select(v => (v, Math.Round((v / 3) + (20 * random.NextDouble()))))];
    }
}
