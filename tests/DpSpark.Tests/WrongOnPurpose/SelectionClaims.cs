using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Testing.Privacy;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Which partitions are shown, and which of many candidates is chosen.</summary>
internal static class SelectionClaims
{
    private const double Epsilon = 1;
    private const double Delta = 0.02;

    internal static IEnumerable<Claim> All =>
    [
        Claim.About(
            typeof(TruncatedGeometricTable), "two partitions of a unit cost (epsilon, delta) together",
            KeepsKeys,
            Table(SelectionBudget.Basic(Epsilon, Delta, 2)),
            ("epsilon not divided by L0", Table(new(Epsilon, SelectionBudget.Basic(Epsilon, Delta, 2).Delta))),
            ("delta not divided by L0", Table(new(Epsilon / 2, Delta))),
            ("read one entry too far", [.. Table(SelectionBudget.Basic(Epsilon, Delta, 2)).Skip(1)]),
            ("one unit more than certain is needed, one less is taken", [.. Table(SelectionBudget.Basic(Epsilon, Delta, 2)).SkipLast(2), BigInteger.One << 128])),
        Claim.About(
            typeof(SelectionBudget), "two partitions of a unit under optimal composition",
            budget => KeepsKeys(Table(budget)) && OptimalComposition.Delta(budget.Epsilon, budget.Delta, 2, Epsilon) <= Delta,
            SelectionBudget.Optimal(Epsilon, Delta, 2, 0.5),
            ("all of delta for the atoms", SelectionBudget.Optimal(Epsilon, Delta, 2, 0.5) with { Delta = SelectionBudget.Basic(Epsilon, Delta, 2).Delta }),
            ("composition of one partition less", SelectionBudget.Optimal(Epsilon, Delta, 1, 0.5))),
        Claim.About<Func<int, double>>(
            typeof(TruncatedGeometric), "a pre-threshold shifts the rule",
            keep => Enumerable.Range(0, 40).All(n => Worlds.Shown(n + 1 < 4 ? 0 : keep(n + 1), n < 4 ? 0 : keep(n)).Keeps(Epsilon, Delta)),
            n => new TruncatedGeometric(new(Epsilon, Delta), 4).KeepProbability(n),
            ("the shift missing", n => new TruncatedGeometric(new(Epsilon, Delta)).KeepProbability(n)),
            ("one unit less", n => new TruncatedGeometric(new(Epsilon, Delta), 3).KeepProbability(n))),
        Claim.About(
            typeof(ThresholdRule), "Laplace noise and a threshold on two partitions",
            rule => KeepsCounts(rule, 2, k => DiscreteDistributions.LaplaceProbability(2, k), 90, Delta),
            Rule(2, Delta, 1),
            ("one below", Rule(2, Delta, 1) with { Threshold = Rule(2, Delta, 1).Threshold - 1 }),
            ("delta not divided by L0", ThresholdRule.Laplace(2, 1, Delta, 1)),
            ("noise beyond T of no unit instead of one", Rule(2, Delta, 1) with { Threshold = Rule(2, Delta, 1).Threshold - 2 }),
            ("scale of one partition", ThresholdRule.Laplace(1, 1, SelectionBudget.Basic(Epsilon, Delta, 2).Delta, 1))),
        Claim.About(
            typeof(ThresholdRule), "a pre-threshold raises T",
            rule => KeepsCounts(rule, 1, k => DiscreteDistributions.LaplaceProbability(1, k), 50, Delta),
            ThresholdRule.Laplace(1, 1, Delta, 3),
            ("T of no pre-threshold", ThresholdRule.Laplace(1, 1, Delta, 1) with { PreThreshold = 3 }),
            ("raised by one less", ThresholdRule.Laplace(1, 1, Delta, 2) with { PreThreshold = 3 })),
        Claim.About(
            typeof(ThresholdRule), "Gaussian noise and a threshold on two partitions",
            rule => KeepsCounts(rule, 2, Gaussian(20), 190, 0.02 * (1 + 1e-3)),
            GaussianRule(0.01, 2),
            ("T less half a unit", GaussianRule(0.01, 2) with { Threshold = GaussianRule(0.01, 2).Threshold - 8 }),
            ("all of delta, not divided by L0", ThresholdRule.Gaussian(400, 0.02, 1, 8) with { Threshold = ThresholdRule.Gaussian(400, 0.02, 1, 8).Threshold - 3 })),
        Claim.About(
            typeof(ThresholdPreview), "the branch of the Laplace threshold looks at delta of one partition",
            t => 1 - Math.Pow(1 - ThresholdPreviewOf(t).KeepProbability(1), 2) <= 0.6 * (1 + 1e-9),
            ThresholdPreview.Laplace(Epsilon, 0.6, 2, 1).Threshold,
            ("the branch of the total", 1 + (2 * Math.Log(2 * (1 - SelectionBudget.Basic(Epsilon, 0.6, 2).Delta)))),
            ("one below", ThresholdPreview.Laplace(Epsilon, 0.6, 2, 1).Threshold - 1)),
        Claim.About(
            typeof(JointPlan), "noise and threshold share delta",
            t => KeepsCounts(new((BigInteger)Math.Ceiling(16 * t) + 1, 1, 16), 2, Gaussian(16 * s_joint.Sigmas[0]), (long)(16 * 9 * s_joint.Sigmas[0]), 0.02 * (1 + 1e-3)),
            s_joint.Threshold,
            ("a new unit counted as none", s_joint.Threshold - 1),
            ("one new partition at most", 1 + (s_joint.Sigmas[0] * Normal.UpperQuantile(0.02)))),
        Claim.About(
            typeof(JointPlan), "noise of two metrics is paid for at every number of shared partitions",
            sigmas => sigmas.Sum(s => 4 / (s * s)) <= Math.Pow(GaussianPrivacy.Mu(1, 0.02 * 0.9), 2) * (1 + 1e-9),
            JointPlan.Create(1, 0.02, 4, [1, 2], 0.9).Sigmas,
            ("root of L0 missing", [.. JointPlan.Create(1, 0.02, 4, [1, 2], 0.9).Sigmas.Select(s => s / 2)]),
            ("each metric at the whole mu", [.. JointPlan.Create(1, 0.02, 4, [1], 0.9).Sigmas.Concat(JointPlan.Create(1, 0.02, 4, [1], 0.9).Sigmas)])),
        Claim.About<Func<int, double>>(
            typeof(JointRuleCheck), "the joint bound covers every number of new partitions",
            bound => JointRuleCheck.Enumerate(0.5, 5, 3, 0.4, 4).All(c => Math.Max(c.AbsentVersusPresent, c.PresentVersusAbsent) <= (bound(c.NewPartitions) * (1 + 1e-9)) + 1e-13),
            k => JointRuleCheck.Enumerate(0.5, 5, 3, 0.4, 4)[k].Bound,
            ("delta_t of one partition less", k => Union(Fresh(Math.Max(0, k - 1)), Noise(3 - k))),
            ("noise of one shared partition less", k => Union(Fresh(k), Noise(Math.Max(0, 2 - k)))),
            ("the larger of both instead of the union", k => Math.Max(Fresh(k), Noise(3 - k)))),
        Claim.About(
            typeof(JointGaussianRule), "one bounded set for keys and metrics",
            delta => Union(Fresh(3), Noise(3)) <= delta * (1 + 1e-12),
            Enumerable.Range(0, 4).Max(k => Union(Fresh(3), Noise(3))),
            ("each metric with a set of its own, charged as if it were one", Enumerable.Range(0, 4).Max(k => Union(Fresh(k), Noise(3 - k))))),
        Claim.About(
            typeof(JointGaussianRule), "the joint bound is attained at the worst number of new partitions",
            delta => Enumerable.Range(0, 5).All(k => Union(Elementary.OneMinusPower(Normal.UpperTail((9 - 1) / 4.0), k), GaussianPrivacy.Delta(1, Math.Sqrt(4 - k) / 4)) <= delta * (1 + 1e-12)),
            JointGaussianRule.Evaluate(1, 4, 4, 9).JointDelta,
            ("all shared only", GaussianPrivacy.Delta(1, Math.Sqrt(4) / 4)),
            ("all new only, one fewer", Elementary.OneMinusPower(Normal.UpperTail((9 - 1) / 4.0), 3)),
            ("p1 of noise alone", JointGaussianRule.Evaluate(1, 4, 4, 10).JointDelta)),
        Claim.About(
            typeof(WeightedGaussian), "weights have norm 1, and sixteen new partitions stay hidden",
            KeepsWeighted,
            (Threshold: s_weighted.Threshold, Weight: (Func<int, double>)(m => 1 / Math.Sqrt(m))),
            ("no weights", (s_weighted.Threshold, m => 1)),
            ("fourth root", (s_weighted.Threshold, m => Math.Pow(m, -0.25))),
            ("the maximum over t missing", (1 + (s_weighted.Sigma * Normal.UpperQuantile(0.05)), m => 1 / Math.Sqrt(m))),
            ("the weight of one unit missing from T", (s_weighted.Threshold - 1, m => 1 / Math.Sqrt(m)))),
        Claim.About(
            typeof(SelectionRounds), "the rounds together keep noise and keys, whatever was shown before",
            KeepsRounds,
            (Rounds: s_rounds.Rounds, Weight: (Func<int, double>)(m => 1 / Math.Sqrt(m))),
            ("a round that is not counted", ([.. SelectionRounds.Calibrate(2, 0.1, 16, 2).Rounds, s_rounds.Rounds[0]], m => 1 / Math.Sqrt(m))),
            ("each round at the whole budget", ([.. Enumerable.Repeat(SelectionRounds.Calibrate(2, 0.1, 16, 1).Rounds[0], 3)], m => 1 / Math.Sqrt(m))),
            ("the threshold of the next round", ([s_rounds.Rounds[0] with { Threshold = s_rounds.Rounds[1].Threshold }, .. s_rounds.Rounds.Skip(1)], m => 1 / Math.Sqrt(m))),
            ("weights of what was shown added to the others", (s_rounds.Rounds, m => Math.Sqrt(2.0 / m))),
            ("weights of one partition less", (s_rounds.Rounds, m => 1 / Math.Sqrt(Math.Max(1, m - 1)))),
            ("delta of the keys not divided", ([.. s_rounds.Rounds.Select(r => SelectionRound.Of(r.Sigma, 0.05, 16))], m => 1 / Math.Sqrt(m)))),
        Claim.About(
            typeof(SelectionRounds), "two rounds on a partition that others have and one that they do not, by enumeration",
            rounds => Enumerable.Range(0, 60).All(i => TwoRounds(rounds, 0.25 * i).Keeps(2, 0.1)),
            SelectionRounds.Calibrate(2, 0.1, 2, 2).Rounds,
            ("the weight of one unit missing from T", [.. SelectionRounds.Calibrate(2, 0.1, 2, 2).Rounds.Select(r => r with { Threshold = r.Threshold - 1 })]),
            ("half of the noise and of T", [.. SelectionRounds.Calibrate(2, 0.1, 2, 2).Rounds.Select(r => r with { Sigma = r.Sigma / 2, Threshold = r.Threshold / 2 })])),
        Claim.About(
            typeof(SelectionRound), "up to sixteen new partitions stay hidden",
            round => new[] { 1, 2, 4, 8, 16 }.All(m => Elementary.OneMinusPower(Normal.UpperTail((round.Threshold - (1 / Math.Sqrt(m))) / 3), m) <= 0.05 * (1 + 1e-9)),
            SelectionRound.Of(3, 0.05, 16),
            ("the maximum over t missing", SelectionRound.Of(3, 0.05, 1)),
            ("half of the partitions", SelectionRound.Of(3, 0.05, 8)),
            ("the weight of one unit missing from T", SelectionRound.Of(3, 0.05, 16) with { Threshold = SelectionRound.Of(3, 0.05, 16).Threshold - 1 })),
        Claim.About<Func<long, long>>(
            typeof(UnitWeight), "the weights of a unit have norm 2^20 at most",
            weight => Enumerable.Range(1, 2000).All(k => k * weight(k) * weight(k) <= 1L << 40),
            UnitWeight.Of,
            ("rounded to nearest", k => (long)Math.Round(UnitWeight.One / Math.Sqrt(k))),
            ("one partition missed", k => UnitWeight.Of(Math.Max(1, k - 1))),
            ("not divided", k => UnitWeight.One)),
        Claim.About<Func<double[], double[]>>(
            typeof(ExponentialSelection), "utilities that move either way",
            law => KeepsChoice(law, -1),
            u => ExponentialSelection.Probabilities(u, Epsilon, 1, false),
            ("the factor 2 missing", u => ExponentialSelection.Probabilities(u, Epsilon, 0.5, false)), ("taken for monotone", u => ExponentialSelection.Probabilities(u, Epsilon, 1, true))),
        Claim.About<Func<double[], double[]>>(
            typeof(ExponentialSelection), "utilities that rise together",
            law => KeepsChoice(law, 0),
            u => ExponentialSelection.Probabilities(u, Epsilon, 1, true),
            ("half the sensitivity", u => ExponentialSelection.Probabilities(u, Epsilon, 0.5, true))),
        Claim.About<Func<double[], double[]>>(
            typeof(PermuteAndFlip), "utilities that move either way",
            law => KeepsChoice(law, -1),
            u => PermuteAndFlip.Probabilities(u, Epsilon, 1),
            ("the factor 2 missing", u => PermuteAndFlip.Probabilities(u, Epsilon, 0.5)), ("taken for monotone", u => PermuteAndFlip.Probabilities(u, Epsilon, 1, true))),
        Claim.About<Func<double[], double[]>>(
            typeof(PermuteAndFlip), "utilities that rise together",
            law => KeepsChoice(law, 0),
            u => PermuteAndFlip.Probabilities(u, Epsilon, 1, true),
            ("half the sensitivity", u => PermuteAndFlip.Probabilities(u, Epsilon, 0.5, true))),
        Claim.About<Func<double[], double[]>>(
            typeof(ExponentialSelection), "sums of -1 to 2, and units that are replaced, by the width of what they change",
            law => KeepsWidth(law, -1, 2),
            u => ExponentialSelection.Probabilities(u, Epsilon, 3, true),
            ("the larger bound alone", u => ExponentialSelection.Probabilities(u, Epsilon, 2, true)), ("of one step", u => ExponentialSelection.Probabilities(u, Epsilon, 1, true))),
        Claim.About<Func<double[], double[]>>(
            typeof(PermuteAndFlip), "sums of -1 to 2, and units that are replaced, by the width of what they change",
            law => KeepsWidth(law, -1, 2),
            u => PermuteAndFlip.Probabilities(u, Epsilon, 3, true),
            ("the larger bound alone", u => PermuteAndFlip.Probabilities(u, Epsilon, 2, true)), ("of one step", u => PermuteAndFlip.Probabilities(u, Epsilon, 1, true))),
        Claim.About(
            typeof(SparseVector), "one positive among many queries that move either way",
            split => KeepsSparse(split.ThresholdScale, split.QueryScale, true),
            SparseVector.Split(Epsilon, 1, 1, false),
            ("query noise without the factor 2", SparseVector.Split(Epsilon, 1, 1, false) with { QueryScale = SparseVector.Split(Epsilon, 1, 1, false).QueryScale / 2 }),
            ("threshold and queries at all of epsilon", new(1, 1, 1, 2)),
            ("no noise on the threshold", SparseVector.Split(Epsilon, 1, 1, false) with { ThresholdScale = 0.05 })),
        Claim.About(
            typeof(SparseVector), "the noise of c positives",
            split => Math.Abs((split.ThresholdScale * split.ThresholdEpsilon) - 1) < 1e-12 && split.QueryScale * split.QueryEpsilon >= 2 * 5 * (1 - 1e-12) && split.ThresholdEpsilon + split.QueryEpsilon <= Epsilon * (1 + 1e-12),
            SparseVector.Split(Epsilon, 5, 1, false),
            ("c missing", SparseVector.Split(Epsilon, 1, 1, false)), ("one positive less", SparseVector.Split(Epsilon, 4, 1, false)), ("taken for monotone", SparseVector.Split(Epsilon, 5, 1, true))),
    ];

