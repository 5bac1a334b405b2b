using System.Globalization;
using System.Text.Json;
using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Testing;
using DpSpark.Vectors.Dp;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Core.Accounting.Loss;

/// <summary>How tight the loss accountant is, and how much work a calibration takes.</summary>
public class LossPrecisionTests
{
    private const double Delta = 1e-6;

    public static TheoryData<double, int, double> Gaussians()
    {
        var cases = new TheoryData<double, int, double>();
        foreach (double sigma in new[] { 0.7, 3, 15, 80 })
        {
            foreach (int k in new[] { 1, 7, 100, 1000 })
            {
                foreach (double delta in new[] { 1e-3, 1e-6, 1e-10 })
                {
                    if (GaussianPrivacy.Epsilon(Math.Sqrt(k) / sigma, delta) is > 0.01 and < 100)
                    {
                        cases.Add(sigma, k, delta);
                    }
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Gaussians))]
    public void Epsilon_AnyNumberOfGaussians_IsExactWithinOneInTenThousandAndNeverBelow(double sigma, int k, double delta)
    {
        double exact = GaussianPrivacy.Epsilon(Math.Sqrt(k) / sigma, delta);

        double found = new LossAccountant().Epsilon([new(new GaussianMechanism(sigma, 1), k)], delta);

        Assert.InRange(found, exact, exact * (1 + 1e-4));
        Assert.True(found < GaussianPrivacy.Epsilon(Math.Sqrt(k + 1.0) / sigma, delta));
    }

    /// <remarks>The vectors' own tolerance is wider: here the value must lie between the reference's optimistic and pessimistic ones, but for the accountant's own margin of a relative 1e-9.</remarks>
    [SkippableFact]
    public void Epsilon_PlansOfTheVectors_LiesInTheReferencesBracket()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.PathOf("vectors", "dp", "pld.json")));
        int judged = 0;

        foreach (JsonElement known in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            string field = known.GetProperty("out").TryGetProperty("epsilon", out _) ? "epsilon" : "delta";
            double lower = known.GetProperty("out").GetProperty("lower").GetDouble();
            double upper = known.GetProperty("out").GetProperty("upper").GetDouble();
            string strict = string.Create(
                CultureInfo.InvariantCulture,
                $$$"""{"op":"{{{known.GetProperty("op").GetString()}}}","in":{{{known.GetProperty("in").GetRawText()}}},"out":{"{{{field}}}":{{{(lower + upper) / 2:R}}}},"tolerance":{"rel":0,"abs":{{{((upper - lower) / 2) + (2e-9 * upper):R}}}}}""");
            using var rewritten = JsonDocument.Parse(strict);

            Verdict verdict = DpVectors.Judge("pld", rewritten.RootElement);

            Assert.True(verdict.Outcome == Outcome.Pass, $"{known.GetProperty("id").GetString()}: {verdict}");
            judged++;
        }

        Assert.True(judged >= 20);
    }

    [Fact]
    public void SmallestFactor_HundredMechanismsTenDistinct_TakesAFewEvaluationsHoweverTheyAreListed()
    {
        int evaluations = 0;
        IReadOnlyList<MechanismUse> Counted(double c)
        {
            evaluations++;
            return [.. Enumerable.Range(0, 10).Select(i => new MechanismUse(Kind(i, c), 10))];
        }

        double byCount = LossCalibration.SmallestFactor(Counted, 1, Delta);
        int counted = evaluations;
        double oneByOne = LossCalibration.SmallestFactor(c => [.. Enumerable.Range(0, 100).Select(i => new MechanismUse(Kind(i % 10, c), 1))], 1, Delta);

        // The work of one evaluation is that of the distinct mechanisms; a plain bisection to 1e-6 would take fifty.
        Assert.InRange(counted, 3, 24);
        Assert.InRange(oneByOne, byCount * (1 - 1e-6), byCount * (1 + 1e-6));
    }

    private static PrivacyMechanism Kind(int i, double c) =>
        i % 2 == 0 ? new LaplaceMechanism(c * (1 + (0.37 * i)), 1 + (i % 3)) : new GaussianMechanism(c * (3 + i), 1 + (i % 2));
}
