using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Testing.Privacy;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Every branch of every accountant against the exact divergence of what it accounts for.</summary>
internal static class AccountingClaims
{
    private const double Epsilon = 0.7;

    internal static IEnumerable<Claim> All => [.. Branches, .. Formulas, .. Divisions];

    private static IEnumerable<Claim> Branches =>
    [
        Branch(new GaussianMechanism(4, 2), 3, GaussianPrivacy.Delta(Epsilon, Math.Sqrt(3) / 2), ("twice the sigma", new GaussianMechanism(8, 2)), ("sensitivity of one", new GaussianMechanism(4, 1)), ("root of the sensitivity", new GaussianMechanism(4, Math.Sqrt(2)))),
        Branch(new LaplaceMechanism(6, 2), 3, LaplaceComposition.Delta(1 / 3.0, 3, Epsilon), ("twice the scale", new LaplaceMechanism(12, 2)), ("sensitivity of one", new LaplaceMechanism(6, 1))),
        Branch(
            new DiscreteLaplaceMechanism(6, 3), 3, Worlds.Laplace(6, 3).Times(3).Delta(Epsilon), ("twice the scale", new DiscreteLaplaceMechanism(12, 3)), ("one unit less", new DiscreteLaplaceMechanism(6, 2)),
            ("replacement counted as addition", new DiscreteLaplaceMechanism(12, 3))),
        Branch(
            new DiscreteGaussianMechanism(16, 2), 3, Worlds.Gaussian(4, 2).Times(3).Delta(Epsilon), ("variance doubled", new DiscreteGaussianMechanism(32, 2)), ("one unit less", new DiscreteGaussianMechanism(16, 1)),
            ("variance for sigma", new DiscreteGaussianMechanism(16 * 16, 2))),
        Branch(new GenericMechanism(0.5, 0.01), 3, Generic(0.5, 0.01).Times(3).Delta(Epsilon), ("delta forgotten", new GenericMechanism(0.5, 0)), ("half of epsilon", new GenericMechanism(0.25, 0.01))),
        Branch(
            new PartitionSelectionMechanism(0.5, 0.01), 3, Generic(0.5, 0.01).Times(3).Delta(Epsilon), ("delta forgotten", new PartitionSelectionMechanism(0.5, 0)),
            ("epsilon of L0 partitions shared out twice", new PartitionSelectionMechanism(0.5 / 3, 0.01))),
        Branch(new ExponentialMechanism(0.5), 3, Generic(0.5, 0).Times(3).Delta(Epsilon), ("half of epsilon", new ExponentialMechanism(0.25)), ("taken for Laplace noise", new LaplaceMechanism(2, 1))),
        Branch(
            new BoundedRangeMechanism(0.5), 3, Ranged(0.5, 60).Times(3).Delta(Epsilon), ("half of epsilon", new BoundedRangeMechanism(0.25)), ("taken for Gaussian noise of its rho", new GaussianMechanism(1, 0.25)),
            ("range counted from the middle", new BoundedRangeMechanism(0.5 / 2))),
        Claim.About(
            typeof(BoundedRangeMechanism), "one draw and two, of all exponential mechanisms over three keys",
            epsilon => Worlds.Grid(3, -1, 1).All(change => new double[][] { [0, 0, 0], [3, 1, 0], [0, 6, 2] }.All(u =>
                new[] { 0, 0.1, 0.3, 0.6 }.All(at => Choice(0.8, u, change).Delta(at) <= new LossAccountant(1e-4).Delta([new(new BoundedRangeMechanism(epsilon), 1)], at) * (1 + 1e-9)
                    && Choice(0.8, u, change).Times(2).Delta(at) <= new LossAccountant(1e-4).Delta([new(new BoundedRangeMechanism(epsilon), 2)], at) * (1 + 1e-9)))),
            0.8,
            ("half of epsilon", 0.4), ("the sensitivity of one sign for both", 0.8 / 2), ("nine tenths", 0.72)),
        Branch(
            new SampledMechanism(0.3, new DiscreteLaplaceMechanism(1, 1)), 3, Sampled(0.3, 1).Delta(Epsilon), ("q squared", new SampledMechanism(0.09, new DiscreteLaplaceMechanism(1, 1))),
            ("half the rate", new SampledMechanism(0.15, new DiscreteLaplaceMechanism(1, 1)))),
        Claim.About(
            typeof(LossAccountant), "delta of a mixed plan",
            plan => Covers(new LossAccountant(1e-4).Delta(plan, Epsilon), Worlds.Laplace(6, 1).Times(2).And(Worlds.Gaussian(4, 1)).And(Generic(0.1, 0.001)).Delta(Epsilon), 1.01),
            [new(new DiscreteLaplaceMechanism(6, 1), 2), new(new DiscreteGaussianMechanism(16, 1), 1), new(new GenericMechanism(0.1, 0.001), 1)],
            ("a mechanism missing", (IReadOnlyList<MechanismUse>)[new(new DiscreteLaplaceMechanism(6, 1), 2), new(new DiscreteGaussianMechanism(16, 1), 1)]),
            ("the law of the previous one used again", [new(new DiscreteLaplaceMechanism(6, 1), 3), new(new DiscreteGaussianMechanism(16, 1), 1)]),
            ("a multiplicity ignored", [new(new DiscreteLaplaceMechanism(6, 1), 1), new(new DiscreteGaussianMechanism(16, 1), 1), new(new GenericMechanism(0.1, 0.001), 1)])),
        Claim.About(
            typeof(LossAccountant), "both directions of a sampled mechanism",
            delta => delta >= Math.Max(SampledPair(0.3, 1).DeltaHere(0.2), SampledPair(0.3, 1).Delta(0.2)) * (1 - 1e-9),
            new LossAccountant(1e-4).Delta([new(new SampledMechanism(0.3, new DiscreteLaplaceMechanism(1, 1)), 1)], 0.2),
            ("one direction", Reverse(0.3, 1).DeltaHere(0.2))),
        Claim.About<Func<double, IReadOnlyList<MechanismUse>>>(
            typeof(LossCalibration), "the factor at which a plan keeps its budget",
            planAt => Worlds.Laplace(LossCalibration.SmallestFactor(planAt, 1, 1e-3), 1).Times(4).Keeps(1, 1e-3),
            c => [new(new DiscreteLaplaceMechanism(c, 1), 4)],
            ("one use less", c => [new(new DiscreteLaplaceMechanism(c, 1), 3)]), ("the count ignored", c => [new(new DiscreteLaplaceMechanism(c, 1), 1)])),
        Claim.About<Func<int, double>>(
            typeof(ConnectTheDots), "the discrete pair dominates the continuous one",
            mass =>
            {
                (double[] masses, double infinity) = ConnectTheDots.Gaussian(1, 0.1, -60, 80);
                double delta = masses.Select((m, i) => Math.Max(0, -Elementary.ExpM1(Epsilon - ((i - 60) * 0.1))) * m * mass(i)).Sum() + infinity;
                return Covers(delta, GaussianPrivacy.Delta(Epsilon, 1), 1.02);
            },
            _ => 1,
            ("mass taken from above", i => i > 70 ? 0.9 : 1)),
    ];

