namespace DpSpark;

/// <summary>What a release may cost.</summary>
/// <param name="Epsilon">Total epsilon.</param>
/// <param name="Delta">Total delta.</param>
public sealed record Budget(DpNumber Epsilon, DpNumber Delta)
{
    /// <summary>Pure differential privacy: delta is 0.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    public static Budget Pure(DpNumber epsilon) => new(epsilon, 0);

    /// <summary>Approximate differential privacy.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    public static Budget Approximate(DpNumber epsilon, DpNumber delta) => new(epsilon, delta);
}

/// <summary>The noise of a release.</summary>
public enum Noise
{
    /// <summary>Whichever has the smaller predicted error.</summary>
    Auto,

    /// <summary>Discrete Laplace.</summary>
    Laplace,

    /// <summary>Discrete Gaussian.</summary>
    Gaussian,
}

/// <summary>What happens to values that are null or cannot be read.</summary>
public sealed record NullPolicy
{
    private NullPolicy(string word, DpNumber? replacement = null) => (Word, Replacement) = (word, replacement);

    /// <summary>The row is left out.</summary>
    public static NullPolicy Drop { get; } = new("drop");

    /// <summary>The run fails; whoever sees that learns that such a row exists.</summary>
    public static NullPolicy Error { get; } = new("error");

    /// <summary>Null is a key; partition columns only.</summary>
    public static NullPolicy Keep { get; } = new("keep");

    internal string Word { get; }

    internal DpNumber? Replacement { get; }

    /// <summary>Another value takes its place.</summary>
    /// <param name="value">The value, as text of the column's type.</param>
    public static NullPolicy Replace(DpNumber value) => new("replace", value);
}

/// <summary>What happens to NaN.</summary>
public sealed record NaNPolicy
{
    private NaNPolicy(string word, DpNumber? replacement = null) => (Word, Replacement) = (word, replacement);

    /// <summary>The row is left out.</summary>
    public static NaNPolicy Drop { get; } = new("drop");

    /// <summary>The run fails; whoever sees that learns that such a row exists.</summary>
    public static NaNPolicy Error { get; } = new("error");

    internal string Word { get; }

    internal DpNumber? Replacement { get; }

    /// <summary>Another value takes its place.</summary>
    /// <param name="value">The value.</param>
    public static NaNPolicy Replace(DpNumber value) => new("replace", value);
}

/// <summary>What happens to infinities.</summary>
public enum InfinityPolicy
{
    /// <summary>They go to the nearer bound.</summary>
    Clamp,

    /// <summary>The row is left out.</summary>
    Drop,

    /// <summary>The run fails; whoever sees that learns that such a row exists.</summary>
    Error,
}
