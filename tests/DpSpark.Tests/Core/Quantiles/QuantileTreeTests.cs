using DpSpark.Core.Quantiles;

namespace DpSpark.Tests.Core.Quantiles;

public class QuantileTreeTests
{
    [Fact]
    public void Quantile_NativeMedianOfAHundred_HasNoBias()
    {
        var tree = new QuantileTree(0, 100, 4, 16);
        var counts = new LeafCounts(tree);
        for (int i = 0; i <= 100; i++)
        {
            counts.Add(i);
        }

        Assert.InRange(tree.Quantile(0.5, (level, node) => counts[level, node]), 50, 50 + (100.0 / 65536));
        Assert.InRange(tree.Quantile(0, (level, node) => counts[level, node]), 0, 1e-9);
        Assert.InRange(tree.Quantile(1, (level, node) => counts[level, node]), 100 - (100.0 / 65536), 100);
    }

    [Fact]
    public void Add_OneValue_ChangesOneNodePerLevelAndNotOneLess()
    {
        var tree = new QuantileTree(-1, 1, 3, 4);
        foreach (double value in new[] { -7, -1, 0, 0.999, 1, 9 })
        {
            var counts = new LeafCounts(tree);
            counts.Add(value);
            long[] changes = [.. Enumerable.Range(1, 3).Select(level => counts.Level(level).Sum())];
            Assert.Equal([1L, 1L, 1L], changes);
        }

        // The scale that forgets the levels is too small for the L1 norm 3 of such a change.
        Assert.Equal(3, QuantileTree.LaplaceScale(1, 1, 1, tree.Height), 12);
        Assert.True(QuantileTree.LaplaceScale(1, 1, 1, 1) < 3);
        Assert.Equal(Math.Sqrt(3), QuantileTree.GaussianSigma(1, 1e-6, 1, 1, 3) / QuantileTree.GaussianSigma(1, 1e-6, 1, 1, 1), 9);
    }

    [Fact]
    public void Leaf_OfUnitsAndOfDoubles_AgreeOnADyadicGrid()
    {
        var tree = new QuantileTree(-8, 8, 5, 2);
        for (long units = -40; units <= 40; units++)
        {
            Assert.Equal(tree.Leaf(units / 4.0), tree.Leaf(units, -32, 32));
        }

        Assert.Equal(0, tree.Leaf(long.MinValue, long.MinValue, long.MaxValue));
        Assert.Equal(31, tree.Leaf(long.MaxValue, long.MinValue, long.MaxValue));
    }

    [Fact]
    public void Quantile_NothingButNoise_StaysInTheRange()
    {
        var tree = new QuantileTree(2, 6, 3, 4);
        double[] values = tree.Quantiles([0, 0.3, 0.7, 1], (level, node) => ((level * 31) + (node * 17)) % 7 - 3);

        Assert.All(values, value => Assert.InRange(value, 2, 6));
        Assert.Equal(values.Order(), values);
        Assert.Equal(4, tree.Quantile(0.5, (_, _) => -1), 12);
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Quantile(1.1, (_, _) => 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Leaf(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantileTree(1, 1, 3, 4));
    }
}