    private static IEnumerable<Claim> Formulas =>
    [
        Claim.About(
            typeof(OptimalComposition), "k generic mechanisms",
            delta => Covers(delta, Generic(0.4, 0.01).Times(4).Delta(Epsilon), 1 + 1e-9),
            OptimalComposition.Delta(0.4, 0.01, 4, Epsilon),
            ("one less", OptimalComposition.Delta(0.4, 0.01, 3, Epsilon)), ("delta paid once", 0.01 + (0.99 * OptimalComposition.Delta(0.4, 0, 4, Epsilon))), ("the atoms forgotten", OptimalComposition.Delta(0.4, 0, 4, Epsilon))),
        Claim.About(
            typeof(LaplaceComposition), "k Laplace mechanisms, against a lattice of noise",
            delta => Covers(delta, Worlds.Laplace(60, 30).Times(3).Delta(Epsilon) * (1 - 1e-3), 1.02),
            LaplaceComposition.Delta(0.5, 3, Epsilon),
            ("one less", LaplaceComposition.Delta(0.5, 2, Epsilon)), ("half of epsilon each", LaplaceComposition.Delta(0.25, 3, Epsilon)), ("one with three times the sensitivity", LaplaceComposition.Delta(1.5, 1, Epsilon))),
        Claim.About(
            typeof(DiscreteGaussianPrivacy), "one discrete Gaussian number",
            delta => Covers(delta, Worlds.Gaussian(3, 2).Delta(Epsilon), 1 + 1e-6),
            DiscreteGaussianPrivacy.Delta(Epsilon, 9, 2),
            ("sensitivity of one", DiscreteGaussianPrivacy.Delta(Epsilon, 9, 1)), ("variance doubled", DiscreteGaussianPrivacy.Delta(Epsilon, 18, 2))),
        Claim.About(
            typeof(GaussianPrivacy), "k Gaussians are one with the root of the sum of squares",
            mu => Covers(GaussianPrivacy.Delta(Epsilon, mu), Worlds.Gaussian(40, 20).And(Worlds.Gaussian(40, 40)).Delta(Epsilon) * (1 - 1e-3), 1.01),
            GaussianPrivacy.Compose([0.5, 1]),
            ("the larger one", 1), ("the mean", 0.75), ("one missing", 0.5)),
        Claim.About(
            typeof(BasicAccountant), "the sum of what was charged",
            charges => Charge(charges) is var (epsilon, delta) && Generic(0.3, 0.01).Times(3).Keeps(epsilon, delta),
            3,
            ("one charge missing", 2), ("the count ignored", 1)),
        Claim.About(
            typeof(BasicAccountant), "epsilons and deltas both add up",
            ((double Epsilon, double Delta) charges) => Generic(0.3, 0.01).Times(3).Keeps(charges.Epsilon, charges.Delta),
            Charge(3),
            ("the deltas' largest", (Charge(3).Epsilon, 0.01)), ("no delta", (Charge(3).Epsilon, 0)), ("the epsilons' largest", (0.3, Charge(3).Delta)), ("root of the sum of squares", (0.3 * Math.Sqrt(3), Charge(3).Delta)),
            ("half", (Charge(3).Epsilon / 2, Charge(3).Delta / 2))),
        Claim.About(
            typeof(Zcdp), "rhos add up over different mechanisms",
            rho => Worlds.Gaussian(3, 2).And(Worlds.Gaussian(6, 2)).Keeps(Zcdp.Epsilon(rho, 1e-4), 1e-4),
            Zcdp.OfGaussian(3, 2) + Zcdp.OfGaussian(6, 2),
            ("the larger alone, halved", Zcdp.OfGaussian(3, 2) / 2), ("root of the sum of squares of half of them", Math.Sqrt(Math.Pow(Zcdp.OfGaussian(3, 2), 2) + Math.Pow(Zcdp.OfGaussian(6, 2), 2)) / 2),
            ("sigma doubled", Zcdp.OfGaussian(6, 2) + Zcdp.OfGaussian(12, 2))),
        Claim.About(
            typeof(Zcdp), "rho that an (epsilon, delta) allows",
            rho => Zcdp.Delta(rho, 1) <= 1e-4 * (1 + 1e-9),
            Zcdp.Rho(1, 1e-4),
            ("epsilon doubled", Zcdp.Rho(2, 1e-4)), ("delta doubled", Zcdp.Rho(1, 2e-4)), ("epsilon squared over 2", 0.5)),
        Claim.About(
            typeof(Zcdp), "rho of Gaussian noise",
            rho => Worlds.Gaussian(3, 2).Times(2).Keeps(Zcdp.Epsilon(rho, 1e-4), 1e-4),
            2 * Zcdp.OfGaussian(3, 2),
            ("the count missing", Zcdp.OfGaussian(3, 2)), ("the sensitivity not squared", 2 * Zcdp.OfGaussian(3, Math.Sqrt(2))), ("half", 2 * Zcdp.OfGaussian(3, 2) / 2)),
        Claim.About(
            typeof(Zcdp), "rho of a pure mechanism",
            rho => Orders.All(alpha => Divergence(Generic(0.8, 0), alpha) <= rho * alpha * (1 + 1e-9)),
            Zcdp.OfPure(0.8),
            ("bounded range where there is none", Zcdp.OfExponentialMechanism(0.8)), ("half", Zcdp.OfPure(0.8) / 2)),
        Claim.About(
            typeof(Zcdp), "rho of an exponential mechanism by its bounded range",
            rho => Worlds.Grid(3, -1, 1).All(change => Orders.All(alpha =>
                Divergence(Choice(0.8, [0, 0, 0], change), alpha) <= rho * alpha * (1 + 1e-9))),
            Zcdp.OfExponentialMechanism(0.8),
            ("half of it", Zcdp.OfExponentialMechanism(0.8) / 2), ("epsilon squared over 12", 0.8 * 0.8 / 12)),
        Claim.About<Func<double, double>>(
            typeof(RenyiPrivacy), "the divergence of Laplace noise",
            divergence => Orders.All(alpha => Math.Abs(divergence(alpha) - Divergence(Worlds.Laplace(200, 100), alpha)) < 5e-3),
            alpha => RenyiPrivacy.Laplace(2, alpha),
            ("half the sensitivity", alpha => RenyiPrivacy.Laplace(4, alpha)), ("alpha for alpha - 1", alpha => RenyiPrivacy.Laplace(2, alpha) * (alpha - 1) / alpha)),
        Claim.About<Func<double, double>>(
            typeof(RenyiPrivacy), "the divergence of a pure mechanism",
            divergence => Orders.All(alpha => Math.Abs(divergence(alpha) - Divergence(Generic(0.8, 0), alpha)) < 1e-9),
            alpha => RenyiPrivacy.Pure(0.8, alpha),
            ("half of epsilon", alpha => RenyiPrivacy.Pure(0.4, alpha)), ("alpha for alpha - 1", alpha => RenyiPrivacy.Pure(0.8, alpha) * (alpha - 1) / alpha)),
        Claim.About<Func<double, double>>(
            typeof(RenyiPrivacy), "the divergence of sampled Gaussian noise",
            divergence => Orders.Where(a => a is 2 or 3 or 8).All(alpha => Math.Abs(divergence(alpha) - Divergence(SampledGaussian(0.2, 40, 40), alpha)) < 5e-3 * (1 + divergence(alpha))),
            alpha => RenyiPrivacy.SampledGaussian(0.2, 1, alpha),
            ("q not squared", alpha => RenyiPrivacy.SampledGaussian(Math.Sqrt(0.2), 1, alpha)), ("q squared twice", alpha => RenyiPrivacy.SampledGaussian(0.04, 1, alpha)), ("twice the sigma", alpha => RenyiPrivacy.SampledGaussian(0.2, 2, alpha))),
        Claim.About<Func<double, double>>(
            typeof(RenyiPrivacy), "conversion to (epsilon, delta)",
            divergence => Worlds.Gaussian(4, 2).Times(2).Keeps(RenyiPrivacy.ToEpsilon(divergence, RenyiPrivacy.DefaultOrders, 1e-5).Epsilon, 1e-5),
            alpha => 2 * RenyiPrivacy.Gaussian(0.5, alpha),
            ("the count missing", alpha => RenyiPrivacy.Gaussian(0.5, alpha)), ("mu halved", alpha => 2 * RenyiPrivacy.Gaussian(0.25, alpha))),
        Claim.About(
            typeof(Subsampling), "a secret sample of the units",
            amplified => SampledGeneric(0.3, 0.9, 0.01).Keeps(amplified.Epsilon, amplified.Delta),
            Subsampling.Amplify(0.9, 0.01, 0.3),
            ("epsilon times q", (Epsilon: 0.3 * 0.9, Delta: 0.3 * 0.01)), ("q squared", Subsampling.Amplify(0.9, 0.01, 0.09)), ("delta not paid", (Subsampling.Amplify(0.9, 0.01, 0.3).Epsilon, 0))),
    ];

