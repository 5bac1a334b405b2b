using DpSpark.Core.Aggregation;
using DpSpark.Core.Parameters;

namespace DpSpark.Tests.Jobs;

/// <summary>Manifest to table: what the kernels add up is what the reference says, where every row is kept and no noise is added.</summary>
public sealed class MomentAggregatesTests
{
    private static readonly double[] s_edges = [-2, 0, 0.5, 3, 4.25];

    private sealed record Row(long U, long K, double V, decimal W, int N);

    [Theory]
    [InlineData("laplace", "0")]
    [InlineData("gaussian", "1e-6")]
    public async Task Aggregates_WithoutNoise_AreThoseOfTheReference(string noise, string delta)
    {
        using var folder = new Running.TempFolder();
        var path = Path.Combine(folder.Path, "job.yml");
        await File.WriteAllTextAsync(path, $$"""
            version: 1
            name: moments
            source: { csv: a.csv, columns: { u: long, k: long, v: double, w: "decimal(9,2)", n: int } }
            privacy_unit: { id: u, max_partitions_contributed: 3, max_contributions_per_partition: 200 }
            partition_by: [k]
            keyset: { range: { k: [0, 2] }, source: numbers }
            aggregates:
              - { count: "*", as: rows }
              - { sum: n, min_value: -3, max_value: 7, as: total }
              - { mean: n, min_value: -3, max_value: 7, as: average }
              - { variance: n, min_value: -3, max_value: 7, as: spread }
              - { stddev: v, min_value: -1, max_value: 3, as: deviation }
              - { variance: w, min_value: 0, max_value: 60, as: money }
              - { histogram: v, edges: [-2, 0, "0.5", 3, "4.25"], as: bins }
              - { vector_sum: [v, w, n], norm: l2, max_norm: 20, as: vector }
              - { vector_sum: [v, w], norm: l1, max_norm: 7, as: other }
              - { covariance: [v, w], min_values: [-1, 0], max_values: [3, 60], as: together }
            privacy: { epsilon: "1", delta: "{{delta}}", noise: {{noise}} }
            output: { path: out/, format: csv, ci: 0.95 }
            ledger: { file: ledger.db, dataset: d }
            """);
        var random = new Random(5);
        var rows = Enumerable.Range(0, 600).Select(i => new Row(
            i % 20, i % 3, Math.Round((random.NextDouble() * 8) - 3, random.Next(3)), Math.Round((decimal)random.NextDouble() * 80, 2), random.Next(-5, 10))).ToList();

        var table = await TestJob.From(path).WithRows(rows).NoNoise().RunLocalAsync();

        for (var k = 0; k < 3; k++)
        {
            var here = rows.Where(r => r.K == k).ToList();
            var whole = here.ConvertAll(r => (double)Math.Clamp(r.N, -3, 7));
            var real = here.ConvertAll(r => Math.Clamp(r.V, -1, 3));
            var money = here.ConvertAll(r => Math.Clamp((double)r.W, 0, 60));
            Assert.Equal(here.Count, table.Values("rows")[k]);
            Assert.Equal(whole.Sum(), table.Values("total")[k]);
            Assert.Equal(whole.Average(), table.Values("average")[k], 1e-9);
            Assert.Equal(Covariance(whole, whole), table.Values("spread")[k], 1e-9);
            Assert.Equal(Math.Sqrt(Covariance(real, real)), table.Values("deviation")[k], 1e-4);
            Assert.Equal(Covariance(money, money), table.Values("money")[k], 1e-8);
            Assert.Equal(Covariance(real, money), table.Values("together")[k], 1e-3);
            var bins = ReferenceAggregates.Histogram(here.Select(r => r.V), s_edges);
            Assert.Equal(bins.Select(b => (double)b), Enumerable.Range(0, 4).Select(i => table.Values($"bins_{i}")[k]));
            var vector = VectorClip.Sum([.. here.Select(r => new[] { r.V, (double)r.W, r.N })], VectorNorm.L2, 20);
            Assert.All(new[] { "v", "w", "n" }.Select((c, i) => (table.Values("vector_" + c)[k], vector[i])), p => Assert.Equal(p.Item2, p.Item1, 0.3));
            var other = VectorClip.Sum([.. here.Select(r => new[] { r.V, (double)r.W })], VectorNorm.L1, 7);
            Assert.All(new[] { "v", "w" }.Select((c, i) => (table.Values("other_" + c)[k], other[i])), p => Assert.Equal(p.Item2, p.Item1, 0.3));
            Assert.True(table.Values("spread_ci_low")[k] <= table.Values("spread")[k] && table.Values("spread")[k] <= table.Values("spread_ci_high")[k]);
        }
    }

    private static double Covariance(List<double> a, List<double> b) => a.Zip(b, (x, y) => (x - a.Average()) * (y - b.Average())).Average();
}
