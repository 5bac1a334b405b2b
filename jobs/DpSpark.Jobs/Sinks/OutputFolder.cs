using System.Text.Json;
using DpSpark.Core;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Sinks;

/// <summary>What an output folder holds.</summary>
internal enum OutputState
{
    /// <summary>It does not exist, or is an empty folder.</summary>
    Absent,

    /// <summary>The release asked for, whole.</summary>
    ThisRelease,

    /// <summary>The release asked for by its record, but files of it are missing, added or changed.</summary>
    Altered,

    /// <summary>Another release.</summary>
    OtherRelease,

    /// <summary>Something else.</summary>
    Foreign,
}

/// <summary>A folder that a release appears in: staged beside it, renamed into its place, whole or not at all.</summary>
/// <remarks>
/// Beside the folder <c>out</c> there may be, hidden from readers by the dot, <c>.out.staging-ID</c> (a release being written) and <c>.out.old-ID</c> (what is being replaced).
/// Every step can be repeated after a crash: <see cref="Publish"/> finishes whatever an earlier attempt began.
/// </remarks>
internal sealed class OutputFolder
{
    /// <summary>Name of the record of a release.</summary>
    public const string RecordName = "_release.json";

    /// <summary>Name of the record of a test.</summary>
    public const string TestRecordName = "_test.json";

    /// <summary>Name of the empty file that says that the folder is complete.</summary>
    public const string SuccessName = "_SUCCESS";

    private readonly string _parent;
    private readonly string _name;

    /// <summary>Names a folder; touches nothing.</summary>
    /// <param name="path">Full path.</param>
    public OutputFolder(string path)
    {
        FullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _name = Path.GetFileName(FullPath);
        _parent = Path.GetDirectoryName(FullPath) ?? throw new DpSparkException("DPS2091", ExitCodes.Usage, $"output.path '{path}' is the root of a file system.",
            "A release appears by renaming a folder into its place.", ["name a folder of its own, for example out/"]);
    }

    /// <summary>Full path.</summary>
    public string FullPath { get; }

    /// <summary>Where a release is staged.</summary>
    /// <param name="id">The release id.</param>
    public string StagePath(string id) => Path.Combine(_parent, $".{_name}.staging-{id}");

    /// <summary>What the folder holds.</summary>
    /// <param name="record">Bytes of the record that the release asked for has; null when there is none yet.</param>
    /// <param name="sha256">Hash of its data files; null when there is none yet.</param>
    /// <param name="releaseId">Its id; null when there is none yet.</param>
    public OutputState Inspect(byte[]? record, string? sha256, string? releaseId)
    {
        if (File.Exists(FullPath))
        {
            return OutputState.Foreign;
        }

        if (!Directory.Exists(FullPath) || !Directory.EnumerateFileSystemEntries(FullPath).Any())
        {
            return OutputState.Absent;
        }

        var recordPath = Path.Combine(FullPath, RecordName);
        var found = File.Exists(recordPath) ? ReleaseIdOf(recordPath) : null;
        if (releaseId is null || record is null || sha256 is null)
        {
            return found is null ? OutputState.Foreign : OutputState.OtherRelease;
        }

        if (found is not null && found != releaseId)
        {
            return OutputState.OtherRelease;
        }

        var sameData = PartFiles.Hash(FullPath) == sha256;
        if (found is null && !sameData)
        {
            return OutputState.Foreign;
        }

        return sameData && found is not null && File.ReadAllBytes(recordPath).AsSpan().SequenceEqual(record) ? OutputState.ThisRelease : OutputState.Altered;
    }

    /// <summary>Refuses a folder that holds something, unless it may be replaced.</summary>
    /// <param name="replace">Whether it may.</param>
    /// <exception cref="DpSparkException">It holds something (DPS2094, exit 2).</exception>
    public void EnsureFree(bool replace)
    {
        if (File.Exists(FullPath) || (!replace && Inspect(null, null, null) != OutputState.Absent))
        {
            throw Occupied();
        }
    }