    private static IEnumerable<Claim> Divisions =>
    [
        Claim.About(
            typeof(GaussianSplit), "shares of mu",
            sigmas => GaussianPrivacy.Compose(sigmas.Select(s => 1 / s)) <= 0.8 * (1 + 1e-12),
            GaussianSplit.ByWeights(0.8, [1, 2, 3]),
            ("each share of the whole without the root of the sum", (double[])[1 / (0.8 * 1), 1 / (0.8 * 2), 1 / (0.8 * 3)]), ("one metric forgotten", [.. GaussianSplit.ByWeights(0.8, [1, 2]), GaussianSplit.ByWeights(0.8, [1, 2, 3])[2]])),
        Claim.About(
            typeof(GaussianSplit), "the split of least cost composes to mu and costs least",
            sigmas => GaussianPrivacy.Compose(sigmas.Select(s => 1 / s)) <= 0.8 * (1 + 1e-12) && sigmas.Zip([1.0, 9, 100], (s, c) => c * s * s).Sum() <= Cost([1, Math.Sqrt(3), Math.Sqrt(10)]) * (1 + 1e-12),
            GaussianSplit.ByCosts(0.8, [1, 9, 100]),
            ("weights in proportion to the cost", GaussianSplit.ByWeights(0.8, [1, 9, 100])), ("weights in proportion to its root", GaussianSplit.ByWeights(0.8, [1, 3, 10])), ("equal", GaussianSplit.ByWeights(0.8, [1, 1, 1]))),
        Claim.About(
            typeof(GaussianEqualSplit), "k Gaussians of equal noise",
            sigma => GaussianPrivacy.Delta(1, Math.Sqrt(5) / sigma) <= 1e-6 * (1 + 1e-6),
            GaussianEqualSplit.Of(1, 1e-6, 5).Exact,
            ("one less", GaussianEqualSplit.Of(1, 1e-6, 4).Exact), ("the naive one's epsilon, undivided", GaussianEqualSplit.Of(1, 1e-6, 1).Naive)),
        Claim.About(
            typeof(GaussianEqualSplit), "k Gaussians of equal noise by zCDP",
            sigma => 5 * Zcdp.OfGaussian(sigma, 1) <= Zcdp.Rho(1, 1e-6) * (1 + 1e-9),
            GaussianEqualSplit.Of(1, 1e-6, 5).Zcdp,
            ("one less", GaussianEqualSplit.Of(1, 1e-6, 4).Zcdp)),
        Claim.About(
            typeof(LaplaceEqualSplit), "k Laplace mechanisms of equal noise",
            scale => LaplaceComposition.Delta(1 / scale, 30, 1) <= 1e-6 * (1 + 1e-6),
            LaplaceEqualSplit.Of(1, 1e-6, 30).ByLoss,
            ("one less", LaplaceEqualSplit.Of(1, 1e-6, 29).ByLoss)),
        Claim.About(
            typeof(NaiveSplit), "shares add up to the budget",
            shares => shares.Epsilons.Sum() <= 1 + 1e-12 && shares.Deltas.Sum() <= 1e-6 * (1 + 1e-12) && shares.Deltas.Sum() > 0.99e-6,
            NaiveSplit.ByWeights(1, 1e-6, [1, 2, 1], [true, false, true]),
            ("a multiplicity missing", (Epsilons: [0.5, 0.5, 0.5], Deltas: [5e-7, 0, 5e-7])), ("delta to those without", (Epsilons: [0.25, 0.5, 0.25], Deltas: [5e-7, 5e-7, 5e-7]))),
        Claim.About(
            typeof(NoiseComparison), "deviations of k metrics in L0 partitions",
            choice => choice.LaplaceDeviation >= Math.Sqrt(2) * 3 * 4 * 2 && GaussianPrivacy.DeltaOf(1, choice.GaussianDeviation, 2 * Math.Sqrt(3 * 4)) <= 1e-6 * (1 + 1e-9),
            NoiseComparison.Of(1, 1e-6, 4, 2, 3),
            ("a metric less", NoiseComparison.Of(1, 1e-6, 4, 2, 2)), ("L0 missing", NoiseComparison.Of(1, 1e-6, 1, 2, 3)), ("Linf missing", NoiseComparison.Of(1, 1e-6, 4, 1, 3))),
        Claim.About(
            typeof(ZcdpFilter), "requests beyond the budget are refused",
            accepted => accepted * 0.4 <= 1,
            Accepted("0.4", "1"),
            ("the last request not yet counted", Accepted("0.4", "1.4"))),
    ];