    private static readonly JointPlan s_joint = JointPlan.Create(1, 0.02, 2, [1], 0.9);

    private static readonly WeightedGaussian s_weighted = WeightedGaussian.Calibrate(2, 0.1, 16);

    private static readonly SelectionRounds s_rounds = SelectionRounds.Calibrate(2, 0.1, 16, 3);

    private static IReadOnlyList<BigInteger> Table(SelectionBudget budget) => TruncatedGeometricTable.Build(budget.Safely());

    private static ThresholdRule Rule(int l0, double delta, int preThreshold)
    {
        NoiseSpec noise = NoiseCalibration.Laplace(l0, 1, 1);
        return ThresholdRule.Laplace(noise.Numerator, noise.Denominator, SelectionBudget.Basic(Epsilon, delta, l0).Delta, preThreshold);
    }

    // Sigma 20 on a grid of 8 units: 2.5, of which (epsilon 1, two partitions) leaves the rest of delta for the threshold.
    private static ThresholdRule GaussianRule(double delta, int l0) => ThresholdRule.Gaussian(400, Elementary.OneMinusPower(delta, 1.0 / l0), 1, 8);

    private static Func<long, double> Gaussian(double sigma)
    {
        double normaliser = DiscreteDistributions.GaussianNormaliser(sigma * sigma);
        return k => Math.Exp(-(double)k * k / (2 * sigma * sigma)) / normaliser;
    }

