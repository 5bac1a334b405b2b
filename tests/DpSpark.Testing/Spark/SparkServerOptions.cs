namespace DpSpark.Testing.Spark;

/// <summary>How a test wants its Connect server.</summary>
public sealed record SparkServerOptions
{
    /// <summary>Spark's master.</summary>
    public string Master { get; init; } = "local[2]";

    /// <summary>Largest heap of the driver's JVM.</summary>
    public string DriverMemory { get; init; } = "1g";

    /// <summary>Environment of the server; <c>PYSPARK_PYTHON</c> names the program that runs the UDFs.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Further Spark settings (<c>--conf</c>).</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Lines of its log that are kept.</summary>
    public int LogLines { get; init; } = 400;

    /// <summary>How long the server may take to say that it is ready.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
