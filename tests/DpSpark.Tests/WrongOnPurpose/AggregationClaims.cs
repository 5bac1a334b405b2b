using DpSpark.Core.Accounting;
using DpSpark.Core.Aggregation;
using DpSpark.Core.Bounding;
using DpSpark.Core.Bounds;
using DpSpark.Core.Local;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Quantiles;
using DpSpark.Core.Workloads;
using DpSpark.Testing.Privacy;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Sensitivities of aggregates, quantiles, histograms for bounds, local protocols and workloads.</summary>
internal static class AggregationClaims
{
    private const long U = 4;

    internal static IEnumerable<Claim> All =>
    [
        Claim.About(
            typeof(SoftBins), "two bins of one record are one Laplace mechanism of U units",
            l1 => Worlds.All(Weights().Select(w => new[] { w, U - w }), s => Worlds.Laplace(l1, s), 1),
            (double)U,
            ("one bin of the two", U / 2), ("the unit of the values, not of the bins", 1), ("U - 1", U - 1)),
        Claim.About(
            typeof(SoftBins), "two bins under replacement",
            l1 => Worlds.All(Weights().SelectMany(_ => Weights(), (a, b) => new[] { a - b, b - a }), s => Worlds.Laplace(l1, s), 1),
            2.0 * U,
            ("replacement counted as addition", U)),
        Claim.About(
            typeof(SoftBins), "three bins of one record are one Laplace mechanism of U^2 units",
            l1 => Worlds.All(Weights().Select(w => new[] { w * w, 2 * w * (U - w), (U - w) * (U - w) }), s => Worlds.Laplace(l1, s), 1),
            (double)(U * U),
            ("U instead of its square", U), ("the middle bin not doubled", U * U * 3 / 4), ("two thirds", U * U * 2 / 3)),
        Claim.About<Func<IReadOnlyList<double>, double[]>>(
            typeof(SoftBins), "every record adds exactly one to the bins, so that their sum is the count",
            bins => Enumerable.Range(0, 41).All(i => Math.Abs(bins([(i - 10) / 4.0]).Sum() - 1) < 1e-12),
            values => SoftBins.Three(values, 0, 5),
            ("the middle bin not doubled", values => [.. SoftBins.Three(values, 0, 5).Select((b, i) => i == 1 ? b / 2 : b)]),
            ("values not clamped", values => [.. values.Select(v => 1 - (v / 5)), .. values.Select(v => Math.Abs(v / 5))])),
        Claim.About<Func<double, double[]>>(
            typeof(Sensitivity), "count, centred sum and centred squares have joint norm sqrt(a^2 + c^2)",
            moments => Enumerable.Range(-100, 201).All(i => Math.Sqrt(4 + (9 * moments(i / 100.0).Sum(m => m * m))) <= Math.Sqrt(4 + 9) * (1 + 1e-12)),
            u => [u, (u * u) - 1],
            ("squares not centred", u => [u, u * u]), ("squares centred at half of the range", u => [u, (u * u) - 0.5]), ("half of the range forgotten", u => [2 * u, (4 * u * u) - 1]),
            ("centred with the wrong sign", u => [u, (u * u) + 1])),
        Claim.About(
            typeof(Sensitivity), "Gaussian noise of the joint moments, by enumeration in three dimensions",
            l2 => Worlds.All(
                new long[] { -4, -2, 0, 2, 4 }.Select(u => new[] { 8, 4 * u, (u * u) - 16 }), s => Worlds.Gaussian(4 * GaussianPrivacy.SafeSigma(2, 0.05, l2), s), 2, 0.05 * (1 + 3e-3)),
            Math.Sqrt(4 + 16),
            ("the count missing", 4), ("the largest of the three", 4), ("half", Math.Sqrt(5))),
        Claim.About<Func<double, double, double>>(
            typeof(Sensitivity), "squares less the midpoint, less half of the largest square",
            change => new[] { (-5.0, 5.0), (9.0, 11.0), (0.0, 3.0) }.All(r => change(r.Item1, r.Item2) >= LargestSquare(r.Item1, r.Item2) * (1 - 1e-12)),
            (lower, upper) => Sensitivity.NormalizedSquares(NeighbouringRelation.AddOrRemoveOne, 1, 1, lower, upper).LInf,
            ("half the width of the raw squares' interval, halved", (lower, upper) => ((upper * upper) - (lower * upper > 0 ? lower * lower : 0)) / 4),
            ("half", (lower, upper) => Sensitivity.NormalizedSquares(NeighbouringRelation.AddOrRemoveOne, 1, 1, lower, upper).LInf / 2)),
        Claim.About(
            typeof(VectorClip), "an L2 ball in three dimensions under Laplace noise",
            l1 => Clipped(VectorNorm.L2).All(v => v.Sum(Math.Abs) <= l1 * (1 + 1e-9)),
            Sensitivity.VectorSum(1, 1, VectorNorm.L2, 2, 3).L1,
            ("root of the dimension missing", 2), ("one dimension less", Sensitivity.VectorSum(1, 1, VectorNorm.L2, 2, 2).L1)),
        Claim.About(
            typeof(VectorClip), "a cube in three dimensions under Gaussian noise",
            l2 => Clipped(VectorNorm.LInf).All(v => Math.Sqrt(v.Sum(x => x * x)) <= l2 * (1 + 1e-9)),
            Sensitivity.VectorSum(1, 1, VectorNorm.LInf, 2, 3).L2,
            ("root of the dimension missing", 2)),
        Claim.About(
            typeof(SoftBins), "four bins of a record's two values are one Laplace mechanism",
            l1 => Worlds.All(Pairs().Select(p => new[] { (3 - p[0]) * (2 - p[1]), p[0] * (2 - p[1]), (3 - p[0]) * p[1], p[0] * p[1] }), s => Worlds.Laplace(l1, s), 1),
            6.0,
            ("one column's range", 3), ("half", 3), ("the sum of the ranges", 5)),
        Claim.About<Func<double, double, double>>(
            typeof(Sensitivity), "a centred product is within one",
            product => Enumerable.Range(-10, 21).All(a => Enumerable.Range(-10, 21).All(b => Math.Abs(product(a / 10.0, b / 10.0)) <= 1)),
            (u, v) => u * v,
            ("one column not centred", (u, v) => (u + 1) * v), ("half of the range forgotten", (u, v) => 2 * u * v)),
        Claim.About(
            typeof(Sensitivity), "a histogram of three rows moves like a count",
            norms => Worlds.Grid(4, 0, 3).Where(h => h.Sum() <= 3).All(h => h.Sum() <= norms.L1 && Math.Sqrt(h.Sum(x => x * x)) <= norms.L2 * (1 + 1e-12)),
            Sensitivity.Count(NeighbouringRelation.AddOrRemoveOne, 1, 3),
            ("Linf missing", Sensitivity.Count(NeighbouringRelation.AddOrRemoveOne, 1, 1)), ("one row less", Sensitivity.Count(NeighbouringRelation.AddOrRemoveOne, 1, 2)),
            ("rows taken to be in different bins", Sensitivity.PerPartition(NeighbouringRelation.AddOrRemoveOne, 3, 1, 1))),
        Claim.About(
            typeof(Sensitivity), "a unit's two distinct values change their number by no more",
            change => Sets(2).All(others => Sets(2).All(unit => others.Union(unit).Count() - others.Length <= change)),
            2,
            ("V missing", 1)),
        Claim.About<Func<long[], long[]>>(
            typeof(LogarithmicHistogram), "a histogram of units has each unit in one bin",
            bins => Worlds.Grid(3, 0, 2).All(values => Worlds.Vector(s => Worlds.Laplace(1, s), bins(values)).Keeps(1, 0)),
            values => Bins([values.Max()]),
            ("a unit in a bin for each of its values", Bins), ("the largest and the smallest in one histogram", values => Bins([values.Max(), values.Min()]))),
        Claim.About(
            typeof(LogarithmicHistogram), "a unit that is replaced leaves one bin and is in another",
            scale => Enumerable.Range(0, 3).All(to => Worlds.Vector(s => Worlds.Laplace(scale, s), Moved(to)).Keeps(1, 0)),
            2 * LogarithmicHistogram.LaplaceScale(1, 1, 1),
            ("one bin, as for a unit that is added", LogarithmicHistogram.LaplaceScale(1, 1, 1)), ("root of two", Math.Sqrt(2))),
        Claim.About(
            typeof(LogarithmicHistogram), "rho of a histogram whose unit is replaced",
            spread => Enumerable.Range(0, 3).All(to => new[] { 1.5, 2, 3, 8, 32 }.All(alpha =>
                Worlds.Vector(s => Worlds.Gaussian(spread, s), Moved(to)).Renyi(alpha) <= 0.1 * alpha * (1 + 1e-9) && Worlds.Vector(s => Worlds.Laplace(spread, s), Moved(to)).Renyi(alpha) <= 0.1 * alpha * (1 + 1e-9))),
            Math.Sqrt(2 / (2 * 0.1)),
            ("one bin, as for a unit that is added", Math.Sqrt(1 / (2 * 0.1))), ("the root missing", 2 / (2 * 0.1) / 4)),
        Claim.About(
            typeof(Stability), "a private join moves both sides",
            d => d >= (3 * 2 * 1) + (2 * 2 * 1),
            Stability.PrivateJoin(new(2, false, 1), new(3, false, 1)),
            ("one side missing", 3 * 2 * 1), ("keep counted as one row", (3 * 1) + (2 * 1))),
        Claim.About(
            typeof(QuantileTree), "a value adds to one node of every level",
            scale => Worlds.All(TreeChanges(2, 2, 2), s => Worlds.Laplace(scale, s), 1),
            QuantileTree.LaplaceScale(1, 2, 2, 2),
            ("the height missing", QuantileTree.LaplaceScale(1, 2, 2, 1)), ("L0 missing", QuantileTree.LaplaceScale(1, 1, 2, 2)), ("Linf missing", QuantileTree.LaplaceScale(1, 2, 1, 2))),
        Claim.About(
            typeof(QuantileTree), "Gaussian noise of a tree",
            sigma => TreeChanges(2, 2, 2).All(c => GaussianPrivacy.DeltaOf(1, sigma, Math.Sqrt(c.Sum(x => (double)x * x))) <= 1e-6),
            QuantileTree.GaussianSigma(1, 1e-6, 2, 2, 2) * (1 + 1e-9),
            ("the height missing", QuantileTree.GaussianSigma(1, 1e-6, 2, 2, 1)), ("root of Linf", QuantileTree.GaussianSigma(1, 1e-6, 2, 1, 2) * Math.Sqrt(2)), ("L0 missing", QuantileTree.GaussianSigma(1, 1e-6, 1, 2, 2))),
        Claim.About<Func<LeafCounts, QuantileTree, long>>(
            typeof(LeafCounts), "the change of one value in the L1 norm is the height",
            change =>
            {
                var tree = new QuantileTree(0, 1, 3, 2);
                var counts = new LeafCounts(tree);
                counts.Add(0.4);
                return Enumerable.Range(1, 3).Sum(level => counts.Level(level).Sum()) <= change(counts, tree);
            },
            (_, tree) => tree.Height,
            ("the leaves not counted", (_, tree) => tree.Height - 1)),
        Claim.About(
            typeof(ExponentialQuantile), "one value more or less",
            epsilon => KeepsQuantile(epsilon, 1, 1),
            1.0,
            ("the factor 2 missing", 2.0), ("the smaller of q and 1 - q", 1.0 * 0.75 / 0.25)),
        Claim.About(
            typeof(ExponentialQuantile), "two values of one unit",
            values => KeepsQuantile(1, values, 2),
            2,
            ("values per unit missing", 1)),
        Claim.About(
            typeof(LogarithmicHistogram), "one histogram for all partitions",
            scale => Worlds.All([[3, 1], [2, 2], [4, 0], [1, 3]], s => Worlds.Laplace(scale, s), 1),
            LogarithmicHistogram.LaplaceScale(1, 2, 2),
            ("L0 missing", LogarithmicHistogram.LaplaceScale(1, 1, 2)), ("Linf missing", LogarithmicHistogram.LaplaceScale(1, 2, 1)), ("root of L0", 2 * Math.Sqrt(2))),
        Claim.About(
            typeof(LogarithmicHistogram), "no empty bin of both signs passes but with the failure probability",
            threshold => 1 - Math.Pow(1 - (Math.Exp(-threshold / 3) / 2), 2 * 16) <= 1e-3 * (1 + 1e-6),
            LogarithmicHistogram.Threshold(3, 16, 1e-3),
            ("bins of one sign", LogarithmicHistogram.Threshold(3, 8, 1e-3)), ("half of the scale", LogarithmicHistogram.Threshold(1.5, 16, 1e-3))),
        Local("randomised response over five values", eps => Response(FrequencyOracle.RandomizedResponse(eps, 5)), ("k for k - 1", e => Response(FrequencyOracle.RandomizedResponse(e, 6) with { Q = FrequencyOracle.RandomizedResponse(e, 7).Q }))),
        Local("optimised unary encoding", eps => Unary(FrequencyOracle.OptimizedUnary(eps)), ("a 1 kept with more than a half", e => Unary(FrequencyOracle.OptimizedUnary(e) with { P = 0.6 }))),
        Local("symmetric unary encoding", eps => Unary(FrequencyOracle.SymmetricUnary(eps)), ("epsilon for each of the two bits", e => Unary(FrequencyOracle.SymmetricUnary(2 * e)))),
        Local("local hashing", eps => Hashed(FrequencyOracle.LocalHashing(eps), FrequencyOracle.HashCells(eps)), ("two cells too many for the rest", e => Hashed(FrequencyOracle.LocalHashing(e), FrequencyOracle.HashCells(e) + 2))),
        Claim.About(
            typeof(HadamardResponse), "a bit of a random row",
            p => NeighbourPair.Of([p, 1 - p], [1 - p, p]).Keeps(1.5, 0),
            HadamardResponse.Of(1.5).MatchProbability,
            ("epsilon doubled", HadamardResponse.Of(3).MatchProbability)),
        Claim.About(
            typeof(MatrixMechanism), "a strategy pays for its largest column",
            l1 => Enumerable.Range(0, 4).All(cell => Worlds.All([MatrixMechanism.Haar(4).Select(row => (long)row[cell])], s => Worlds.Laplace(l1, s), 1)),
            Math.Sqrt(MatrixMechanism.Variance(MatrixMechanism.Haar(4), MatrixMechanism.Haar(4)).Laplace / (2 * 4)),
            ("the largest entry", 1), ("one level less", 2)),
        Claim.About(
            typeof(MatrixMechanism), "prefix sums pay for all that hold the first cell",
            l2 => Enumerable.Range(0, 5).All(cell => GaussianPrivacy.DeltaOf(1, GaussianPrivacy.SafeSigma(1, 1e-6, l2), Math.Sqrt(MatrixMechanism.Prefix(5).Sum(r => r[cell] * r[cell]))) <= 1e-6),
            Math.Sqrt(MatrixMechanism.Variance(MatrixMechanism.Prefix(5), MatrixMechanism.Prefix(5)).Gaussian / 5),
            ("the last cell", 1), ("the average column", Math.Sqrt(3))),
        Claim.About(
            typeof(PrefixFactorization), "a unit in one step moves a whole column of the factor",
            l2 => Math.Sqrt(PrefixFactorization.Create(16).Coefficients.Sum(c => c * c)) <= l2 * (1 + 1e-12),
            PrefixFactorization.Create(16).Sensitivity,
            ("the diagonal alone", 1), ("one step less", PrefixFactorization.Create(15).Sensitivity), ("the variance for the norm's root", Math.Sqrt(PrefixFactorization.Create(16).Sensitivity))),
    ];