    private static bool KeepsKeys(IReadOnlyList<BigInteger> table)
    {
        double At(int n) => (double)TruncatedGeometricTable.At(table, n) / Math.ScaleB(1, 128);
        NeighbourPair[] partitions = [.. Enumerable.Range(0, table.Count + 2).Select(n => Worlds.Shown(At(n + 1), At(n)))];
        return partitions.All(a => partitions.All(b => a.And(b).Keeps(Epsilon, Delta * (1 + 1e-9))));
    }

    private static bool KeepsCounts(ThresholdRule rule, int l0, Func<long, double> noise, long reach, double delta)
    {
        long unit = (long)rule.UnitsPerCount;
        NeighbourPair[] partitions = [.. new[] { 0, rule.PreThreshold - 1, rule.PreThreshold, 4, 9 }.Distinct().Select(n => Worlds.Thresholded(noise, n, unit, (long)rule.Threshold, rule.PreThreshold, reach))];
        return l0 == 1 ? partitions.All(p => p.Keeps(Epsilon, delta)) : partitions.All(a => partitions.All(b => a.And(b).Keeps(Epsilon, delta)));
    }

    private static ThresholdPreview ThresholdPreviewOf(double threshold) => ThresholdPreview.Laplace(Epsilon, 0.6, 2, 1) with { Threshold = threshold };

