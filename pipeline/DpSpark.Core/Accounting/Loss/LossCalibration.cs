namespace DpSpark.Core.Accounting.Loss;

/// <summary>Finds the least noise with which a whole plan keeps (epsilon, delta).</summary>
/// <remarks>
/// Noise of mechanism i is c · sensitivity_i / share_i; the common factor c is found for the plan at once, its multiplicities included. The result was checked at exactly that c, so
/// it is as safe as the accountant. Source: dp-math 5.9.
/// </remarks>
public static class LossCalibration
{
    private const double SearchPrecision = 1e-4;
    private const double Tolerance = 1e-6;

    /// <summary>The least factor, to about a relative 1e-6, at which the plan keeps (epsilon, delta); always on the private side.</summary>
    /// <param name="planAt">The plan at a factor; its epsilon falls as the factor rises.</param>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="delta">0 to 1.</param>
    /// <param name="guess">Where to start, above 0.</param>
    /// <exception cref="InvalidOperationException">No factor suffices: what does not shrink with the noise alone exceeds the budget.</exception>
    public static double SmallestFactor(Func<double, IReadOnlyList<MechanismUse>> planAt, double epsilon, double delta, double guess = 1)
    {
        ArgumentNullException.ThrowIfNull(planAt);
        if (!(epsilon > 0 && guess > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), "Calibration needs an epsilon and a guess above 0.");
        }

        double rough = Search(new LossAccountant(SearchPrecision), planAt, epsilon, delta, guess, 1e-4);
        return Search(new LossAccountant(), planAt, epsilon, delta, rough, Tolerance);
    }

    // Secant steps in logarithms within a bracket; epsilon is nearly a power of the factor.
    private static double Search(LossAccountant accountant, Func<double, IReadOnlyList<MechanismUse>> planAt, double epsilon, double delta, double guess, double tolerance)
    {
        double At(double logFactor) => Math.Log(Math.Max(accountant.Epsilon(planAt(Math.Exp(logFactor)), delta), 1e-300) / epsilon);
        double low = double.NaN;
        double lowValue = 0;
        double high = double.NaN;
        double highValue = 0;
        double x = Math.Log(guess);
        for (int i = 0; i < 200; i++)
        {
            double value = At(x);
            if (value > 0)
            {
                (low, lowValue) = (x, value);
            }
            else
            {
                (high, highValue) = (x, value);
                if (value > -tolerance)
                {
                    return Math.Exp(x);
                }
            }

            if (!double.IsNaN(low) && !double.IsNaN(high))
            {
                if (high - low < tolerance)
                {
                    break;
                }

                // Aims a little to the private side, and halves where a straight line makes no progress.
                double slope = (lowValue - highValue) / (high - low);
                double next = double.IsFinite(slope) && i % 4 != 3 ? high + ((highValue + (tolerance / 2)) / slope) : (low + high) / 2;
                x = next > low && next < high ? next : (low + high) / 2;
            }
            else if (double.IsNaN(high))
            {
                x += double.IsFinite(value) ? Math.Clamp(value * (1 + (1e-2 * i)), tolerance / 2, 2) + (tolerance / 2) : 2;
                if (x > 230)
                {
                    throw new InvalidOperationException("No amount of noise keeps the budget: parts that do not depend on the noise exceed it.");
                }
            }
            else
            {
                x += Math.Clamp(value, -2, -tolerance);
                if (x < -230)
                {
                    return Math.Exp(high);
                }
            }
        }

        return Math.Exp(high);
    }
}