    private static IEnumerable<long[]> Pairs() => Worlds.Grid(2, 0, 3).Where(p => p[1] <= 2);

    private static IEnumerable<int[]> Sets(int most) => Worlds.Grid(4, 0, 1).Select(bits => Enumerable.Range(0, 4).Where(i => bits[i] == 1).ToArray()).Where(set => set.Length <= most);

    /// <summary>What a unit of the first of three bins changes when it is replaced by one of another, or of the same.</summary>
    private static IEnumerable<long> Moved(int to) => Enumerable.Range(0, 3).Select(bin => (bin == to ? 1L : 0) - (bin == 0 ? 1 : 0));

    private static long[] Bins(long[] values) => [.. Enumerable.Range(0, 3).Select(bin => values.LongCount(v => v == bin))];

    private static IEnumerable<long> Weights() => Enumerable.Range(0, (int)U + 1).Select(w => (long)w);

    private static double LargestSquare(double lower, double upper)
    {
        double half = (upper - lower) / 2;
        return Enumerable.Range(0, 101).Max(i => Math.Abs(Math.Pow(lower + ((upper - lower) * i / 100) - lower - half, 2) - (half * half / 2)));
    }

    private static IEnumerable<double[]> Clipped(VectorNorm norm) => Worlds.Grid(3, -3, 3).Select(v =>
    {
        double[] vector = [.. v.Select(x => (double)x)];
        VectorClip.Clip(vector, norm, 2);
        return vector;
    });