    private static double Union(double a, double b) => a + b - (a * b);

    private static double Fresh(int k) => Elementary.OneMinusPower(DiscreteDistributions.LaplaceUpperTail(2, 4), k);

    private static double Noise(int shared) => OptimalComposition.Delta(0.5, 0, shared, 0.4);

    // A unit in m partitions, all of them new; a unit in two, one of them shared and its sum shown.
    private static bool KeepsWeighted((double Threshold, Func<int, double> Weight) rule)
    {
        bool hidden = new[] { 1, 2, 4, 8, 16 }.All(m =>
            Elementary.OneMinusPower(Normal.UpperTail((rule.Threshold - rule.Weight(m)) / s_weighted.Sigma), m) <= 0.05 * (1 + 1e-9));
        bool noise = new[] { 1, 4, 16 }.All(m => GaussianPrivacy.Delta(2, Math.Sqrt(m) * rule.Weight(m) / s_weighted.Sigma) <= 0.05 * (1 + 1e-9));
        return hidden && noise;
    }

    private static bool KeepsWidth(Func<double[], double[]> law, int low, int high) =>
        Worlds.Grid(3, low, high).All(change => new double[][] { [0, 0, 0], [4, 1, 0], [2, 2, 6] }.All(u =>
            NeighbourPair.Of(law(u), law([.. u.Zip(change, (a, c) => a + c)])).Keeps(Epsilon, 0)));

