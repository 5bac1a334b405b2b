using System.Globalization;
using System.Text;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>A first pass that finds bounds, the key of all others and the choice of the largest keys: the same release on Spark as in this process.</summary>
[Collection(SparkCollection.Name)]
public sealed class TwoPassTests(SparkServerFixture spark)
{
    private const string Manifest = """
        version: 1
        name: visits
        source:
          csv: visits.csv
          columns: { who: string, day: int, spend: double }
        privacy_unit: { id: who, max_partitions_contributed: { auto: { budget: 20% } }, max_contributions_per_partition: { auto: { budget: 10% } } }
        partition_by: [day]
        keyset: { values: { day: [1, 2, 3, 4, 5] }, other: true, source: calendar }
        top_k: { k: 4, by: visits, budget: 10% }
        aggregates:
          - { count: "*", as: visits }
          - { sum: spend, auto: { budget: 20% }, as: spend }
        privacy: { PRIVACY }
        output: { path: out/, format: csv, ci: 0.95, quality: { low_when: "stddev > 0.5 * abs(value)" } }
        ledger: { file: ledger.db, dataset: visits }

        """;

    [SkippableTheory]
    [InlineData("epsilon: \"60\", delta: \"0\", noise: laplace")]
    [InlineData("rho: \"200\", delta: \"1e-6\"")]
    [InlineData("epsilon: \"60\", delta: \"1e-6\", noise: gaussian, adjacency: replace_one")]
    public void Release_BoundsFoundAndKeysChosen_IsTheSameOnBoth(string privacy)
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest.Replace("PRIVACY", privacy, StringComparison.Ordinal));
        var rows = new StringBuilder("who,day,spend\n");
        for (var i = 0; i < 1200; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"v{i % 200},{1 + (i % 7)},{i % 37}.5\n");
        }

        job.Write("visits.csv", rows.ToString());

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.Equal(4, here.Rows);
        job.AssertSame("here", "there");
    }
}
