using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;

namespace DpSpark.Tests.Core.Accounting.Loss;

/// <summary>Loss distributions against exact compositions, from both sides, and wrong plans that they reject.</summary>
public class LossAccountantTests
{
    [Theory]
    [InlineData(1, 1, 1e-2)]
    [InlineData(4, 30, 1e-6)]
    [InlineData(20, 1000, 1e-12)]
    [InlineData(1, 30, 1e-30)]
    public void Epsilon_Gaussians_IsExactWithinOneInTenThousandAndNeverBelow(double sigma, int k, double delta)
    {
        MechanismUse[] plan = [new(new GaussianMechanism(sigma, 1), k)];

        double exact = GaussianPrivacy.Epsilon(Math.Sqrt(k) / sigma, delta);
        PrivacyBracket found = new LossAccountant().EpsilonBracket(plan, delta);

        Assert.InRange(found.Upper, exact, exact * (1 + 1e-4));
        Assert.InRange(found.Lower, exact * 0.99, exact);
    }

    [Theory]
    [InlineData(5, 10, 1e-6)]
    [InlineData(17.379, 20, 1e-6)]
    [InlineData(20, 40, 1e-3)]
    public void Epsilon_Laplaces_AgreesWithTheExactExpansion(double scale, int k, double delta)
    {
        double exact = LaplaceComposition.Epsilon(1 / scale, k, delta);

        Assert.InRange(new LossAccountant().Epsilon([new(new LaplaceMechanism(scale, 1), k)], delta), exact * (1 - 1e-10), exact * (1 + 1e-5));
    }

    [Theory]
    [InlineData(0.2, 1e-9, 12, 1e-6)]
    [InlineData(0.01, 0, 400, 1e-9)]
    [InlineData(2, 0, 5, 1e-4)]
    public void Epsilon_GenericPairs_AgreesWithOptimalComposition(double epsilon, double delta0, int k, double delta)
    {
        double exact = OptimalComposition.Epsilon(epsilon, delta0, k, delta);

        Assert.InRange(new LossAccountant().Epsilon([new(new GenericMechanism(epsilon, delta0), k)], delta), exact * (1 - 1e-10), exact * (1 + 1e-7));
    }

    [Fact]
    public void Epsilon_OneDiscreteGaussian_CoversItsExactDelta()
    {
        double epsilon = new LossAccountant().Epsilon([new(DiscreteGaussianMechanism.OfSigma(3, 2), 1)], 1e-6);

        Assert.InRange(DiscreteGaussianPrivacy.Delta(epsilon, 9, 2), 0.999e-6, 1e-6);
    }

    [Fact]
    public void Epsilon_SampledGeneric_IsTheAmplifiedOne()
    {
        (double epsilon, double delta) = Subsampling.Amplify(1, 1e-6, 0.1);

        double found = new LossAccountant().Epsilon([new(new SampledMechanism(0.1, new GenericMechanism(1, 1e-6)), 1)], delta * (1 + 1e-6));

        Assert.InRange(found, epsilon * (1 - 1e-6), epsilon * (1 + 1e-5));
    }

    [Fact]
    public void Epsilon_Sampled_IsAtMostTheRenyiBound()
    {
        double renyi = RenyiPrivacy.SampledGaussianEpsilon(0.05, 2, 50, 1e-6, RenyiPrivacy.WholeOrders(2, 255)).Epsilon;

        double found = new LossAccountant(1e-4).Epsilon([new(new SampledMechanism(0.05, new GaussianMechanism(2, 1)), 50)], 1e-6);

        Assert.InRange(found, renyi * 0.7, renyi);
    }