    // In every round the unit is in as many partitions as it may be: all of them shared for the noise, all of them new for the keys.
    private static bool KeepsRounds((IReadOnlyList<SelectionRound> Rounds, Func<int, double> Weight) rule)
    {
        int[] partitions = [1, 2, 4, 8, 16];
        double squares = rule.Rounds.Sum(r => partitions.Max(m => m * Math.Pow(rule.Weight(m) / r.Sigma, 2)));
        double hidden = rule.Rounds.Aggregate(1.0, (h, r) => h * (1 - partitions.Max(m => Elementary.OneMinusPower(Normal.UpperTail((r.Threshold - rule.Weight(m)) / r.Sigma), m))));
        return GaussianPrivacy.Delta(2, Math.Sqrt(squares)) <= 0.05 * (1 + 1e-9) && 1 - hidden <= 0.05 * (1 + 1e-9);
    }

    // Others weigh something in the first partition and nothing in the second; the unit is in both. What is seen: in which round each is shown, if at all.
    private static NeighbourPair TwoRounds(IReadOnlyList<SelectionRound> rounds, double others)
    {
        double Shown(int round, double weight) => Normal.LowerTail((weight - rounds[round].Threshold) / rounds[round].Sigma);
        double half = Math.Sqrt(0.5);
        double[] with = new double[9];
        double[] without = new double[9];
        (double first, double second) = (Shown(0, others + half), Shown(0, half));
        with[0] = first * second;
        with[1] = first * (1 - second) * Shown(1, 1);
        with[2] = first * (1 - second) * (1 - Shown(1, 1));
        with[3] = (1 - first) * second * Shown(1, others + 1);
        with[4] = (1 - first) * second * (1 - Shown(1, others + 1));
        double neither = (1 - first) * (1 - second);
        with[5] = neither * Shown(1, others + half) * Shown(1, half);
        with[6] = neither * Shown(1, others + half) * (1 - Shown(1, half));
        with[7] = neither * (1 - Shown(1, others + half)) * Shown(1, half);
        with[8] = neither * (1 - Shown(1, others + half)) * (1 - Shown(1, half));
        without[2] = Shown(0, others);
        without[6] = (1 - without[2]) * Shown(1, others);
        without[8] = (1 - without[2]) * (1 - Shown(1, others));
        return NeighbourPair.Of(with, without);
    }

