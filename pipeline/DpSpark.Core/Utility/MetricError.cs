namespace DpSpark.Core.Utility;

/// <summary>What bounding and noise do to one number of one partition. NOT private: for synthetic or public data, never for release.</summary>
/// <param name="Raw">The number without bounds and noise.</param>
/// <param name="ClipToMin">What raising to the lower bound adds, at least 0.</param>
/// <param name="ClipToMax">What lowering to the upper bound takes, at most 0.</param>
/// <param name="PartitionBias">Expected change by keeping L0 partitions of each unit.</param>
/// <param name="PartitionDeviation">Its standard deviation.</param>
/// <param name="NoiseDeviation">Standard deviation of the noise.</param>
/// <param name="Rmse">Root of the mean squared error where the partition is shown.</param>
/// <param name="RmseWithDropping">Root of keep · mse + (1 - keep) · raw^2: the second moment of the mixture, not a mix of roots.</param>
/// <remarks>Source: dp-math 6.4.</remarks>
public sealed record MetricError(
    double Raw, double ClipToMin, double ClipToMax, double PartitionBias, double PartitionDeviation, double NoiseDeviation, double Rmse, double RmseWithDropping)
{
    /// <summary>Adds up the units of a partition.</summary>
    /// <param name="contributions">Raw contribution per unit.</param>
    /// <param name="kept">Chance per unit that this partition is among the kept ones.</param>
    /// <param name="lower">Lower bound of a contribution.</param>
    /// <param name="upper">Upper bound of a contribution.</param>
    /// <param name="noiseDeviation">Standard deviation of the noise.</param>
    /// <param name="keep">Chance that the partition is shown.</param>
    public static MetricError Of(
        IReadOnlyList<double> contributions, IReadOnlyList<double> kept, double lower, double upper, double noiseDeviation, double keep)
    {
        ArgumentNullException.ThrowIfNull(contributions);
        ArgumentNullException.ThrowIfNull(kept);
        double raw = 0;
        double toMin = 0;
        double toMax = 0;
        double bias = 0;
        double variance = 0;
        for (int i = 0; i < contributions.Count; i++)
        {
            double x = contributions[i];
            double y = Math.Clamp(x, lower, upper);
            raw += x;
            toMin += Math.Max(0, lower - x);
            toMax += Math.Min(0, upper - x);
            bias -= y * (1 - kept[i]);
            variance += y * y * kept[i] * (1 - kept[i]);
        }

        double whole = toMin + toMax + bias;
        double mse = (whole * whole) + variance + (noiseDeviation * noiseDeviation);
        return new(
            raw, toMin, toMax, bias, Math.Sqrt(variance), noiseDeviation, Math.Sqrt(mse), Math.Sqrt((keep * mse) + ((1 - keep) * raw * raw)));
    }
}
