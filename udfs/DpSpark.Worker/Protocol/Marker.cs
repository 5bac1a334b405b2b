namespace DpSpark.Worker.Protocol;

/// <summary>Numbers that stand where a length could stand.</summary>
internal static class Marker
{
    /// <summary>Results are over, counters follow; as a last answer: do not use this connection again.</summary>
    public const int EndOfData = -1;

    /// <summary>An error text follows.</summary>
    public const int Exception = -2;

    /// <summary>A timing block follows.</summary>
    public const int Timing = -3;

    /// <summary>From Spark: no more input. To Spark: the task is complete and the connection can take the next one.</summary>
    public const int EndOfStream = -4;

    /// <summary>An Arrow stream follows.</summary>
    public const int ArrowStream = -6;

    /// <summary>A framed task header follows (Spark 4.3 and later).</summary>
    public const int Header = -8;
}
