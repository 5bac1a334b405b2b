using DpSpark.Core;

namespace DpSpark.Jobs.Spark;

/// <summary>How the worker reaches the executors.</summary>
public enum WorkerShipping
{
    /// <summary>An archive on this machine, sent with the session: nothing has to be on the cluster.</summary>
    Artifact,

    /// <summary>An executable that is on every executor already: an absolute path, or one inside <c>spark.archives</c>, which begins with <c>../</c>.</summary>
    Installed,
}

/// <summary>Where the worker comes from.</summary>
/// <param name="Shipping">How it reaches the executors.</param>
/// <param name="Path">The archive here, or the executable there.</param>
public sealed record WorkerPlacement(WorkerShipping Shipping, string Path)
{
    /// <summary>Why this one was taken, for the doctor: who named it, or where it was found.</summary>
    public string Reason { get; init; } = "named";

    /// <summary>File name of the archive that the worker is shipped in.</summary>
    public const string ArchiveName = "dpspark-worker-linux-x64.tar.gz";

    /// <summary>Folder that the archive is unpacked into on an executor.</summary>
    internal const string Folder = "dpspark-worker";

    /// <summary>The executable inside the archive.</summary>
    internal const string Executable = "bin/dpspark-worker";

    private const string Named = "--worker or DPSPARK_WORKER names it";

    private const string OnlyHere = "it is built in this clone, for a Spark whose master is local";

    private static readonly string[] s_archives = [".tar.gz", ".tgz", ".zip", ".tar"];

    /// <summary>What Spark starts where it would start a Python worker.</summary>
    internal string Command => Shipping == WorkerShipping.Installed ? Path : Folder + "/" + Executable;

    /// <summary>Reads what <c>--worker</c> or <c>DPSPARK_WORKER</c> says: an archive here, or an executable on the executors.</summary>
    /// <param name="text">The path.</param>
    /// <param name="folder">Folder that relative archives start from.</param>
    /// <exception cref="DpSparkException">It is neither (DPS6004).</exception>
    public static WorkerPlacement Parse(string text, string folder)
    {
        if (s_archives.Any(a => text.EndsWith(a, StringComparison.OrdinalIgnoreCase)))
        {
            var full = System.IO.Path.GetFullPath(text, folder);
            return File.Exists(full) ? new(WorkerShipping.Artifact, full) { Reason = Named } : throw Missing($"there is no worker archive '{text}'.");
        }

        return text.StartsWith('/') || text.StartsWith("../", StringComparison.Ordinal)
            ? new(WorkerShipping.Installed, text) { Reason = Named }
            : throw Missing($"'{text}' is no worker: neither an archive (.tar.gz, .zip) nor an absolute path.");
    }

    /// <summary>Looks beside the program: the archive of a bundle; in a clone the executable, for a Spark on this machine, or the archive.</summary>
    /// <param name="program">Folder of the program.</param>
    /// <param name="isLocal">Whether Spark runs its tasks on this machine alone (a master <c>local…</c>): only there is an executable of this machine of use.</param>
    /// <exception cref="DpSparkException">There is none (DPS6004), or only an executable while tasks may run elsewhere.</exception>
    public static WorkerPlacement Find(string program, bool isLocal)
    {
        // A clone has artifacts/bin/<project>/<configuration>/, and the archive in artifacts/worker/. What was built last is there as an executable; the archive may be older.
        var clone = System.IO.Path.GetFullPath(System.IO.Path.Combine(program, "..", "..", ".."));
        var configuration = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(program));
        string? here = null;
        foreach (var (shipping, path, reason) in new[]
        {
            (WorkerShipping.Artifact, System.IO.Path.Combine(program, ArchiveName), "it lies beside dpspark"),
            (WorkerShipping.Installed, System.IO.Path.Combine(clone, "bin", "DpSpark.Worker", configuration, "dpspark-worker"), OnlyHere),
            (WorkerShipping.Artifact, System.IO.Path.Combine(clone, "worker", ArchiveName), "deploy/worker.proj made it in this clone"),
        })
        {
            if (!File.Exists(path))
            {
                continue;
            }

            if (isLocal || shipping == WorkerShipping.Artifact)
            {
                return new(shipping, path) { Reason = reason };
            }

            here = path;
        }

        throw here is null ? Missing("no DpSpark worker was found to send to Spark.")
            : Missing($"the only DpSpark worker here is {here}, which executors on other machines do not have.", "make the archive that is sent with the session: dotnet build deploy/worker.proj");
    }

    /// <summary>The worker inside what a setting such as <c>spark.archives</c> lists, unpacked under our folder's name; null where it is not among them.</summary>
    /// <param name="setting">Name of the setting.</param>
    /// <param name="archives">Archives, parted by commas: <c>path#folder</c>.</param>
    internal static WorkerPlacement? InArchives(string setting, string? archives) =>
        (archives ?? "").Split(',', StringSplitOptions.TrimEntries).Any(a => a.EndsWith("#" + Folder, StringComparison.Ordinal))
            ? new(WorkerShipping.Installed, $"../{Folder}/{Executable}") { Reason = $"{setting} of the server has an archive #{Folder}" }
            : null;

    private static DpSparkException Missing(string what, params string[] fixes) => new("DPS6004", ExitCodes.Environment, what, "Spark's executors bound, select and add noise in it.",
        [.. fixes, $"give it with --worker FILE: the archive {ArchiveName} of a bundle, or an absolute path that every executor has", "set DPSPARK_WORKER to one of these"]);
}
