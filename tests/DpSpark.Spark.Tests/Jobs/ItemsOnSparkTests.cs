using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Aggregates whose accumulators are multisets: the same manifest, data and key give the same files here and on Spark.</summary>
[Collection(SparkCollection.Name)]
public sealed class ItemsOnSparkTests(SparkServerFixture spark)
{
    [SkippableTheory]
    [InlineData("gaussian", "{ quantile: spend_eur, ranks: [0.25, 0.5, 0.99], min_value: 0, max_value: 60, as: spend }")]
    [InlineData("laplace", "{ min: spend_eur, min_value: 0, max_value: 60, as: least }")]
    [InlineData("auto", "{ max: spend_eur, min_value: 0, max_value: 60, as: most }")]
    [InlineData("gaussian", "{ count_distinct: spend_eur, max_values: 1, as: prices }")]
    [InlineData("laplace", "{ count_distinct: visitor_id, max_values: 2, as: visitors }")]
    public void Aggregate_OnSpark_GivesTheFilesOfTheLocalEngine(string noise, string aggregate)
    {
        var server = spark.Server;
        using var job = new JobOnBoth($$"""
            version: 1
            name: items
            source:
              csv: data/visits.csv
              columns: { visitor_id: string, weekday: int, spend_eur: decimal(9,2) }
            privacy_unit: { id: visitor_id, max_partitions_contributed: 4, max_contributions_per_partition: 2 }
            partition_by: [weekday]
            keyset: { values: { weekday: [1, 2, 3, 4, 5, 6, 7, 8] }, source: calendar and a day without data }
            aggregates: [ {{aggregate}} ]
            privacy: { epsilon: "2", delta: "1e-6", noise: {{noise}} }
            output: { path: out/, format: parquet, ci: 0.95 }
            ledger: { file: ledger.db, dataset: items }
            """);
        job.Write(Path.Combine("data", "visits.csv"), File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant", "data", "visits.csv")));

        var here = job.Here("here");
        var there = job.OnSpark(server, "there");

        Assert.Equal(8, here.Rows);
        Assert.Equal(here.Rows, there.Rows);
        job.AssertSame("here", "there");
    }
}
