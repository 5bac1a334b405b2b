using DpSpark.Core.Accounting;
using DpSpark.Core.Bounds;
using DpSpark.Core.Local;
using DpSpark.Core.Numerics;
using DpSpark.Core.Utility;
using DpSpark.Core.Workloads;

namespace DpSpark.Tests.Core.Accounting;

/// <summary>Inequalities that the closed forms must keep, and wrong forms that break them.</summary>
public class RenyiPrivacyTests
{
    [Theory]
    [InlineData(1e-6)]
    [InlineData(0.3)]
    [InlineData(5)]
    public void Divergences_OfAPureMechanism_AreOrdered(double epsilon)
    {
        foreach (double alpha in new[] { 1.1, 2, 7.5, 64 })
        {
            double laplace = RenyiPrivacy.Laplace(1 / epsilon, alpha);
            double pure = RenyiPrivacy.Pure(epsilon, alpha);

            Assert.InRange(laplace, 0, pure * (1 + 1e-12));
            Assert.True(pure <= Math.Min(epsilon, RenyiPrivacy.PureQuadratic(epsilon, alpha)) * (1 + 1e-12));

            // The sensitivity doubled by mistake does not pass as the same mechanism.
            Assert.True(RenyiPrivacy.Laplace(0.5 / epsilon, alpha) > laplace * 1.2);
        }
    }

    [Fact]
    public void SampledGaussian_Orders_AreConvexBetweenAndExactAtRateOne()
    {
        Assert.Equal(RenyiPrivacy.Gaussian(0.25, 7), RenyiPrivacy.SampledGaussian(1, 4, 7), 12);
        Assert.Equal(0, RenyiPrivacy.SampledGaussian(0, 4, 7));
        Assert.InRange(RenyiPrivacy.SampledGaussian(0.1, 2, 4.5), RenyiPrivacy.SampledGaussian(0.1, 2, 4), RenyiPrivacy.SampledGaussian(0.1, 2, 5));
    }

    [Fact]
    public void Amplify_AnyRate_IsBetweenNothingAndTheWhole()
    {
        Assert.Equal((0.0, 0.0), Subsampling.Amplify(3, 1e-6, 0));
        Assert.Equal((3.0, 1e-6), Subsampling.Amplify(3, 1e-6, 1));
        Assert.InRange(Subsampling.Amplify(1000, 0, 0.5).Epsilon, 1000 - 0.7, 1000 - 0.69);
    }

    [Fact]
    public void ClopperPearson_Ends_CoverTheirTails()
    {
        (double lower, double upper) = BinomialInterval.ClopperPearson(3, 1000, 0.95);

        Assert.Equal(0.025, 1 - BinomialInterval.BetaCdf(4, 997, upper), 9);
        Assert.Equal(0.025, BinomialInterval.BetaCdf(3, 998, lower), 9);
        Assert.Equal((0.0, 1.0), (BinomialInterval.ClopperPearson(0, 5, 0.9).Lower, BinomialInterval.ClopperPearson(5, 5, 0.9).Upper));
    }

    [Fact]
    public void FourierTransform_ThereAndBack_IsWithinItsErrorBound()
    {
        var transform = new FourierTransform(1024);
        System.Numerics.Complex[] values = [.. Enumerable.Range(0, 1024).Select(i => new System.Numerics.Complex((i * 37 % 101) / 101.0, 0))];
        System.Numerics.Complex[] copy = [.. values];

        transform.Forward(copy);
        transform.Inverse(copy);

        double norm = Math.Sqrt(values.Sum(v => v.Real * v.Real));
        Assert.True(Math.Sqrt(copy.Zip(values, (a, b) => (a - b).Magnitude * (a - b).Magnitude).Sum()) <= 2 * transform.RelativeError * norm);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FourierTransform(12));
    }

    [Fact]
    public void LocalReports_Ratios_AreExactlyEpsilon()
    {
        FrequencyOracle response = FrequencyOracle.RandomizedResponse(1.5, 10);
        Assert.Equal(1.5, Math.Log(response.P / response.Q), 12);
        Assert.Equal(1, response.P + (9 * response.Q), 12);
        FrequencyOracle unary = FrequencyOracle.OptimizedUnary(1.5);
        Assert.Equal(1.5, Math.Log(unary.P * (1 - unary.Q) / (unary.Q * (1 - unary.P))), 12);
        FrequencyOracle symmetric = FrequencyOracle.SymmetricUnary(1.5);
        Assert.Equal(1.5, Math.Log(symmetric.P * (1 - symmetric.Q) / (symmetric.Q * (1 - symmetric.P))), 12);
    }

    [Fact]
    public void ConsistentTree_EveryNode_IsTheSumOfItsChildren()
    {
        double[][] solved = ConsistentTree.Solve([[10], [3, 9], [1, 1, 4, 6]], 2);

        Assert.Equal(solved[0][0], solved[1].Sum(), 9);
        Assert.Equal(solved[1][0], solved[2][0] + solved[2][1], 9);
        Assert.Throws<ArgumentException>(() => ConsistentTree.Solve([[10], [3]], 2));
        Assert.Equal(1, PrefixFactorization.Create(1).LargestFactor);
        Assert.Throws<ArgumentException>(() => MatrixMechanism.Variance(MatrixMechanism.Identity(2), [[1, 1]]));
    }

    [Fact]
    public void LogarithmicHistogram_BoundaryValues_BelongToTheBinBelow()
    {
        var histogram = new LogarithmicHistogram(1, 10, 23);
        for (int i = 0; i < 23; i++)
        {
            Assert.Equal(i, histogram.Bin(Math.Pow(10, i)));
            Assert.Equal(Math.Min(22, i + 1), histogram.Bin(Math.BitIncrement(Math.Pow(10, i))));
        }

        Assert.Null(histogram.Decide(new double[23], new double[23], 0.5));
    }

    [Fact]
    public void PoissonBinomial_ManyTrials_AgreesWithTheExactLaw()
    {
        double[] chances = [.. Enumerable.Range(0, 201).Select(i => 0.1 + (0.8 * (i % 10) / 10))];
        double[] law = PoissonBinomial.Probabilities(chances);

        double exact = law.Select((p, m) => p * Math.Min(1, m / 120.0)).Sum();

        Assert.Equal(exact, PoissonBinomial.Expect(chances, m => Math.Min(1, m / 120), 120), 4);
    }
}
