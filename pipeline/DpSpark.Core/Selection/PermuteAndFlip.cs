using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>Permute-and-flip: candidates in random order, each accepted with chance exp(eps (u_i - u_max)/(2 s)). The same law as report-noisy-max with exponential noise.</summary>
/// <remarks>
/// Guarantee: epsilon-differential privacy, as for the exponential mechanism, and never a larger expected loss. Source: McKenna and Sheldon, "Permute-and-Flip", NeurIPS 2020.
/// Law: with arrival times uniform, P(i) = p_i times the integral over t in [0,1] of the product over the others of (1 - p_j t).
/// </remarks>
public static class PermuteAndFlip
{
    private const int MostExactNodes = 128;

    /// <summary>The chance of every candidate.</summary>
    /// <param name="utilities">At least one, finite.</param>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="sensitivity">s, above 0.</param>
    /// <param name="monotone">Whether one unit moves all utilities the same way.</param>
    public static double[] Probabilities(IReadOnlyList<double> utilities, double epsilon, double sensitivity, bool monotone = false)
    {
        double[] accept = ExponentialSelection.Weights(utilities, epsilon, monotone ? sensitivity / 2 : sensitivity);
        double[] chances = new double[accept.Length];

        // A polynomial of degree m-1: m/2 nodes are exact. Many candidates: panels that grow from 0, where the product falls fastest.
        bool exact = accept.Length / 2 < MostExactNodes;
        (double[] nodes, double[] weights) = GaussLegendre.OnUnitInterval(exact ? (accept.Length / 2) + 1 : 24);
        double start = 0;
        double end = exact ? 1 : 1.0 / accept.Length;
        while (start < 1)
        {
            for (int n = 0; n < nodes.Length; n++)
            {
                double t = start + ((end - start) * nodes[n]);
                double log = 0;
                for (int j = 0; j < accept.Length; j++)
                {
                    log += Elementary.Log1P(-accept[j] * t);
                }

                double weight = weights[n] * (end - start) * Math.Exp(log);
                for (int i = 0; i < accept.Length; i++)
                {
                    chances[i] += weight * accept[i] / (1 - (accept[i] * t));
                }
            }

            start = end;
            end = Math.Min(1, end * 1.5);
        }

        return chances;
    }

    /// <summary>Draws a candidate exactly.</summary>
    /// <param name="words">Source of randomness.</param>
    /// <param name="gaps">What each candidate lacks to the best, at least 0 with a 0 among them.</param>
    /// <param name="denominator">Above 0: a candidate is accepted with chance exp(-gap/denominator).</param>
    /// <typeparam name="TWords">Kind of the source.</typeparam>
    public static int Sample<TWords>(TWords words, IReadOnlyList<BigInteger> gaps, BigInteger denominator)
        where TWords : IRandomWords
    {
        ExponentialSelection.Check(gaps, denominator);
        int[] order = new int[gaps.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        // A uniform permutation, drawn as far as it is needed. The best candidate is accepted for certain, so the loop ends.
        for (int left = order.Length; ; left--)
        {
            int at = (int)CksSampler.Below(words, new BigInteger(left));
            int candidate = order[at];
            if (CksSampler.BernoulliExp(words, gaps[candidate], denominator))
            {
                return candidate;
            }

            order[at] = order[left - 1];
        }
    }
}