    private static double[] Orders => [1.5, 2, 3, 8, 32];

    private static Claim Branch(PrivacyMechanism mechanism, int count, double truth, params (string Name, PrivacyMechanism Wrong)[] wrong) => Claim.About(
        mechanism.GetType(), "its branch of the loss accountant covers the exact delta",
        use => Covers(new LossAccountant(1e-4).Delta([use], Epsilon), truth, 1.01),
        new MechanismUse(mechanism, count),
        [("one use less", new(mechanism, count - 1)), ("the count ignored", new(mechanism, 1)), .. wrong.Select(w => (w.Name, new MechanismUse(w.Wrong, count)))]);

    private static bool Covers(double claimed, double truth, double loosest) => claimed >= truth * (1 - 1e-9) && claimed <= truth * loosest;

    private static NeighbourPair Generic(double epsilon, double delta)
    {
        double p = 1 / (1 + Math.Exp(-epsilon));
        return NeighbourPair.Of([delta, (1 - delta) * p, (1 - delta) * (1 - p), 0], [0, (1 - delta) * (1 - p), (1 - delta) * p, delta]);
    }

    /// <summary>The pair of bounded range cut into pieces: density e^((l - epsilon)/2) / (2 (1 - e^-epsilon)) of the loss l in one world, that times e^-l in the other.</summary>
    private static NeighbourPair Ranged(double epsilon, int pieces)
    {
        double[] ends = [.. Enumerable.Range(0, pieces + 1).Select(i => epsilon * ((2.0 * i / pieces) - 1))];
        double all = 1 - Math.Exp(-epsilon);
        return NeighbourPair.Of(
            [.. Enumerable.Range(0, pieces).Select(i => (Math.Exp((ends[i + 1] - epsilon) / 2) - Math.Exp((ends[i] - epsilon) / 2)) / all)],
            [.. Enumerable.Range(0, pieces).Select(i => (Math.Exp(-(ends[i] + epsilon) / 2) - Math.Exp(-(ends[i + 1] + epsilon) / 2)) / all)]);
    }

