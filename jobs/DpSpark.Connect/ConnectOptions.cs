using System.Security.Cryptography.X509Certificates;

namespace DpSpark.Connect;

/// <summary>Limits and habits of a session; the defaults suit a server anywhere.</summary>
public sealed record ConnectOptions
{
    /// <summary>When failed calls are tried again.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>Longest wait for one piece of a result stream; when it is over the operation is taken up again by a new stream.</summary>
    public TimeSpan StreamDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest time an operation may run without any sign of it from the server.</summary>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Deadline of analysing a plan and of uploading artifacts.</summary>
    public TimeSpan LongCallDeadline { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Deadline of every other call.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Deadline of the calls that clean up: interrupt, release, error details.</summary>
    public TimeSpan CleanupDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often an idle connection is checked.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest message that is accepted.</summary>
    public int MaxMessageBytes { get; init; } = 128 << 20;

    /// <summary>How many responses come before the server is told that it may forget them.</summary>
    public int ReleaseEvery { get; init; } = 16;

    /// <summary>Certificate authorities to trust instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? TrustedAuthorities { get; init; }

    /// <summary>Name and version that the server sees; at most 200 characters.</summary>
    public string ClientType { get; init; } = "DpSpark";

    /// <summary>Clock of deadlines and waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Takes the place of the network; null for the network.</summary>
    internal Func<HttpMessageHandler>? Network { get; init; }

    /// <summary>Makes operation ids; null for random ones.</summary>
    internal Func<string>? NewOperationId { get; init; }
}
