using DpSpark.Core.Noise;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Numerics;

/// <summary>Noise that is finer than whole numbers, rounded to whole numbers (half up).</summary>
internal static class RoundedNoise
{
    /// <summary>What rounding adds to the variance of noise that is wide against one.</summary>
    public const double Variance = 1.0 / 12;

    /// <summary>Standard deviation above which that is all there is to it.</summary>
    private const double Wide = 8;

    /// <summary>Root of E round(X)², X the noise of a draw; around a whole number.</summary>
    /// <param name="draw">The draw; in units of 2^e.</param>
    /// <remarks>E round(X)² = sum over k of (2k - 1) (P(X at least k - 1/2) + P(X below 1/2 - k)).</remarks>
    public static double Deviation(DrawSpec draw)
    {
        var exponent = draw.Grid.BinaryExponent;
        if (exponent >= 0)
        {
            return draw.StandardDeviation;
        }

        if (draw.StandardDeviation > Wide)
        {
            return Math.Sqrt((draw.StandardDeviation * draw.StandardDeviation) + Variance);
        }

        var parameter = Rounding.Nearest(draw.Noise.Numerator, draw.Noise.Denominator);
        double sum = 0, part;
        var k = 1;
        do
        {
            var least = Math.ScaleB(k - 0.5, -exponent);
            part = ((2 * k) - 1) * (Tail(least) + Tail(least + 1));
            sum += part;
            k++;
        }
        while (part > 1e-12 * sum);
        return Math.Sqrt(sum);

        double Tail(double from) => draw.Noise.Kind == NoiseKind.DiscreteLaplace ? DiscreteDistributions.LaplaceUpperTail(parameter, from) : DiscreteDistributions.GaussianUpperTail(parameter, from);
    }
}
