using DpSpark.Core.Aggregation;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Stages;

/// <summary>Clipping of vectors on the integer grid: never beyond the norm, never further from the reference than rounding, whatever the values.</summary>
public sealed class VectorKernelTests
{
    private const int Exponent = -10;

    [Theory]
    [InlineData(VectorNorm.L1)]
    [InlineData(VectorNorm.L2)]
    [InlineData(VectorNorm.LInf)]
    public void Clip_RandomVectors_StayWithinTheNormAndNextToTheReference(VectorNorm norm)
    {
        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var dimension = random.Next(1, 6);
            var bound = random.Next(1, 5000);
            var values = new double[dimension];
            for (var i = 0; i < dimension; i++)
            {
                values[i] = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 5));
            }

            var clipped = Kernel(dimension, norm, bound).Clip(Words(values), true).ToArray();

            Assert.True(Norm(clipped, norm) <= (Int128)bound * (norm == VectorNorm.L2 ? bound : 1));
            VectorClip.Clip(values, norm, Math.ScaleB(bound, Exponent));
            for (var i = 0; i < dimension; i++)
            {
                Assert.InRange(Math.Abs(values[i] - Math.ScaleB(clipped[i], Exponent)), 0, Math.ScaleB(2, Exponent));
                Assert.True(Math.Abs(clipped[i]) <= Math.Abs(Math.ScaleB(values[i], -Exponent)) + 1e-6, "Rounding goes toward zero.");
            }
        }
    }

    [Theory]
    [InlineData(VectorNorm.L1)]
    [InlineData(VectorNorm.L2)]
    [InlineData(VectorNorm.LInf)]
    public void Clip_InfinitiesAndHugeValues_StayWithinTheNorm(VectorNorm norm)
    {
        foreach (var values in new double[][] { [double.PositiveInfinity, 1, double.NegativeInfinity], [1e308, -1e308, 1e308], [double.MaxValue, 0, 5e-324], [0, 0, 0], [-0.0, 3e-200, 0] })
        {
            var clipped = Kernel(3, norm, 1000).Clip(Words(values), true).ToArray();
            Assert.True(Norm(clipped, norm) <= (Int128)1000 * (norm == VectorNorm.L2 ? 1000 : 1));
            Assert.All(clipped.Zip(values), p => Assert.True(p.First == 0 || Math.Sign(p.First) == Math.Sign(p.Second)));
        }
    }

    [Fact]
    public void Clip_Raw_LeavesTheVectorAsItIs()
    {
        Assert.Equal([3L << 10, -(4L << 10)], Kernel(2, VectorNorm.L2, 1).Clip(Words([3, -4]), false).ToArray());
    }

    [Fact]
    public void OrderedWord_OfDoubles_RisesWithThem()
    {
        double[] values = [double.NegativeInfinity, -1e300, -1, -5e-324, 0, 5e-324, 0.3, 1, 1e300, double.PositiveInfinity];
        for (var i = 1; i < values.Length; i++)
        {
            Assert.True(OrderedWord.Of(values[i - 1]) < OrderedWord.Of(values[i]));
        }

        Assert.Equal(OrderedWord.Of(0.0), OrderedWord.Of(-0.0));
        var cents = new ColumnSpec { Name = "c", SourceName = "c", Type = ColumnType.Decimal, Precision = 9, Scale = 2 };
        Assert.Equal([251, -250, 100], new[] { "2.505", "-2.505", "1" }.Select(e => OrderedWord.OfEdge(cents, ExactDecimal.Parse(e))));
    }

    private static Int128 Norm(long[] vector, VectorNorm norm)
    {
        Int128 sum = 0;
        foreach (var k in vector)
        {
            sum = norm switch { VectorNorm.L1 => sum + Int128.Abs(k), VectorNorm.L2 => sum + ((Int128)k * k), _ => Int128.Max(sum, Int128.Abs(k)) };
        }

        return sum;
    }

    private static VectorKernel Kernel(int dimension, VectorNorm norm, long bound) => new(
        [.. Enumerable.Repeat(new ColumnSpec { Name = "v", SourceName = "v", Type = ColumnType.Double }, dimension)],
        [.. Enumerable.Range(0, dimension)],
        new AccumulatorSpec { Kind = AccumulatorKind.Coordinate, Grid = new GridUnit(Exponent), Lower = -bound, Upper = bound, Norm = norm });

    private static ulong[] Words(double[] values) => [.. values.Select(v => (ulong)BitConverter.DoubleToInt64Bits(v))];
}