    /// <summary>The fault of a folder that holds something.</summary>
    public DpSparkException Occupied() => File.Exists(FullPath)
        ? new("DPS2094", ExitCodes.Usage, $"output.path {FullPath} is a file.", "A release is a folder of files.", ["choose another output.path"])
        : new("DPS2094", ExitCodes.Usage, $"the output folder {FullPath} holds something already.", "A release never mixes with other files. Nothing was run, nothing was spent.",
            ["choose another output.path, for example with ${run_date} in it", "say `mode: replace` under output", "move the folder away"]);

    /// <summary>Makes sure that the folder can be made, before anything is spent on what is to go there.</summary>
    /// <exception cref="DpSparkException">The parent cannot be made or written (DPS6102, exit 7).</exception>
    public void EnsureWritable()
    {
        try
        {
            Directory.CreateDirectory(_parent);
            var probe = Path.Combine(_parent, $".{_name}.probe-{Guid.NewGuid():N}");
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DpSparkException("DPS6102", ExitCodes.Environment, $"the output cannot be written to {_parent}.", e.Message,
                ["choose another output.path", "give the account that runs dpspark the right to write there"], e);
        }
    }

    /// <summary>Makes an empty stage; what an earlier attempt left there is removed.</summary>
    /// <param name="id">The release id.</param>
    /// <returns>Its path.</returns>
    public string CreateStage(string id)
    {
        var stage = StagePath(id);
        RemoveStage(id);
        Directory.CreateDirectory(stage);
        FailPoints.Hit("stage-created");
        return stage;
    }

    /// <summary>Removes a stage if there is one.</summary>
    /// <param name="id">The release id.</param>
    public void RemoveStage(string id)
    {
        if (Directory.Exists(StagePath(id)))
        {
            Directory.Delete(StagePath(id), recursive: true);
        }
    }

    /// <summary>Makes a stage visible that is complete and paid for. Can be repeated after a crash.</summary>
    /// <param name="id">The release id.</param>
    public void Publish(string id)
    {
        var stage = StagePath(id);
        if (Directory.Exists(stage))
        {
            WriteAnew(Path.Combine(stage, SuccessName), []);
            DurableFiles.SyncFolder(stage);
            FailPoints.Hit("success-written");
            SetAside(id);
            Directory.Move(stage, FullPath);
            DurableFiles.SyncFolder(_parent);
            FailPoints.Hit("published");
        }

        RemoveOld(id);
    }

    /// <summary>Says that the folder is complete, where a crash left that out.</summary>
    public void EnsureSuccess()
    {
        var path = Path.Combine(FullPath, SuccessName);
        if (!File.Exists(path))
        {
            WriteAnew(path, []);
        }
    }

    /// <summary>Removes what a crash after publication left beside the folder.</summary>
    /// <param name="id">The release id.</param>
    public void RemoveLeavings(string id)
    {
        try
        {
            RemoveStage(id);
            RemoveOld(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another start is removing them right now, or they are not ours to remove: they hide nothing and hurt nobody.
        }
    }

    /// <summary>Removes the stage of a release that was to appear at another place and now appears here.</summary>
    /// <param name="path">The stage as the ledger knows it, or null.</param>
    /// <param name="id">The release id.</param>
    public void RemoveForeignStage(string? path, string id)
    {
        // Only a name that a stage of this very release has is ever removed.
        if (path is null || path == StagePath(id) || !Path.GetFileName(path).EndsWith(".staging-" + id, StringComparison.Ordinal) || !Directory.Exists(path))
        {
            return;
        }

        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays beside its place, hidden; the release itself is not concerned.
        }
    }

    private static void WriteAnew(string path, byte[] content)
    {
        File.Delete(path);
        DurableFiles.Write(path, content);
    }

    private void SetAside(string id)
    {
        if (!Directory.Exists(FullPath))
        {
            return;
        }

        if (!Directory.EnumerateFileSystemEntries(FullPath).Any())
        {
            Directory.Delete(FullPath);
            return;
        }

        RemoveOld(id);
        Directory.Move(FullPath, OldPath(id));
        FailPoints.Hit("old-set-aside");
    }

    private void RemoveOld(string id)
    {
        if (Directory.Exists(OldPath(id)))
        {
            Directory.Delete(OldPath(id), recursive: true);
        }
    }

    private string OldPath(string id) => Path.Combine(_parent, $".{_name}.old-{id}");

    private static string? ReleaseIdOf(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("release_id", out var id) && id.ValueKind == JsonValueKind.String
                ? id.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
