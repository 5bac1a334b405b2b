using System.Security.Cryptography;
using System.Text.Json;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Determinism;

/// <summary>On more than 10^6 rows: with one test key the data files depend on the rows alone, not on their order, their files, the format, threads or memory.</summary>
public sealed class DeterminismTests : IDisposable
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private const string OtherKey = "01112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private readonly TempFolder _work = new();

    public void Dispose() => _work.Dispose();

    [Theory]
    [InlineData(false, "laplace", "parquet")]
    [InlineData(true, "gaussian", "csv")]
    public void Run_SeededOnTheSameRows_GivesTheSameBytesHoweverTheyAreRead(bool text, string noise, string output)
    {
        var rows = new ManyRows(text);
        WriteJob("csv", text, noise, output);
        WriteJob("parquet", text, noise, output);
        WriteInput(rows, "parquet", 1, 0);
        WriteInput(rows, "parquet", 7, 11);
        WriteInput(rows, "csv", 50, 12);

        var plain = Run("parquet", 1, threads: 2, "1GiB", Key);
        var sevenFiles = Run("parquet", 7, threads: 1, "1GiB", Key);
        var sevenFilesSpilled = Run("parquet", 7, threads: 1, "64MiB", Key);
        var fiftyFilesSpilled = Run("csv", 50, threads: 2, "64MiB", Key);
        var otherKey = Run("parquet", 1, threads: 2, "1GiB", OtherKey);

        Assert.All([plain, sevenFiles, otherKey], r => Assert.Equal(0, r.BytesSpilled));
        Assert.All([sevenFilesSpilled, fiftyFilesSpilled], r => Assert.True(r.BytesSpilled > 0));
        Assert.All([plain, sevenFiles, sevenFilesSpilled, fiftyFilesSpilled, otherKey], r => Assert.Equal(ManyRows.Count, r.RowsRead));
        Assert.InRange(plain.Keys, 100, 2_900);
        Assert.All([sevenFiles, sevenFilesSpilled, fiftyFilesSpilled], r => Assert.Equal(plain.Hash, r.Hash));
        Assert.NotEqual(plain.Hash, otherKey.Hash);
    }

    private void WriteJob(string format, bool text, string noise, string output) => _work.Write($"{format}.yml",
        $$"""
        version: 1
        name: many
        vars: { files: "1" }
        source:
          {{format}}: "{{format}}-${files}"
          columns: { user: {{(text ? "string" : "long")}}, place: {{(text ? "string" : "long")}}, score: double, points: long }
        privacy_unit: { id: user, max_partitions_contributed: 6, max_contributions_per_partition: 2, max_contributions: 9 }
        partition_by: [place]
        partition_selection: { strategy: truncated_geometric }
        aggregates:
          - { count: "*", as: visits }
          - { privacy_id_count: "*", as: visitors }
          - { sum: score, min_value: 0, max_value: 10, as: scores }
          - { mean: points, min_value: 0, max_value: 100, as: mean_points }
        privacy: { epsilon: "4", delta: "1e-5", noise: {{noise}} }
        output: { path: out, format: {{output}}, ci: 0.95 }
        """);

    private void WriteInput(ManyRows rows, string format, int files, int shuffle)
    {
        var folder = Directory.CreateDirectory(_work[$"{format}-{files}"]).FullName;
        rows.Write(folder, format, files, shuffle);
    }

    private (string Hash, long BytesSpilled, long RowsRead, int Keys) Run(string format, int files, int threads, string memory, string key)
    {
        var output = _work[Guid.NewGuid().ToString("N")];
        var log = _work["run-log.json"];
        var run = CommandLineRun.In(_work.Path, "run", $"{format}.yml", "--format", "json", "--var", $"files={files}", "--output", output, "--run-log", log,
            "--threads", threads.ToString(System.Globalization.CultureInfo.InvariantCulture), "--memory", memory, "--temp", _work.Path, "--test-mode", "seeded", "--test-key", key);
        Assert.True(run.Code == 0, run.Error);

        var part = Assert.Single(Directory.GetFiles(output, "test-part-*"));
        using var figures = JsonDocument.Parse(File.ReadAllBytes(log));
        return (Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(part))), figures.RootElement.GetProperty("bytes_spilled").GetInt64(),
            figures.RootElement.GetProperty("rows_read").GetInt64(), run.Json.GetProperty("rows").GetInt32());
    }
}