    public static TheoryData<string, PrivacyMechanism> Kinds() => new()
    {
        { "gaussian", new GaussianMechanism(8, 1) },
        { "laplace", new LaplaceMechanism(8, 1) },
        { "discrete laplace", new DiscreteLaplaceMechanism(8, 1) },
        { "discrete gaussian", DiscreteGaussianMechanism.OfSigma(8, 1) },
        { "generic", new GenericMechanism(0.1, 1e-9) },
        { "selection", new PartitionSelectionMechanism(0.1, 1e-9) },
        { "exponential", new ExponentialMechanism(0.1) },
        { "sampled", new SampledMechanism(0.2, new LaplaceMechanism(3, 1)) },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Epsilon_CountIgnoredOrOneLess_IsAnotherNumberForEveryKind(string kind, PrivacyMechanism mechanism)
    {
        var accountant = new LossAccountant(1e-4);
        double four = accountant.Epsilon([new(mechanism, 4)], 1e-6);

        Assert.True(accountant.Epsilon([new(mechanism, 1)], 1e-6) < four * 0.9, kind);
        Assert.True(accountant.Epsilon([new(mechanism, 3)], 1e-6) < four, kind);
        Assert.InRange(accountant.Epsilon([new(mechanism, 1), new(mechanism, 2), new(mechanism, 1), new(mechanism, 0)], 1e-6), four * (1 - 1e-9), four * (1 + 1e-9));
    }

    [Fact]
    public void Delta_WrongSensitivities_AreRejected()
    {
        var accountant = new LossAccountant();
        double sigma = GaussianPrivacy.SafeSigma(1, 1e-6, Math.Sqrt(4));

        Assert.InRange(accountant.Delta([new(new GaussianMechanism(sigma, 2), 1)], 1), 0.99e-6, 1e-6 * (1 + 1e-3));

        // Missing square root of L0, replace-one counted as add-remove, noise short by a factor of two.
        Assert.True(accountant.Delta([new(new GaussianMechanism(sigma, 4), 1)], 1) > 1e-4);
        Assert.True(accountant.Delta([new(new GaussianMechanism(sigma, 2 * Math.Sqrt(2)), 1)], 1) > 1e-5);
        Assert.True(accountant.Delta([new(new GaussianMechanism(sigma / 2, 2), 1)], 1) > 1e-4);
        Assert.True(accountant.Epsilon([new(new LaplaceMechanism(1, 2), 1)], 0) >= 2);
    }

    [Fact]
    public void Epsilon_EdgesOfTheDomain_AreAnswered()
    {
        var accountant = new LossAccountant();

        Assert.Equal(0, accountant.Epsilon([], 0));
        Assert.Equal(0, accountant.Epsilon([new(new GaussianMechanism(1, 0), 5)], 0));
        Assert.Equal(double.PositiveInfinity, accountant.Epsilon([new(new GaussianMechanism(1, 1), 1)], 0));
        Assert.Equal(double.PositiveInfinity, accountant.Epsilon([new(new GenericMechanism(1, 1e-6), 2)], 1e-6));
        Assert.InRange(accountant.Epsilon([new(new LaplaceMechanism(3, 1), 3)], 0), 1, 1 + 1e-9);
        Assert.Equal(0, accountant.Delta([new(new LaplaceMechanism(3, 1), 3)], 1.001));
        Assert.InRange(accountant.Epsilon([new(new GenericMechanism(1e9, 0), 2)], 1e-6), 2e9 - 1, 2e9 + 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => accountant.Epsilon([new(new LaplaceMechanism(0, 1), 1)], 0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => accountant.Epsilon([new(new LaplaceMechanism(1, 1), -1)], 0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => accountant.Epsilon([new(new LaplaceMechanism(1, 1), 1)], double.NaN));
        Assert.Throws<ArgumentNullException>(() => accountant.Epsilon([default], 0.1));
    }

    [Fact]
    public void SmallestFactor_HundredMechanismsTenDistinct_KeepsTheBudgetAndNoLessNoiseWould()
    {
        IReadOnlyList<MechanismUse> PlanAt(double c) =>
            [.. Enumerable.Range(0, 10).Select(i => new MechanismUse(
                i % 2 == 0 ? new LaplaceMechanism(c * (1 + (0.37 * i)), 1 + (i % 3)) : new GaussianMechanism(c * (3 + i), 1 + (i % 2)), 10))];

        double factor = LossCalibration.SmallestFactor(PlanAt, 1, 1e-6);

        Assert.InRange(new LossAccountant().Epsilon(PlanAt(factor), 1e-6), 1 - 1e-5, 1);
        Assert.True(new LossAccountant().Epsilon(PlanAt(factor * (1 - 1e-4)), 1e-6) > 1);
        Assert.Throws<InvalidOperationException>(() => LossCalibration.SmallestFactor(_ => [new(new GenericMechanism(2, 0), 1)], 1, 1e-6));
    }
}
