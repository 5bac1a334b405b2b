using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using DpSpark.Testing;
using DpSpark.Worker.Protocol;

namespace DpSpark.Tests.Worker;

/// <summary>A conversation recorded between a real Spark and a worker.</summary>
internal sealed record Recording(string Version, string Name, string Mode, string Command, byte[] JvmToWorker, byte[] WorkerToJvm)
{
    public static readonly string[] Versions = ["4.3.0", "4.2.1", "4.1.4", "4.0.5", "3.5.7"];

    public bool IsUnix => Mode.Contains("unix", StringComparison.Ordinal);

    public bool IsSimple => Mode.StartsWith("simple", StringComparison.Ordinal);

    public bool IsGrouped => Name.Contains("group", StringComparison.Ordinal);

    /// <summary>The secret of both sides; null over unix sockets.</summary>
    public string? Secret => IsUnix ? null : TextAt(IsSimple ? WorkerToJvm : JvmToWorker);

    public static IEnumerable<Recording> All(string version)
    {
        var folder = Path.Combine([SharedFiles.PathOf("vectors", "spark-worker"), .. version == "4.3.0" ? Array.Empty<string>() : [version]]);
        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "index.json")));
        foreach (var entry in index.RootElement.GetProperty("transcripts").EnumerateArray())
        {
            var file = entry.GetProperty("files").EnumerateArray().Single(f => f.GetProperty("kind").GetString() == "task");
            yield return new Recording(version, entry.GetProperty("name").GetString()!, entry.GetProperty("mode").GetString()!, entry.GetProperty("udf_command").GetString()!,
                File.ReadAllBytes(Path.Combine(folder, file.GetProperty("jvm-to-worker").GetString()!)),
                File.ReadAllBytes(Path.Combine(folder, file.GetProperty("worker-to-jvm").GetString()!)));
        }
    }

    /// <summary>The recorded conversation with another function in it.</summary>
    public byte[] WithCommand(byte[] command)
    {
        var bytes = JvmToWorker.ToArray();
        var old = Encoding.UTF8.GetBytes(Command);
        for (var at = bytes.AsSpan().LastIndexOf(old); at >= 0; at = bytes.AsSpan(0, at).LastIndexOf(old))
        {
            if (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at - 4)) != old.Length)
            {
                continue;
            }

            if (Version == "4.3.0")
            {
                // The header is a frame, and grows with what is in it.
                byte[] marker = [0xFF, 0xFF, 0xFF, unchecked((byte)Marker.Header)];
                var frame = bytes.AsSpan(0, at).LastIndexOf(marker) + 4;
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(frame), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(frame)) + command.Length - old.Length);
            }

            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at - 4), command.Length);
            bytes = [.. bytes[..at], .. command, .. bytes[(at + old.Length)..]];
        }

        return bytes;
    }

    private static string TextAt(byte[] bytes) => Encoding.UTF8.GetString(bytes, 4, BinaryPrimitives.ReadInt32BigEndian(bytes));
}
