using System.Globalization;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.RealData;

/// <summary>A bounded run of the restaurant keeps exactly the rows that bounding keeps by its definition.</summary>
public sealed class BoundedRunTests : IDisposable
{
    private readonly TempFolder _work = new();

    public void Dispose() => _work.Dispose();

    [SkippableTheory]
    [InlineData(3, null, null)]
    [InlineData(1, 1, null)]
    [InlineData(2, 1, 4)]
    [InlineData(null, null, 2)]
    public void Run_Bounded_KeepsTheRowsOfTheReference(int? days, int? perDay, int? rows)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var key = Enumerable.Range(1, 32).Select(i => (byte)(i * 7)).ToArray();
        var bounds = string.Concat(
            days is null ? "" : $", max_partitions_contributed: {days}", perDay is null && days is not null ? ", max_contributions_per_partition: 5" : perDay is null ? "" : $", max_contributions_per_partition: {perDay}",
            rows is null ? "" : $", max_contributions: {rows}");
        var manifest = _work.Write("job.yml",
            $$"""
            source:
              csv: "{{SharedFiles.PathOf("data", "restaurant", "outliers_week_data.csv").Replace('\\', '/')}}"
              columns: { VisitorId: long, Day: int, euros: { type: int, from: Money spent (euros) }, minutes: { type: long, from: Time spent (minutes) } }
            privacy_unit: { id: VisitorId{{bounds}} }
            partition_by: [Day]
            keyset: { range: { Day: [1, 7] }, source: the days of the week }
            aggregates:
              - { count: "*", as: visits }
              - { privacy_id_count: "*", as: visitors }
              - { sum: euros, min_value: 10, max_value: 40, as: euros }
              - { sum: minutes, min_value: 0, max_value: 100, as: minutes }
            privacy: { epsilon: 1, delta: 1e-6, noise: gaussian }
            output: { path: out, format: csv }
            """);
        var job = ManifestReader.Read(manifest).EnsureJob();

        JobRunner.Run(job, Planner.Plan(job.Request), new RunSettings { Mode = RunMode.Bounded, TestKey = key }, new Silent(), CancellationToken.None);

        var released = TextTable.Read(Assert.Single(Directory.GetFiles(_work["out"], "test-part-*"))).Rows.Select(r => string.Join(',', r.Fields)).ToArray();
        Assert.Equal(Expected(key, days, days is null ? perDay : perDay ?? 5, rows), released);
    }

    private static string[] Expected(byte[] key, int? days, int? perDay, int? rows)
    {
        var table = TextTable.Read(SharedFiles.PathOf("data", "restaurant", "outliers_week_data.csv"));
        var input = table.Rows.Select(r => new ReferenceRow<(long Day, long Euros, long Minutes)>(
            Tuple((long)r.Number("VisitorId")), Tuple((long)r.Number("Day")), Tuple((long)r.Number("Money spent (euros)"), (long)r.Number("Time spent (minutes)")),
            ((long)r.Number("Day"), (long)r.Number("Money spent (euros)"), (long)r.Number("Time spent (minutes)"))));
        var kept = BottomKReference.Bound(input, BoundKey.Derive(key, "test"u8), rows, perDay, days);
        Assert.True(kept.Count < table.Rows.Count);
        return
        [
            .. Enumerable.Range(1, 7).Select(day =>
            {
                var here = kept.Where(k => k.Row.Payload.Day == day).ToArray();
                var units = here.Select(k => Convert.ToHexString(k.Row.Unit)).Distinct().Count();
                return string.Create(CultureInfo.InvariantCulture,
                    $"{day},{here.Length},{units},{here.Sum(k => Math.Clamp(k.Row.Payload.Euros, 10, 40))},{here.Sum(k => Math.Clamp(k.Row.Payload.Minutes, 0, 100))}");
            }),
        ];
    }

    private static byte[] Tuple(params long[] values)
    {
        var writer = new KeyWriter();
        foreach (var value in values)
        {
            writer.WriteInt64(value);
        }

        return writer.Written.ToArray();
    }

    private sealed class Silent : IRunObserver
    {
        public void Step(string step, string text)
        {
        }

        public void Progress(StageProgress progress)
        {
        }
    }
}
