using System.Globalization;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Two engines, one truth: the same manifest, data and key give the same files, bit for bit.</summary>
[Collection(SparkCollection.Name)]
public sealed class SameReleaseTests(SparkServerFixture spark)
{
    private readonly Random _random = new(20261120);

    [SkippableTheory]
    [InlineData("restaurant")]
    [InlineData("taxi")]
    [InlineData("telemetry")]
    public void Sample_OnSpark_GivesTheFilesOfTheLocalEngine(string sample)
    {
        var server = spark.Server;
        using var job = new JobOnBoth();
        job.Copy(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", sample));

        var here = job.Here("here");
        var there = job.OnSpark(server, "there");

        Assert.Equal(here.Rows, there.Rows);
        job.AssertSame("here", "there");
    }

    [SkippableFact]
    public void CsvWithOddFields_OnSpark_IsReadAsHere()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: odd-fields
            source:
              csv: { path: ["data/a.csv", "data/b [1].csv"], delimiter: ";", null: NA }
              columns:
                who:   { type: string, from: "person id" }
                kind:  { type: string, nulls: keep }
                spend: { type: double, nulls: { replace: 1 }, nan: { replace: 2 }, inf: clamp }
                cents: { type: decimal(9,2), nulls: { replace: "0.25" } }
                at:    { type: timestamp, nulls: drop }
            privacy_unit: { id: who, max_contributions: 9 }
            partition_by: [kind, { trunc: at, to: day, as: day }]
            partition_selection: { strategy: laplace_threshold, pre_threshold: 2 }
            aggregates:
              - { count: "*", as: visits }
              - { sum: spend, min_value: -5, max_value: 10, as: spend }
              - { mean: cents, min_value: 0, max_value: 3, as: cents }
            privacy: { epsilon: "40.0", delta: "1e-4", noise: laplace }
            output: { path: out/, format: csv, ci: 0.95 }
            ledger: { file: ledger.db, dataset: odd }

            """);
        string[] kinds = ["tea", "\"two\nlines\"", "\"a;b\"", "\"say \"\"hi\"\"\"", "NA", "\"NA\"", "", "\"\"", "Käse", " padded ", "half\"quote"];
        string[] spends = ["1.5", "NaN", "inf", "-Infinity", "NA", "", "abc", "-0", "1e1", " 3 "];
        string[] cents = ["1.10", "2.555", "NA", "x", "0.07", "+1", "1e0"];
        string[] times = ["2026-11-16T10:00:00Z", "2026-11-17 23:59:59.999999", "2026-11-17T01:00:00+02:00", "NA", "yesterday"];
        string Line(string order)
        {
            var (who, kind, spend, cent, at) = ("p" + _random.Next(150), kinds[_random.Next(kinds.Length)], spends[_random.Next(spends.Length)], cents[_random.Next(cents.Length)], times[_random.Next(times.Length)]);
            return string.Join(';', order.Select(c => c switch { 'w' => who, 'k' => kind, 's' => spend, 'c' => cent, 'a' => at, _ => "ignored" })) + "\n";
        }

        job.Write("data/a.csv", "\uFEFFperson id;kind;spend;extra;cents;at\n" + string.Concat(Enumerable.Range(0, 3000).Select(_ => Line("wksxca"))));
        job.Write("data/b [1].csv", "at;cents;\"spend\";kind;person id\n\n" + string.Concat(Enumerable.Range(0, 1500).Select(_ => Line("acskw"))));

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.InRange(here.Rows, 15, 60);
        job.AssertSame("here", "there");
    }

    [SkippableFact]
    public void CsvThatSparkCutsIntoPieces_IsReadAsHere()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: large
            source: { csv: rows.csv, columns: { who: string, kind: { type: string, nulls: keep }, value: { type: double, nulls: { replace: 1 } } } }
            privacy_unit: { id: who, max_partitions_contributed: 3, max_contributions_per_partition: 2 }
            partition_by: [kind]
            partition_selection: { strategy: laplace_threshold, pre_threshold: 2 }
            aggregates: [{ count: "*", as: rows }, { sum: value, min_value: 0, max_value: 4, as: total }]
            privacy: { epsilon: "1.0", delta: "1e-6", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: large }

            """);
        string[] kinds = ["tea", "\"a,b\"", "\"say \"\"hi\"\"\"", "", "\"\"", "5\" disk", " padded ", "K\u00e4se"];
        var blank = new string(' ', 400);
        var text = new StringBuilder("\uFEFFwho,kind,value,rest\r\n");
        for (var i = 0; text.Length < 17 << 20; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"p{_random.Next(9000)},{kinds[_random.Next(kinds.Length)]},{_random.Next(5)}.5,{blank}{(i % 3 == 0 ? "\r\n" : "\n")}{(i % 50 == 0 ? "\n" : "")}");
        }

        job.Write("rows.csv", text.ToString());

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.Equal(kinds.Length, here.Rows);
        job.AssertSame("here", "there");
    }

    [SkippableFact]
    public void ParquetOfEveryType_WithIdsOfSeveralColumns_IsTheSame()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: types
            source:
              parquet: rows
              columns:
                id: decimal(6,1)
                part: int
                flag: { type: bool, nulls: keep }
                day: { type: date, nulls: keep }
                at: timestamp
                big: long
                small: { type: float, nulls: { replace: 0.5 }, nan: { replace: 0 } }
                money: { type: decimal(20,4), nulls: { replace: 1 } }
            privacy_unit: { id: [id, part], null_id: one_unit, max_partitions_contributed: 3, max_contributions_per_partition: 2 }
            partition_by: [flag, day, { trunc: at, to: hour, as: hour }, { bin: big, width: 10, min_value: 0, max_value: 20, as: bin }]
            partition_selection: { strategy: gaussian_threshold, pre_threshold: 1 }
            aggregates:
              - { privacy_id_count: "*", as: people }
              - { sum: small, min_value: -2, max_value: 2, as: small }
              - { sum: money, min_sum_per_partition: 0, max_sum_per_partition: 9, as: money }
            privacy: { epsilon: "60.0", delta: "1e-3", noise: gaussian }
            output: { path: out/, format: parquet }
            ledger: { file: ledger.db, dataset: types }

            """);
        WriteRows(job["rows/one.parquet"], 2500);
        WriteRows(job["rows/below/two.parquet"], 500);

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.InRange(here.Rows, 10, 200);
        job.AssertSame("here", "there");
    }

    [SkippableFact]
    public void WeightedSelection_OfUnitsInOneAndInManyPartitions_IsTheSame()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: searches
            source: { csv: { path: rows.csv, header: false }, columns: { who: string, query: string, clicks: long } }
            privacy_unit: { id: who, max_partitions_contributed: 12, max_contributions_per_partition: 2 }
            partition_by: [query]
            partition_selection: { strategy: weighted_gaussian, pre_threshold: 2 }
            aggregates:
              - { count: "*", as: searches }
              - { sum: clicks, min_value: 3, max_value: 3, as: threes }
              - { sum: clicks, min_value: 0, max_value: 5, as: clicks }
            privacy: { epsilon: "12.0", delta: "1e-5", noise: gaussian }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: searches }

            """);
        job.Write("rows.csv", string.Concat(Enumerable.Range(0, 12_000).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"p{_random.Next(900)},q{(int)(Math.Pow(_random.NextDouble(), 4) * 400)},{_random.Next(7)}\n"))));

        var here = job.Here("here");
        job.OnSpark(server, "there");

        Assert.InRange(here.Rows, 20, 380);
        job.AssertSame("here", "there");
    }

    [SkippableTheory]
    [InlineData("who: string", "[query]", "[]", RunMode.Seeded)]
    [InlineData("who: string", "[query]", "[{ count: \"*\", as: searches }, { sum: clicks, min_value: 0, max_value: 5, as: clicks }]", RunMode.Seeded)]
    [InlineData("who: string", "[query]", "[{ count: \"*\", as: searches }]", RunMode.Raw)]
    [InlineData("who: { type: string, nulls: { replace: nobody } }", "[query, clicks]", "[{ privacy_id_count: \"*\", as: people }]", RunMode.Seeded)]
    public void SelectionInRounds_IsTheSame(string who, string by, string aggregates, RunMode mode)
    {
        var server = spark.Server;
        using var job = new JobOnBoth($$"""
            version: 1
            name: searches
            source: { csv: { path: rows.csv, header: false }, columns: { {{who}}, query: string, clicks: long } }
            privacy_unit: { id: who, max_partitions_contributed: 12, max_contributions_per_partition: 2 }
            partition_by: {{by}}
            partition_selection: { strategy: sips, rounds: 3, pre_threshold: 2 }
            aggregates: {{aggregates}}
            privacy: { epsilon: "12.0", delta: "1e-5", noise: gaussian }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: searches }

            """);
        var padding = new string('x', 600);
        job.Write("rows.csv", string.Concat(Enumerable.Range(0, 12_000).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"p{_random.Next(900)},q{(int)(Math.Pow(_random.NextDouble(), 4) * 400)} {padding},{_random.Next(2)}\n"))));

        var here = job.Here("here", mode);
        job.OnSpark(server, "there", mode);

        // A keyset of more than 64 KiB travels as a file: from the second round on.
        Assert.InRange(here.Rows, 120, 800);
        job.AssertSame("here", "there");
    }

    [SkippableTheory]
    [InlineData(RunMode.Seeded)]
    [InlineData(RunMode.Bounded)]
    [InlineData(RunMode.Raw)]
    public void RowsAsUnits_WithALargeKeyset_AreTheSame(RunMode mode)
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: rows
            source: { csv: { path: rows.csv, header: false }, columns: { code: long, value: double } }
            privacy_unit: { row: true }
            partition_by: [code]
            keyset: { range: { code: [1, 9000] }, source: numbers }
            aggregates:
              - { count: "*", as: rows }
              - { sum: value, min_value: 0, max_value: 4, as: total }
            privacy: { epsilon: "1.0", delta: "0", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: rows }

            """);
        job.Write("rows.csv", string.Concat(Enumerable.Range(0, 4000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i % 10_000},{i % 7}.5\n"))));

        var here = job.Here("here", mode);
        var there = job.OnSpark(server, "there", mode);

        Assert.Equal((9000, 9000), (here.Rows, there.Rows));
        job.AssertSame("here", "there");
    }

    [SkippableFact]
    public void KeysetOfAHundredThousand_ShippedAsAFile_IsTheSame()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: places
            source: { csv: visits.csv, columns: { who: string, place: string, spend: double } }
            privacy_unit: { id: who, max_partitions_contributed: 3, max_contributions_per_partition: 1 }
            partition_by: [place]
            keyset: { file: { csv: places.csv }, source: gazetteer }
            aggregates:
              - { privacy_id_count: "*", as: people }
              - { sum: spend, min_value: 0, max_value: 4, as: total }
            privacy: { epsilon: "1.0", delta: "0", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: places }

            """);
        job.Write("places.csv", "place\n" + string.Concat(Enumerable.Range(0, 100_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"the place of number {i}\n"))));
        job.Write("visits.csv", "who,place,spend\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => string.Create(CultureInfo.InvariantCulture, $"p{i % 900},the place of number {i * 37 % 130_000},{i % 5}.25\n"))));

        var here = job.Here("here");
        var there = job.OnSpark(server, "there");

        Assert.Equal((100_000, 100_000), (here.Rows, there.Rows));
        job.AssertSame("here", "there");
    }

    private void WriteRows(string path, int rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        bool[] Some(int outOf) => [.. Enumerable.Range(0, rows).Select(_ => _random.Next(outOf) != 0)];
        T[] Each<T>(Func<int, T> value) => [.. Enumerable.Range(0, rows).Select(value)];
        const long Noon = 1_795_000_000_000_000;
        (Field Field, ArrowArray Values)[] columns =
        [
            (new Field("id", ArrowType.Decimal128(6, 1)), ArrowArrays.Decimal128(Each(_ => (Int128)(5 * _random.Next(60))), 6, 1, Some(20))),
            (new Field("part", ArrowType.Int32), ArrowArrays.Int32(Each(_ => _random.Next(4)), Some(20))),
            (new Field("flag", ArrowType.Bool), ArrowArrays.Bool(Each(_ => _random.Next(2) == 0), Some(9))),
            (new Field("day", ArrowType.Date), ArrowArrays.Date(Each(_ => 20_000 + _random.Next(2)), Some(9))),
            (new Field("at", ArrowType.TimestampUtc), ArrowArrays.TimestampUtc(Each(_ => Noon + (_random.NextInt64(7_200) * 1_000_000)), Some(30))),
            (new Field("big", ArrowType.Int64), ArrowArrays.Int64(Each(_ => _random.NextInt64(-3, 30)))),
            (new Field("small", ArrowType.Float), ArrowArrays.Float(Each(i => i % 17 == 0 ? float.NaN : i % 19 == 0 ? float.PositiveInfinity : _random.Next(-30, 30) / 8f), Some(11))),
            (new Field("money", ArrowType.Decimal128(20, 4)), ArrowArrays.Decimal128(Each(_ => (Int128)_random.Next(-10_000, 90_000)), 20, 4, Some(11))),
        ];
        using var writer = new ParquetWriter(File.Create(path), new Schema([.. columns.Select(c => c.Field)]));
        using var batch = new RecordBatch(new Schema([.. columns.Select(c => c.Field)]), [.. columns.Select(c => c.Values)], rows);
        writer.Write(batch);
        writer.Finish();
    }
}
