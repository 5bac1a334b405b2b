using System.Text.Json;
using DpSpark.Core;
using DpSpark.Engine.Flow;

namespace DpSpark.Jobs.Running;

/// <summary>The true figures of a run, for its operator: a file that only its owner can read, and that never lies where a release is looked for.</summary>
internal static class RunLogFile
{
    private static readonly JsonWriterOptions s_writer = new() { Indented = true, NewLine = "\n" };

    /// <summary>Refuses a place inside the output, or that cannot be written, before anything is spent.</summary>
    /// <param name="path">Full path, or null.</param>
    /// <param name="output">Full path of the output folder.</param>
    public static void EnsureAllowed(string? path, string output)
    {
        if (path is null)
        {
            return;
        }

        var full = Path.GetFullPath(path);
        if (full == output || full.StartsWith(output + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new DpSparkException("DPS2092", ExitCodes.Usage, "--run-log names a file in the output folder.",
                "It holds true figures of private data; what lies with a release gets published with it.", ["name a file in a folder that only the operator sees"]);
        }

        if (!Directory.Exists(Path.GetDirectoryName(full)) || Directory.Exists(full))
        {
            throw new DpSparkException("DPS2093", ExitCodes.Usage, "--run-log names no file that can be written.", "Its folder does not exist, or it is a folder itself.",
                ["make the folder, or name another file"]);
        }
    }

    /// <summary>Writes the figures.</summary>
    /// <param name="path">Full path, or null for none.</param>
    /// <param name="releaseId">The release.</param>
    /// <param name="log">The figures.</param>
    /// <param name="elapsed">Wall time of the run.</param>
    public static void Write(string? path, string releaseId, RunLog log, TimeSpan elapsed)
    {
        if (path is null)
        {
            return;
        }

        // A new file, so that the rights of an old one do not count.
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(path, options);
        using var json = new Utf8JsonWriter(stream, s_writer);
        json.WriteStartObject();
        json.WriteString("warning", "True figures of private data: for the operator alone.");
        json.WriteString("release_id", releaseId);
        if (log.HasCounts)
        {
            json.WriteNumber("rows_read", log.RowsRead);
            json.WriteNumber("rows_dropped", log.RowsDropped);
            json.WriteNumber("rows_outside_keyset", log.RowsOutsideKeyset);
            json.WriteNumber("partitions", log.Partitions);
            json.WriteNumber("bytes_spilled", log.BytesSpilled);
        }

        json.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 3));
        json.WriteStartObject("stages");
        foreach (var (stage, time) in log.Timings)
        {
            json.WriteNumber(stage, Math.Round(time.TotalSeconds, 3));
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
