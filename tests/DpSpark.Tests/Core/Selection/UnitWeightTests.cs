using DpSpark.Core.Selection;

namespace DpSpark.Tests.Core.Selection;

public sealed class UnitWeightTests
{
    [Fact]
    public void Of_AnyNumberOfPartitions_IsTheLargestWeightWithinTheNorm()
    {
        foreach (var k in Enumerable.Range(1, 70_000).Select(i => (long)i).Concat(Enumerable.Range(0, 32).SelectMany(i => new[] { (1L << i) - 1, 1L << i, (1L << i) + 1 }.Where(n => n > 0))))
        {
            var weight = UnitWeight.Of(k);

            Assert.True(k * weight * weight <= UnitWeight.One * UnitWeight.One);
            Assert.True((Int128)k * (weight + 1) * (weight + 1) > (Int128)UnitWeight.One * UnitWeight.One);
        }
    }

    [Fact]
    public void Of_OnePartition_IsOne() => Assert.Equal(UnitWeight.One, UnitWeight.Of(1));

    [Fact]
    public void Of_NoPartition_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => UnitWeight.Of(0));
}
