using System.Numerics;
using DpSpark.Core.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Core.Numerics;

public class GridTests
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(20_261_121, 7);
    private static readonly Gen<(int A, int B, int Shift)> s_pairs =
        from a in Gen.Choose(-5000, 5000) from b in Gen.Choose(-5000, 5000) from shift in Gen.Choose(0, 9) select (a, b, shift);

    [Fact]
    public void Coarsen_AnyTwoSums_MoveApartByAtMostTheRoundedSensitivity() => Prop.ForAll(s_pairs.ToArbitrary(), c =>
        BigInteger.Abs(NoiseGrid.Coarsen(c.A, c.Shift) - NoiseGrid.Coarsen(c.B, c.Shift))
            <= NoiseGrid.CoarsenSensitivity(Math.Abs(c.A - c.B), c.Shift)).Check(s_config);

    [Fact]
    public void Coarsen_HalfToEvenInstead_WouldBreakThatBound() =>
        Assert.True(Math.Abs(Math.Round(1.5, MidpointRounding.ToEven) - Math.Round(0.5, MidpointRounding.ToEven)) > (double)NoiseGrid.CoarsenSensitivity(2, 1));

    [Fact]
    public void ToUnits_AnyDouble_IsWithinTheIntegerBounds() => Prop.ForAll(Gen.Choose(int.MinValue, int.MaxValue).ToArbitrary(), seed =>
    {
        double value = BitConverter.Int64BitsToDouble(seed * 6364136223846793005L);
        var grid = new ValueGrid(-3.3, 7.7, -20);
        return double.IsNaN(value) || (grid.ToUnits(value) >= grid.Lower && grid.ToUnits(value) <= grid.Upper);
    }).Check(s_config);

    [Fact]
    public void ToUnits_Infinities_GoToTheBoundsAndNaNIsRefused()
    {
        var grid = new ValueGrid(-1, 2, -40);

        Assert.Equal(grid.Upper, grid.ToUnits(double.PositiveInfinity));
        Assert.Equal(grid.Lower, grid.ToUnits(double.NegativeInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.ToUnits(double.NaN));
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(0, double.PositiveInfinity)]
    [InlineData(2, 1)]
    public void ValueGrid_BoundsThatAreNone_AreRefused(double lower, double upper) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ValueGrid(lower, upper, 0));

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-300)]
    [InlineData(5e-324)]
    [InlineData(1.7976931348623157e308)]
    [InlineData(3)]
    public void Rounding_ThereAndBack_IsExactAndDirected(double value)
    {
        (BigInteger n, BigInteger d) = Rounding.ToRational(value);

        Assert.Equal(value, Rounding.ToDoubleDown(n, d));
        Assert.Equal(value, Rounding.ToDoubleUp(n, d));
        Assert.True(Rounding.ToDoubleDown((3 * n) + 1, 3 * d) >= value);
        Assert.True(Rounding.ToDoubleUp((n << 80) + 1, d << 80) > value || double.IsInfinity(Rounding.ToDoubleUp((n << 80) + 1, d << 80)));
    }

    [Fact]
    public void ExpNegative_AnyRatio_EnclosesTheTruth()
    {
        var arithmetic = new IntervalArithmetic(200);
        foreach ((int n, int d) in new[] { (1, 1), (1, 1000), (7, 3), (100, 1), (1, int.MaxValue), (0, 5) })
        {
            FixedInterval interval = arithmetic.ExpNegative(n, d);
            double expected = Math.Exp(-(double)n / d);
            Assert.True(interval.Low <= interval.High);
            Assert.True(interval.High - interval.Low < 1 << 10);
            Assert.Equal(1, Rounding.Nearest(interval.Low, arithmetic.One) / expected, 1e-13);
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.999)]
    [InlineData(1)]
    [InlineData(1.001)]
    [InlineData(5)]
    [InlineData(30)]
    public void Erfcx_AcrossItsTwoForms_SatisfiesItsDifferentialEquation(double x)
    {
        // erfcx' = 2 x erfcx - 2/sqrt(pi): a central difference of step h is off by h^2, the rest is rounding.
        const double H = 1e-5;
        double slope = (Normal.Erfcx(x + H) - Normal.Erfcx(x - H)) / (2 * H);

        Assert.Equal((2 * x * Normal.Erfcx(x)) - (2 / Math.Sqrt(Math.PI)), slope, 1e-9);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.025)]
    [InlineData(1e-12)]
    [InlineData(1e-300)]
    public void UpperQuantile_OfATail_GivesTheTailBack(double p)
    {
        double x = Normal.UpperQuantile(p);

        Assert.InRange(Normal.LogUpperTail(x) / Math.Log(p), 1 - 1e-13, 1 + 1e-13);
        Assert.Equal(p, Normal.UpperTail(x), p * 1e-9);
    }
}
