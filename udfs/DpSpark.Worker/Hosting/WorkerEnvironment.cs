using System.Globalization;
using DpSpark.Worker.Protocol;

namespace DpSpark.Worker.Hosting;

/// <summary>What Spark says in the environment of the process.</summary>
internal sealed record WorkerEnvironment
{
    private const long Least = 64L << 20;
    private const long Most = 512L << 20;

    /// <summary>Secret that both sides of a TCP connection show; null for unix sockets.</summary>
    public string? Secret { get; init; }

    /// <summary>Port to dial (simple mode over TCP).</summary>
    public int? DialPort { get; init; }

    /// <summary>Socket to dial (simple mode over unix sockets).</summary>
    public string? DialPath { get; init; }

    /// <summary>Folder in which to listen (daemon over unix sockets); null for TCP.</summary>
    public string? ListenFolder { get; init; }

    /// <summary>Whether the loopback address is that of IPv6.</summary>
    public bool PreferIPv6 { get; init; }

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakePatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How connections are used.</summary>
    public required WireOptions Wire { get; init; }

    /// <summary>Folders for temporary files.</summary>
    public required IReadOnlyList<string> LocalFolders { get; init; }

    /// <summary>Bytes that one task may hold where its request does not say.</summary>
    public required long TaskMemoryBytes { get; init; }

    /// <summary>Whether the process dials Spark and serves that connection alone.</summary>
    public bool IsSimple => DialPort is not null || DialPath is not null;

    /// <summary>Reads the environment.</summary>
    /// <param name="get">Value of a variable, or null.</param>
    /// <param name="availableBytes">Memory of the machine or container.</param>
    public static WorkerEnvironment Read(Func<string, string?> get, long availableBytes)
    {
        var unix = string.Equals(get("PYTHON_UNIX_DOMAIN_ENABLED"), "true", StringComparison.OrdinalIgnoreCase);
        var folders = (get("SPARK_LOCAL_DIRS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new WorkerEnvironment
        {
            Secret = unix ? null : get("PYTHON_WORKER_FACTORY_SECRET"),
            DialPort = !unix && Number(get("PYTHON_WORKER_FACTORY_PORT")) is { } port ? (int)port : null,
            DialPath = unix ? get("PYTHON_WORKER_FACTORY_SOCK_PATH") : null,
            ListenFolder = unix ? get("PYTHON_WORKER_FACTORY_SOCK_DIR") : null,
            PreferIPv6 = string.Equals(get("SPARK_PREFER_IPV6"), "true", StringComparison.OrdinalIgnoreCase),
            HandshakePatience = TimeSpan.FromSeconds(Math.Clamp(Number(get("SPARK_AUTH_SOCKET_TIMEOUT")) ?? 15, 1, 3600)),
            Wire = new WireOptions(get("SPARK_REUSE_WORKER") is not null, get("SPARK_PIPELINED_UDF") == "1", get("SPARK_HIDE_TRACEBACK") == "1"),
            LocalFolders = folders,
            TaskMemoryBytes = Number(get("PYSPARK_EXECUTOR_MEMORY_MB")) is { } share
                ? Math.Max(Least, share * ((1L << 20) * 3 / 4))
                : Math.Clamp(availableBytes / (4L * Environment.ProcessorCount), Least, Most),
        };
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= int.MaxValue ? number : null;
}