    private static NeighbourPair SampledGeneric(double rate, double epsilon, double delta)
    {
        double p = 1 / (1 + Math.Exp(-epsilon));
        double[] with = [delta, (1 - delta) * p, (1 - delta) * (1 - p), 0];
        double[] without = [0, (1 - delta) * (1 - p), (1 - delta) * p, delta];
        return NeighbourPair.Of([.. with.Zip(without, (w, o) => (rate * w) + ((1 - rate) * o))], without);
    }

    private static NeighbourPair SampledPair(double rate, double scale) => NeighbourPair.Of(
        k => (rate * DiscreteDistributions.LaplaceProbability(scale, k - 1)) + ((1 - rate) * DiscreteDistributions.LaplaceProbability(scale, k)),
        k => DiscreteDistributions.LaplaceProbability(scale, k),
        -60,
        60);

    private static NeighbourPair Reverse(double rate, double scale) => NeighbourPair.Of(
        k => DiscreteDistributions.LaplaceProbability(scale, k),
        k => (rate * DiscreteDistributions.LaplaceProbability(scale, k - 1)) + ((1 - rate) * DiscreteDistributions.LaplaceProbability(scale, k)),
        -60,
        60);

    private static NeighbourPair Sampled(double rate, double scale) => SampledPair(rate, scale).Times(3);

