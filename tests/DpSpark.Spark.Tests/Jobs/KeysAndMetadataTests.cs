using System.Globalization;
using System.Text;
using System.Text.Json;
using DpSpark.Arrow.Ipc;
using DpSpark.Jobs.Sources.Parquet;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Releases of keys alone, and what the files say about themselves: on Spark as in this process.</summary>
[Collection(SparkCollection.Name)]
public sealed class KeysAndMetadataTests(SparkServerFixture spark)
{
    [SkippableTheory]
    [InlineData("truncated_geometric", "")]
    [InlineData("laplace_threshold", ", pre_threshold: 5")]
    [InlineData("gaussian_threshold", "")]
    public void KeysAlone_OnSpark_AreThoseOfTheLocalEngine(string strategy, string more)
    {
        var server = spark.Server;
        using var job = JobOf("partition_selection: { strategy: " + strategy + more + " }", "[]", "csv");

        var here = job.Here("here");
        job.OnSpark(server, "there");

        // Keys have 1, 4, … 58 units: some are shown and some are not.
        Assert.InRange(here.Rows, 2, 18);
        Assert.Equal("kind", Encoding.UTF8.GetString(job.Parts("there").First().Content).Split('\n')[0]);
        job.AssertSame("here", "there");
    }

    [SkippableTheory]
    [InlineData("parquet")]
    [InlineData("arrow")]
    public void Metadata_OfFilesFromSpark_IsThatOfTheLocalEngine(string format)
    {
        var server = spark.Server;
        using var job = JobOf("keyset: { values: { kind: [k0, k7, k19] }, source: list }", "[{ count: \"*\", as: visits }, { mean: spend, min_value: 0, max_value: 40, as: spend }]", format);

        job.Here("here");
        job.OnSpark(server, "there");

        var metadata = MetadataOf(Assert.Single(Directory.GetFiles(job["there"], "test-part-*")));
        Assert.Equal(MetadataOf(Assert.Single(Directory.GetFiles(job["here"], "test-part-*"))), metadata);
        using var visits = JsonDocument.Parse(metadata["dpspark.column.visits"]);
        using var spend = JsonDocument.Parse(metadata["dpspark.column.spend"]);
        Assert.Equal(("count", "mean"), (visits.RootElement.GetProperty("aggregate").GetString(), spend.RootElement.GetProperty("aggregate").GetString()));
        Assert.Equal(40, spend.RootElement.GetProperty("bounds")[1].GetDouble());
        Assert.Contains("none (test)", metadata["dpspark.guarantee"], StringComparison.Ordinal);
        job.AssertSame("here", "there");
    }

    private static JobOnBoth JobOf(string keys, string aggregates, string format)
    {
        var job = new JobOnBoth($$"""
            version: 1
            name: kinds
            source: { csv: visits.csv, columns: { who: string, kind: string, spend: double } }
            privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
            partition_by: [kind]
            {{keys}}
            aggregates: {{aggregates}}
            privacy: { epsilon: "2", delta: "1e-6" }
            output: { path: out/, format: {{format}}, ci: 0.95 }
            ledger: { file: ledger.db, dataset: kinds }

            """);
        var rows = new StringBuilder("who,kind,spend\n");
        for (var kind = 0; kind < 20; kind++)
        {
            for (var unit = 0; unit <= 3 * kind; unit++)
            {
                rows.Append(CultureInfo.InvariantCulture, $"v{kind}-{unit},k{kind},{unit % 37}.5\n");
            }
        }

        job.Write("visits.csv", rows.ToString());
        return job;
    }

    private static IReadOnlyDictionary<string, string> MetadataOf(string path)
    {
        if (path.EndsWith(".arrow", StringComparison.Ordinal))
        {
            using var reader = new ArrowFileReader(File.OpenRead(path));
            return reader.Schema.Metadata.ToDictionary(m => m.Key, m => m.Value);
        }

        using var file = ParquetFile.Open(path);
        return file.Schema.Metadata.ToDictionary(m => m.Key, m => m.Value);
    }
}
