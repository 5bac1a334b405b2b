using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using DpSpark.Testing;

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

    private static string TextAt(byte[] bytes) => Encoding.UTF8.GetString(bytes, 4, BinaryPrimitives.ReadInt32BigEndian(bytes));
}
