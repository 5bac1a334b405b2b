using System.Numerics;

namespace DpSpark.Core.Stages;

/// <summary>How the k keys of a keyset that are released are drawn.</summary>
public enum TopKMechanism
{
    /// <summary>k rounds of permute-and-flip, each without the keys drawn before.</summary>
    PermuteAndFlip,

    /// <summary>k rounds of the exponential mechanism, which is the law of one-shot Gumbel noise.</summary>
    Exponential,
}

/// <summary>Which keys of a keyset are released: k of them, drawn by the exact value of one aggregate before any noise.</summary>
public sealed record TopKSpec
{
    /// <summary>Reserved metric name of the draws.</summary>
    public const string Metric = "top_k";

    /// <summary>Keys that are released.</summary>
    public required int K { get; init; }

    /// <summary>The mechanism.</summary>
    public required TopKMechanism Mechanism { get; init; }

    /// <summary>The accumulator that is a key's score, or -1 for the number of units.</summary>
    public required int Accumulator { get; init; }

    /// <summary>A key that lacks g units of score to the best one left is accepted with chance exp(-g · Denominator / Numerator).</summary>
    public required BigInteger Numerator { get; init; }

    /// <summary>See <see cref="Numerator"/>.</summary>
    public required BigInteger Denominator { get; init; }
}
