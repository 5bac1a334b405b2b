using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>The exponential mechanism: candidate i with chance in proportion to exp(eps u_i / (2 s)).</summary>
/// <remarks>
/// Guarantee: epsilon-differential privacy when no utility changes by more than s; where adding a unit moves all utilities the same way (monotone), exp(eps u_i / s) suffices. It has
/// bounded range, hence epsilon^2/8-zCDP. Source: McSherry and Talwar, FOCS 2007; Cesar and Rogers, ALT 2021. Proof: docs/proofs/private-selection.md.
/// </remarks>
public static class ExponentialSelection
{
    /// <summary>The chance of every candidate.</summary>
    /// <param name="utilities">At least one, finite.</param>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="sensitivity">s, above 0.</param>
    /// <param name="monotone">Whether one unit moves all utilities the same way.</param>
    public static double[] Probabilities(IReadOnlyList<double> utilities, double epsilon, double sensitivity, bool monotone)
    {
        double[] weights = Weights(utilities, epsilon, monotone ? sensitivity / 2 : sensitivity);
        double sum = 0;
        foreach (double weight in weights)
        {
            sum += weight;
        }

        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] /= sum;
        }

        return weights;
    }

    /// <summary>The expected loss of utility against the best candidate.</summary>
    /// <param name="utilities">The utilities.</param>
    /// <param name="probabilities">The chance of every candidate.</param>
    public static double ExpectedLoss(IReadOnlyList<double> utilities, IReadOnlyList<double> probabilities)
    {
        ArgumentNullException.ThrowIfNull(utilities);
        ArgumentNullException.ThrowIfNull(probabilities);
        double largest = Largest(utilities);
        double loss = 0;
        for (int i = 0; i < utilities.Count; i++)
        {
            loss += probabilities[i] * (largest - utilities[i]);
        }

        return loss;
    }

    /// <summary>The loss that is exceeded with chance beta at most: (2 s / eps) ln(m / beta).</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="candidates">m.</param>
    /// <param name="beta">Above 0.</param>
    /// <param name="sensitivity">s.</param>
    public static double LossBound(double epsilon, double candidates, double beta, double sensitivity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        return 2 * sensitivity / epsilon * Math.Log(candidates / beta);
    }

    /// <summary>Draws a candidate exactly: rejection on uniform candidates, accepted with chance exp(-gap/denominator).</summary>
    /// <param name="words">Source of randomness.</param>
    /// <param name="gaps">What each candidate lacks to the best, at least 0 with a 0 among them; weights are exp(-gap/denominator).</param>
    /// <param name="denominator">Above 0: 2 s/eps on the grid of the utilities, rounded up.</param>
    /// <typeparam name="TWords">Kind of the source.</typeparam>
    public static int Sample<TWords>(TWords words, IReadOnlyList<BigInteger> gaps, BigInteger denominator)
        where TWords : IRandomWords
    {
        Check(gaps, denominator);
        while (true)
        {
            int candidate = (int)CksSampler.Below(words, new BigInteger(gaps.Count));
            if (CksSampler.BernoulliExp(words, gaps[candidate], denominator))
            {
                return candidate;
            }
        }
    }

    internal static void Check(IReadOnlyList<BigInteger> gaps, BigInteger denominator)
    {
        ArgumentNullException.ThrowIfNull(gaps);
        bool best = false;
        for (int i = 0; i < gaps.Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(gaps[i], nameof(gaps));
            best |= gaps[i].IsZero;
        }

        if (!best || denominator.Sign <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(gaps), "Selection needs a best candidate, which lacks nothing, and a denominator above 0.");
        }
    }

    /// <summary>exp(eps (u_i - largest) / (2 s)).</summary>
    internal static double[] Weights(IReadOnlyList<double> utilities, double epsilon, double sensitivity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sensitivity);
        double largest = Largest(utilities);
        double[] weights = new double[utilities.Count];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Exp(epsilon * (utilities[i] - largest) / (2 * sensitivity));
        }

        return weights;
    }

    private static double Largest(IReadOnlyList<double> utilities)
    {
        ArgumentNullException.ThrowIfNull(utilities);
        double largest = double.NegativeInfinity;
        for (int i = 0; i < utilities.Count; i++)
        {
            if (!double.IsFinite(utilities[i]))
            {
                throw new ArgumentOutOfRangeException(nameof(utilities), "A utility is a finite number.");
            }

            largest = Math.Max(largest, utilities[i]);
        }

        return utilities.Count > 0 ? largest : throw new ArgumentOutOfRangeException(nameof(utilities), "Selection needs a candidate.");
    }
}
