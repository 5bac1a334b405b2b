using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Manifest.Keysets;

namespace DpSpark.Tests.Jobs.Manifest;

public sealed class ManifestReaderTests
{
    private static readonly ManifestOptions s_onDay = new() { RunDate = new DateOnly(2026, 11, 20) };

    [Theory]
    [InlineData("sum: number, min_value: 0, max_value: 9", "one_unit", "DPS2032")]
    [InlineData("count_distinct: number, max_values: 1", "one_unit", "DPS2032")]
    [InlineData("vector_sum: [v, number], norm: l2, max_norm: 3", "one_unit", "DPS2032")]
    [InlineData("sum: v, min_value: 0, max_value: 9", "one_unit", null)]
    [InlineData("sum: number, min_value: 0, max_value: 9", "drop", null)]
    public void Read_AggregateOfAnIdThatMayBeNull_IsRefused(string aggregate, string nullId, string? code)
    {
        var result = ManifestReader.ReadText($$"""
            source: { csv: a.csv, columns: { number: long, k: string, v: long } }
            privacy_unit: { id: number, null_id: {{nullId}}, max_partitions_contributed: 1, max_contributions_per_partition: 1 }
            partition_by: [k]
            keyset: { values: { k: [a] }, source: list }
            aggregates: [{ {{aggregate}}, as: n }]
            privacy: { epsilon: 1, delta: 0 }
            """);

        Assert.Equal(code, result.Diagnostics.SingleOrDefault()?.Code);
        Assert.Equal(code is null, result.Job is not null);
    }

    [Fact]
    public void Read_Restaurant_GivesItsRequest()
    {
        var result = ManifestReader.ReadText(SampleJobs.Restaurant, new ManifestOptions { RequireLedger = true }, "job.yml");

        Assert.Empty(result.Diagnostics);
        var job = result.EnsureJob();
        var request = job.Request;
        Assert.Equal("restaurant-visits", job.Name);
        Assert.Equal((FileKind.Csv, "data/visits.csv"), (job.Source.Kind, Assert.Single(job.Source.Paths)));
        Assert.Equal([ColumnType.String, ColumnType.Int, ColumnType.Decimal], request.Columns.Select(c => c.Type));
        Assert.Equal((9, 2), (request.Columns[2].Precision, request.Columns[2].Scale));
        Assert.Equal(["visitor_id"], request.Unit.IdColumns);
        Assert.Equal((4, 1, null), (request.Unit.MaxPartitionsContributed, request.Unit.MaxContributionsPerPartition, request.Unit.MaxContributions));
        Assert.Equal(ColumnType.Long, Assert.Single(request.PartitionBy).KeyType);
        Assert.Equal("calendar", request.Keyset!.Source);
        Assert.Equal(Keys(request, 1, 2, 3, 4, 5, 6, 7), request.Keyset.Keys);
        Assert.Equal(["visitors", "visits", "spend_eur"], request.Aggregates.Select(a => a.Output));
        Assert.Equal((ExactDecimal.Zero, ExactDecimal.Parse("60"), ExactDecimal.Parse("2")), (request.Aggregates[2].MinValue!.Value, request.Aggregates[2].MaxValue!.Value, request.Aggregates[2].Budget.Weight));
        Assert.Equal((ExactDecimal.One, ExactDecimal.Zero, NoiseChoice.Laplace), (request.Epsilon, request.Delta, request.Noise));
        Assert.Equal((ExactDecimal.Parse("0.95"), true), (request.ConfidenceLevel!.Value, request.NonNegative));
        Assert.Equal(new LedgerSettings { File = "./ledger.db", Dataset = "restaurant" }, job.Ledger);
        Assert.Equal(new SourcePosition(26, 23), job.Locate("aggregates[2].min_value"));
        Assert.Equal(new SourcePosition(26, 5), job.Locate("aggregates[2].min_sum_per_partition"));
    }

    [Fact]
    public void Read_Taxi_RefusesOnlyWhatComesLater()
    {
        var result = ManifestReader.ReadText(SampleJobs.Taxi, s_onDay, "job.yml");

        Assert.Null(result.Job);
        Assert.All(result.Diagnostics, d => Assert.Equal("DPS2008", d.Code));
        Assert.Equal(
            [
                "goals", "keyset.cross[0].columns", "keyset.cross[0].table", "ledger.uri", "output.mode", "output.partition",
                "privacy_unit.per", "rollup", "schedule_hint", "sources", "views",
            ],
            result.Diagnostics.Select(d => d.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Read_Telemetry_RefusesOnlyWhatComesLater()
    {
        var result = ManifestReader.ReadText(SampleJobs.Telemetry, s_onDay, "job.yml");

        Assert.All(result.Diagnostics, d => Assert.Equal("DPS2008", d.Code));
        Assert.Equal(["ledger.uri", "privacy_unit.keep", "privacy_unit.per"], result.Diagnostics.Select(d => d.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Read_TelemetryOfToday_GivesSelectionAndVariables()
    {
        var text = string.Join('\n', SampleJobs.Telemetry.Split('\n').Where(l => !l.Contains(" per:") && !l.Contains("keep:")))
            .Replace(", quality: { low_when: \"stddev > 0.5 * abs(value)\" }", "").Replace("uri:", "file:");

        var job = ManifestReader.ReadText(text, s_onDay).EnsureJob();

        Assert.Equal("s3a://telemetry/day=2026-11-20/", Assert.Single(job.Source.Paths));
        Assert.Equal("2026-11-20", job.Vars["run_date"]);
        Assert.Null(job.Request.Keyset);
        Assert.Equal((SelectionStrategy.TruncatedGeometric, 50), (job.Request.Selection!.Strategy!.Value, job.Request.Selection.PreThreshold));
        Assert.Equal((ExactDecimal.Parse("0.2"), ExactDecimal.Parse("1e-8")), (job.Request.Selection.Budget.Epsilon!.Value, job.Request.Selection.Budget.Delta!.Value));
        Assert.Equal("s3a://telemetry/x", job.ResolvePath("s3a://telemetry/x"));
    }

    private static List<byte[]> Keys(ReleaseRequest request, params long[] values)
    {
        var codec = new PartitionKeyCodec(request.PartitionBy);
        return [.. values.Select(v => codec.Encode([v]))];
    }
}
