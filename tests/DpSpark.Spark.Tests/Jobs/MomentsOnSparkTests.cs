using System.Globalization;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Every aggregate that is read off moments, bins or vectors: the same bits on Spark as here.</summary>
[Collection(SparkCollection.Name)]
public sealed class MomentsOnSparkTests(SparkServerFixture spark)
{
    [SkippableTheory]
    [InlineData("{ variance: real, min_value: -2, max_value: 7.5, as: x }", "laplace")]
    [InlineData("{ stddev: money, min_value: 0, max_value: 60, as: x }", "gaussian")]
    [InlineData("{ histogram: real, width: 0.5, min_value: -2, max_value: 3, as: x }", "laplace")]
    [InlineData("{ vector_sum: [real, money, whole], norm: l2, max_norm: 12.5, as: x }", "gaussian")]
    [InlineData("{ covariance: [real, money], min_values: [-2, 0], max_values: [7.5, 60], as: x }", "auto")]
    public void Aggregate_OnSpark_IsTheSame(string aggregate, string noise)
    {
        var server = spark.Server;
        using var job = new JobOnBoth($$"""
            version: 1
            name: moments
            source: { csv: rows.csv, columns: { who: long, part: long, real: double, money: "decimal(9,2)", whole: int } }
            privacy_unit: { id: who, max_partitions_contributed: 3, max_contributions_per_partition: 2 }
            partition_by: [part]
            keyset: { range: { part: [0, 6] }, source: numbers }
            aggregates:
              - {{aggregate}}
              - { count: "*", as: rows }
              - { sum: money, min_value: 0, max_value: 60, as: total }
              - { mean: real, min_value: -2, max_value: 7.5, as: average }
            privacy: { epsilon: "2.0", delta: "1e-6", noise: {{noise}} }
            output: { path: out/, format: csv, ci: 0.95 }
            ledger: { file: ledger.db, dataset: moments }

            """);
        var random = new Random(3);
        job.Write("rows.csv", "who,part,real,money,whole\n" + string.Concat(Enumerable.Range(0, 3000).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{random.Next(200)},{random.Next(8)},{(random.NextDouble() * 12) - 4:R},{random.Next(9000) / 100.0:F2},{random.Next(-5, 9)}\n"))));

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.Equal(7, here.Rows);
        job.AssertSame("here", "there");
    }
}
