using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;

namespace DpSpark.Jobs.Running;

/// <summary>Where a run computes, and how it sees the source of its job.</summary>
public interface IRunEngine
{
    /// <summary>What the record says about it.</summary>
    EngineInfo Info { get; }

    /// <summary>Finds the source and holds its schema against the contract. Reads no row.</summary>
    /// <param name="request">The run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Core.DpSparkException">There is no such source, or its schema breaks the contract.</exception>
    IRunSource Open(RunRequest request, CancellationToken cancellationToken);

    /// <summary>Makes sure that the engine can be used; called before anything is reserved, and not at all where a release is only replayed.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Core.DpSparkException">The engine cannot be used.</exception>
    void Prepare(CancellationToken cancellationToken);

    /// <summary>The place of a release that only the engine's cluster sees.</summary>
    /// <param name="request">The run; names such a place.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Core.DpSparkException">This engine has no cluster (DPS6021), or it cannot be reached.</exception>
    IClusterOutput Output(RunRequest request, CancellationToken cancellationToken) => throw new Core.DpSparkException("DPS6021", Core.ExitCodes.Usage,
        $"the output {request.Output.Uri} is written only on Spark.", "The local engine writes to folders of this machine.", ["run the job on Spark, with --remote or ./spark-submit.sh", "name a local folder as output.path"]);

    /// <summary>The engine with its limits.</summary>
    /// <param name="options">Limits of this process.</param>
    IBackend Backend(LocalOptions options);
}

/// <summary>The rows of a run, as one state of its input.</summary>
public interface IRunSource : IRowSource
{
    /// <summary>What was found, such as <c>3 files</c>.</summary>
    string Description { get; }

    /// <summary>What the input was (product words: input fingerprint). Goes into the release key and stays in the ledger.</summary>
    /// <param name="threads">Threads to use at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>32 bytes.</returns>
    byte[] Fingerprint(int threads, CancellationToken cancellationToken);

    /// <summary>Makes sure that the input is still what it was.</summary>
    /// <exception cref="Core.DpSparkException">It changed (DPS5108).</exception>
    void EnsureUnchanged();
}

/// <summary>The engine of a run, for its record.</summary>
/// <param name="Name"><c>local</c> or <c>spark-connect</c>.</param>
/// <param name="Spark">Version of the Spark server; null for the local engine.</param>
public sealed record EngineInfo(string Name, string? Spark = null);
