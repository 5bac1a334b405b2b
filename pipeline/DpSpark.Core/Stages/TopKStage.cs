using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Selection;

namespace DpSpark.Core.Stages;

/// <summary>Draws the keys of a keyset that are released, by their exact scores. All keys are in one place, in key order, so that a retry draws the same.</summary>
/// <remarks>
/// Guarantee: each of the k rounds is private as its mechanism says, and the rounds add up. The noise of the released numbers is drawn from other streams and does not depend on which keys were drawn.
/// Source: dp-math.md 7.1; McKenna and Sheldon, NeurIPS 2020; Durfee and Rogers, NeurIPS 2019. Proof: docs/proofs/top-k.md.
/// </remarks>
public static class TopKStage
{
    /// <summary>Indices of the keys that are released, rising.</summary>
    /// <param name="keys">The release's streams.</param>
    /// <param name="scores">Score of each key, in key order.</param>
    /// <param name="noisy">False for test runs without noise: the largest scores, the earlier key on a tie.</param>
    public static IReadOnlyList<int> Choose(ReleaseKeys keys, IReadOnlyList<Int128> scores, bool noisy)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(scores);
        var spec = keys.Spec.TopK ?? throw new ArgumentException("DPS9005: the release takes all keys.", nameof(keys));
        var left = new List<int>(scores.Count);
        for (var i = 0; i < scores.Count; i++)
        {
            left.Add(i);
        }

        var chosen = new List<int>();
        var stream = new KeyedStream();
        for (var round = 0; round < spec.K && left.Count > 0; round++)
        {
            var best = scores[left[0]];
            var at = 0;
            for (var i = 1; i < left.Count; i++)
            {
                if (scores[left[i]] > best)
                {
                    (best, at) = (scores[left[i]], i);
                }
            }

            if (noisy)
            {
                var gaps = new BigInteger[left.Count];
                for (var i = 0; i < gaps.Length; i++)
                {
                    gaps[i] = ((BigInteger)best - scores[left[i]]) * spec.Denominator;
                }

                keys.TopKStreams[round].Open([], stream);
                at = spec.Mechanism == TopKMechanism.PermuteAndFlip ? PermuteAndFlip.Sample(stream, gaps, spec.Numerator) : ExponentialSelection.Sample(stream, gaps, spec.Numerator);
            }

            chosen.Add(left[at]);
            left.RemoveAt(at);
        }

        chosen.Sort();
        return chosen;
    }

    /// <summary>The score of a key.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="units">Its units.</param>
    /// <param name="sums">Its exact sums.</param>
    public static Int128 ScoreOf(StageSpec spec, long units, ReadOnlySpan<Int128> sums)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.TopK is not { } top ? 0 : top.Accumulator < 0 ? units : sums[top.Accumulator];
    }
}