    // Every unit with two values in each of some partitions, in a tree of some levels of two children: the counts of the nodes, one tree after the other.
    private static IEnumerable<long[]> TreeChanges(int partitions, int values, int height) =>
        AllTreeChanges(partitions, values, height).DistinctBy(nodes => string.Join(' ', nodes));

    private static IEnumerable<long[]> AllTreeChanges(int partitions, int values, int height)
    {
        var tree = new QuantileTree(0, 1, height, 2);
        foreach (long[] leaves in Worlds.Grid(partitions * values, 0, tree.Leaves - 1))
        {
            List<long> nodes = [];
            for (int p = 0; p < partitions; p++)
            {
                var counts = new LeafCounts(tree);
                for (int v = 0; v < values; v++)
                {
                    counts.Add((leaves[(p * values) + v] + 0.5) / tree.Leaves);
                }

                for (int level = 1; level <= height; level++)
                {
                    nodes.AddRange(counts.Level(level));
                }
            }

            // What matters is which changes there are, not where.
            nodes.RemoveAll(n => n == 0);
            nodes.Sort();
            yield return [.. nodes];
        }
    }

    // The density of the released point on every piece between the edges of both inputs, some equal values being added to forty.
    private static bool KeepsQuantile(double epsilon, int valuesPerUnit, int added)
    {
        double[] values = [.. Enumerable.Range(1, 40).Select(i => i / 41.0)];
        return new[] { 0.001, 0.01, 0.3, 0.999 }.All(at =>
        {
            (double[] edges, double[] chances) = ExponentialQuantile.Law(values, 0, 1, 0.25, epsilon, valuesPerUnit);
            (double[] moreEdges, double[] moreChances) = ExponentialQuantile.Law([.. values, .. Enumerable.Repeat(at, added)], 0, 1, 0.25, epsilon, valuesPerUnit);
            double[] cuts = [.. edges.Concat(moreEdges).Distinct().Order()];
            return NeighbourPair.Of(Pieces(cuts, edges, chances), Pieces(cuts, moreEdges, moreChances)).Keeps(1, 0);
        });
    }

