namespace DpSpark.Worker.Protocol;

/// <summary>What a task's header says, as far as it matters here. Local properties and secrets of the task are not kept.</summary>
internal sealed record TaskHeader
{
    /// <summary>The dialect.</summary>
    public required WireVersion Wire { get; init; }

    /// <summary>Retry number of the task, from 0.</summary>
    public required int Attempt { get; init; }

    /// <summary>Folder of the session's files on this machine.</summary>
    public required string FilesDirectory { get; init; }

    /// <summary>The bytes that the client gave.</summary>
    public required byte[] Command { get; init; }
}
