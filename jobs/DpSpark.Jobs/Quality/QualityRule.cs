namespace DpSpark.Jobs.Quality;

/// <summary>When a released number is of low quality: a condition on the number and its error, looked at after noise. Post-processing; it costs nothing.</summary>
public sealed record QualityRule
{
    private readonly QualityNode _root;

    private QualityRule(string text, bool perAggregate, QualityNode root)
    {
        LowWhen = text;
        PerAggregate = perAggregate;
        _root = root;
    }

    /// <summary>The condition as written.</summary>
    public string LowWhen { get; }

    /// <summary>Whether each aggregate has a column of its own, <c>&lt;as&gt;_quality</c>; else one column, <c>quality</c>, is low where any aggregate is.</summary>
    public bool PerAggregate { get; }

    /// <summary>Reads a condition.</summary>
    /// <param name="text">For example <c>stddev &gt; 0.5 * abs(value)</c>.</param>
    /// <param name="perAggregate">See <see cref="PerAggregate"/>.</param>
    /// <exception cref="QualitySyntaxException">It cannot be read; says where.</exception>
    public static QualityRule Parse(string text, bool perAggregate = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new QualityRule(text, perAggregate, new QualityParser(text).Parse());
    }

    /// <summary>Whether a number is of low quality. A comparison with something that is not a number, such as 0/0, does not hold.</summary>
    /// <param name="value">The released number.</param>
    /// <param name="stddev">Standard deviation of its noise.</param>
    /// <param name="low">Lower end of its interval.</param>
    /// <param name="high">Upper end.</param>
    public bool IsLow(double value, double stddev, double low, double high) => _root.Evaluate([value, stddev, low, high]) != 0;
}

/// <summary>A condition that cannot be read.</summary>
public sealed class QualitySyntaxException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="position">Where, in characters from 0.</param>
    public QualitySyntaxException(string message, int position)
        : base(message) => Position = position;

    /// <summary>Where, in characters from 0.</summary>
    public int Position { get; }
}