    private static bool KeepsChoice(Func<double[], double[]> law, int lowest)
    {
        double[] utilities = [3, 1, 4, 1];
        double[] here = law(utilities);
        return Worlds.Grid(4, lowest, 1).All(change => NeighbourPair.Of(here, law([.. utilities.Zip(change, (u, c) => u + c)])).Keeps(Epsilon, 0));
    }

    // Stops at the first query above the threshold, which is 0; discrete Laplace noise; some queries, of which the neighbour moves the first ones up and the last one down.
    private static bool KeepsSparse(double thresholdScale, double queryScale, bool eitherWay) => new[] { 1, 4, 16, 64 }.All(queries =>
    {
        double[] here = Stops(thresholdScale, queryScale, [.. Enumerable.Repeat(0L, queries - 1), eitherWay ? 1 : 0]);
        double[] there = Stops(thresholdScale, queryScale, [.. Enumerable.Repeat(1L, queries - 1), 0]);
        return NeighbourPair.Of(here, there).Keeps(Epsilon, 0);
    });

    private static double[] Stops(double thresholdScale, double queryScale, long[] queries)
    {
        double[] stops = new double[queries.Length + 1];
        long reach = (long)Math.Ceiling(40 * thresholdScale);
        for (long threshold = -reach; threshold <= reach; threshold++)
        {
            double goesOn = DiscreteDistributions.LaplaceProbability(thresholdScale, threshold);
            for (int i = 0; i < queries.Length; i++)
            {
                double above = DiscreteDistributions.LaplaceUpperTail(queryScale, threshold - queries[i]);
                stops[i] += goesOn * above;
                goesOn *= 1 - above;
            }

            stops[^1] += goesOn;
        }

        return stops;
    }
}