    private static double[] Pieces(double[] cuts, double[] edges, double[] chances) => [.. cuts.Zip(cuts.Skip(1), (from, to) =>
        Enumerable.Range(0, chances.Length).Where(j => edges[j + 1] > edges[j] && edges[j] <= from && to <= edges[j + 1]).Sum(j => chances[j] * (to - from) / (edges[j + 1] - edges[j])))];

    private static Claim Local(string name, Func<double, NeighbourPair> law, (string Name, Func<double, NeighbourPair> Law) wrong) => Claim.About(
        typeof(FrequencyOracle), name, pair => pair.Keeps(1.5, 0), law(1.5), ("epsilon doubled", law(3)), (wrong.Name, wrong.Law(1.5)));

    private static NeighbourPair Response(FrequencyOracle oracle) => NeighbourPair.Of([oracle.P, oracle.Q, 1 - oracle.P - oracle.Q], [oracle.Q, oracle.P, 1 - oracle.P - oracle.Q]);

    private static NeighbourPair Unary(FrequencyOracle oracle) =>
        NeighbourPair.Of([oracle.P, 1 - oracle.P], [oracle.Q, 1 - oracle.Q]).And(NeighbourPair.Of([oracle.Q, 1 - oracle.Q], [oracle.P, 1 - oracle.P]));

    // The report is a cell: that of the value with chance P, each other one with what is left.
    private static NeighbourPair Hashed(FrequencyOracle oracle, long cells)
    {
        double other = (1 - oracle.P) / (cells - 1);
        return NeighbourPair.Of([oracle.P, other], [other, oracle.P]);
    }
}