    private static NeighbourPair SampledGaussian(double rate, double sigma, long shift) => NeighbourPair.Of(
        k => (rate * DiscreteDistributions.GaussianProbability(sigma * sigma, k - shift)) + ((1 - rate) * DiscreteDistributions.GaussianProbability(sigma * sigma, k)),
        k => DiscreteDistributions.GaussianProbability(sigma * sigma, k),
        (long)(-25 * sigma),
        (long)(25 * sigma));

    private static NeighbourPair Choice(double epsilon, double[] utilities, long[] change) => NeighbourPair.Of(
        DpSpark.Core.Selection.ExponentialSelection.Probabilities(utilities, epsilon, 1, false),
        DpSpark.Core.Selection.ExponentialSelection.Probabilities([.. utilities.Zip(change, (u, c) => u + c)], epsilon, 1, false));

    private static double Divergence(NeighbourPair pair, double alpha) => pair.Renyi(alpha);

    private static double Cost(double[] weights) => GaussianSplit.ByWeights(0.8, weights).Zip([1.0, 9, 100], (s, c) => c * s * s).Sum();

    private static (double Epsilon, double Delta) Charge(int times)
    {
        var accountant = new BasicAccountant();
        for (int i = 0; i < times; i++)
        {
            accountant.Charge(ExactDecimal.Parse("0.3"), ExactDecimal.Parse("0.01"));
        }

        return (accountant.Epsilon.ToDouble(), accountant.Delta.ToDouble());
    }

    private static int Accepted(string request, string budget)
    {
        var filter = new ZcdpFilter(Rho.Create(ExactDecimal.Parse(budget)));
        return Enumerable.Range(0, 10).Count(_ => filter.TryCharge(Rho.Create(ExactDecimal.Parse(request))));
    }
}
