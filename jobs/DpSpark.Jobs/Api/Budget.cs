namespace DpSpark;

/// <summary>What a release may cost.</summary>
public sealed record Budget
{
    private Budget(DpNumber? epsilon, DpNumber? rho, DpNumber delta) => (Epsilon, Rho, Delta) = (epsilon, rho, delta);

    /// <summary>Total epsilon; null where the total is a <see cref="Rho"/>.</summary>
    public DpNumber? Epsilon { get; }

    /// <summary>Total rho; null where the total is an <see cref="Epsilon"/>.</summary>
    public DpNumber? Rho { get; }

    /// <summary>Total delta.</summary>
    public DpNumber Delta { get; }

    /// <summary>Pure differential privacy: delta is 0.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    public static Budget Pure(DpNumber epsilon) => new(epsilon, null, 0);

    /// <summary>Approximate differential privacy.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    public static Budget Approximate(DpNumber epsilon, DpNumber delta) => new(epsilon, null, delta);

    /// <summary>Zero-concentrated differential privacy.</summary>
    /// <param name="rho">Total rho.</param>
    /// <param name="delta">Delta at which plan, record and ledger say what rho is as an epsilon.</param>
    public static Budget Concentrated(DpNumber rho, DpNumber delta) => new(null, rho, delta);
}

/// <summary>How the costs of a release's mechanisms are put together.</summary>
public enum Accountant
{
    /// <summary>Gaussian noise exactly, everything else by the distribution of the privacy loss.</summary>
    Pld,

    /// <summary>Rho adds up.</summary>
    Zcdp,

    /// <summary>Epsilons add up; for comparison.</summary>
    Basic,
}

/// <summary>Which data sets a guarantee compares.</summary>
public enum Adjacency
{
    /// <summary>Those that differ by one privacy unit, which is there or not.</summary>
    AddRemove,

    /// <summary>Those that differ by one privacy unit, whose rows are others.</summary>
    ReplaceOne,
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
