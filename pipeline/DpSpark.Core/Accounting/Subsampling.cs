using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>What a secret, fresh Poisson sample of the units makes of a mechanism's guarantee.</summary>
/// <remarks>
/// Guarantee: an (epsilon, delta) mechanism on a sample of rate q is (ln(1 + q (e^epsilon - 1)), q delta)-differentially private under add-remove neighbours. Source: Balle, Barthe
/// and Gaboardi, "Privacy Amplification by Subsampling", NeurIPS 2018, theorem 8. UNITS are sampled, not records; the sample and its size stay secret; several mechanisms
/// on one sample are composed first and amplified once.
/// </remarks>
public static class Subsampling
{
    /// <summary>The amplified guarantee.</summary>
    /// <param name="epsilon">Epsilon on the sample, at least 0.</param>
    /// <param name="delta">Delta on the sample, 0 to 1.</param>
    /// <param name="rate">q, 0 to 1.</param>
    public static (double Epsilon, double Delta) Amplify(double epsilon, double delta, double rate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        ArgumentOutOfRangeException.ThrowIfNegative(delta);
        if (!(rate >= 0 && rate <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), "A sampling rate lies between 0 and 1.");
        }

        // Beyond the range of e^epsilon: epsilon + ln(q + (1-q) e^-epsilon).
        double amplified = rate == 1 ? epsilon
            : rate == 0 ? 0
            : epsilon < 30 ? Elementary.Log1P(rate * Elementary.ExpM1(epsilon))
            : epsilon + Math.Log(rate + ((1 - rate) * Math.Exp(-epsilon)));
        return (amplified, rate * delta);
    }
}
