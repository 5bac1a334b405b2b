using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;

namespace DpSpark.Tests.Core.Accounting;

public class CompositionTests
{
    [Theory]
    [InlineData(0.5, 1e-6)]
    [InlineData(4, 1e-9)]
    [InlineData(20, 1e-12)]
    public void Zcdp_OfGaussianNoise_ProvesNoLessThanTheTruth(double sigma, double delta)
    {
        double proved = Zcdp.Epsilon(Zcdp.OfGaussian(sigma, 1), delta);
        double exact = GaussianPrivacy.EpsilonOf(sigma, delta, 1);

        Assert.InRange(proved, exact, exact * 1.3);
    }

    [Theory]
    [InlineData(0.1, 100)]
    [InlineData(1, 4)]
    public void OptimalComposition_AnyNumber_IsBetweenOneCopyAndBasic(double epsilon, int k)
    {
        double composed = OptimalComposition.Epsilon(epsilon, 0, k, 1e-6);

        Assert.InRange(composed, epsilon, k * epsilon);
        Assert.Equal(0, OptimalComposition.Delta(epsilon, 0, k, k * epsilon));
        Assert.True(OptimalComposition.Delta(epsilon, 0, k, composed * 0.999) > 1e-6);
    }

    [Theory]
    [InlineData(1e-15, 1e-300)]
    [InlineData(1e9, 1e-6)]
    [InlineData(1e-9, 0.999)]
    [InlineData(50, 1e-15)]
    public void Mu_AtTheEdgesOfTheDomain_IsPositiveAndPrivate(double epsilon, double delta)
    {
        double mu = GaussianPrivacy.Mu(epsilon, delta);

        Assert.True(mu > 0 && double.IsFinite(mu));
        Assert.True(GaussianPrivacy.Delta(epsilon, mu) <= delta);
        Assert.True(GaussianPrivacy.Delta(epsilon, mu * (1 + 1e-6)) > delta);
    }

    [Fact]
    public void Delta_AcrossTheChangeOfForm_IsContinuous()
    {
        foreach (double epsilon in new[] { 0, 0.01, 0.1, 0.5, -0.05 })
        {
            double below = GaussianPrivacy.Delta(epsilon, 0.1 * (1 - 1e-12));
            double above = GaussianPrivacy.Delta(epsilon, 0.1);
            Assert.InRange(above / below, 1 - 1e-9, 1 + 1e-9);
        }
    }

    [Fact]
    public void Charge_TenTimesATenth_IsExactlyOne()
    {
        var accountant = new BasicAccountant();
        for (int i = 0; i < 10; i++)
        {
            accountant.Charge(ExactDecimal.Parse("0.1"), ExactDecimal.Parse("1e-9"));
        }

        Assert.Equal(ExactDecimal.One, accountant.Epsilon);
        Assert.Equal(ExactDecimal.Parse("1e-8"), accountant.Delta);
        Assert.Throws<ArgumentOutOfRangeException>(() => accountant.Charge(ExactDecimal.Parse("-0.1"), ExactDecimal.Zero));
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData("1e-16", false)]
    [InlineData("1e-15", true)]
    [InlineData("0.1", true)]
    [InlineData("1073741824", true)]
    [InlineData("1073741825", false)]
    public void Epsilon_Domain_IsKept(string text, bool valid) => Assert.Equal(valid, Epsilon.TryCreate(ExactDecimal.Parse(text), out _, out _));

    [Theory]
    [InlineData("0", true)]
    [InlineData("0.999999", true)]
    [InlineData("1", false)]
    [InlineData("-1e-9", false)]
    public void Delta_Domain_IsKept(string text, bool valid) => Assert.Equal(valid, Delta.TryCreate(ExactDecimal.Parse(text), out _, out _));

    [Fact]
    public void Bounds_NothingBounded_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ContributionBounds(null, 3, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ContributionBounds(0, null, null));
        Assert.Equal(3, new ContributionBounds(8, 1, null).WithPublicPartitions(3).MaxPartitions);
    }
}
