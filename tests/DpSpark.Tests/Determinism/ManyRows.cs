using System.Globalization;
using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Csv;
using DpSpark.Jobs.Sinks.Parquet;

namespace DpSpark.Tests.Determinism;

/// <summary>A table of more than a million rows: skewed units and partitions, values of which many repeat. It can be written in any order to any number of files.</summary>
internal sealed class ManyRows
{
    public const int Count = 1_200_000;

    private const int BatchRows = 50_000;
    private readonly bool _text;
    private readonly int[] _units = new int[Count];
    private readonly int[] _partitions = new int[Count];
    private readonly double[] _scores = new double[Count];
    private readonly long[] _points = new long[Count];
    private readonly Schema _schema;

    /// <param name="text">Whether unit and partition are text.</param>
    public ManyRows(bool text)
    {
        _text = text;
        var key = text ? ArrowType.Utf8 : ArrowType.Int64;
        _schema = new Schema([new Field("user", key, false), new Field("place", key, false), new Field("score", ArrowType.Double, false), new Field("points", ArrowType.Int64, false)]);
        var random = new Random(20261120);
        for (var i = 0; i < Count; i++)
        {
            _units[i] = random.Next(50) == 0 ? 7 : random.Next(60_000);
            _partitions[i] = (int)(Math.Pow(random.NextDouble(), 3) * 3_000);
            _scores[i] = random.Next(4) == 0 ? Math.Round(random.NextDouble() * 12, 1) : (random.NextDouble() * 12) - 1;
            _points[i] = random.Next(-20, 200);
        }
    }

    /// <summary>Writes all rows.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="format"><c>csv</c> or <c>parquet</c>.</param>
    /// <param name="files">How many files of nearly the same size.</param>
    /// <param name="shuffle">Seed of a permutation; 0 for the order in which the rows were made.</param>
    public void Write(string folder, string format, int files, int shuffle)
    {
        var order = Enumerable.Range(0, Count).ToArray();
        if (shuffle != 0)
        {
            new Random(shuffle).Shuffle(order);
        }

        for (var file = 0; file < files; file++)
        {
            var rows = order[(int)((long)Count * file / files)..(int)((long)Count * (file + 1) / files)];
            using var stream = File.Create(Path.Combine(folder, $"rows-{file:D2}.{format}"));
            if (format == "csv")
            {
                using var writer = new CsvWriter(stream, _schema);
                foreach (var chunk in rows.Chunk(BatchRows))
                {
                    writer.Write(Batch(chunk));
                }
            }
            else
            {
                using var writer = new ParquetWriter(stream, _schema, new ParquetWriteOptions { RowGroupRows = 1 << 18 });
                foreach (var chunk in rows.Chunk(BatchRows))
                {
                    writer.Write(Batch(chunk));
                }

                writer.Finish();
            }
        }
    }

    private RecordBatch Batch(int[] rows) => new(_schema,
        [
            Keys(rows, _units, "user-"),
            Keys(rows, _partitions, "Platz №"),
            ArrowArrays.Double(Array.ConvertAll(rows, r => _scores[r])),
            ArrowArrays.Int64(Array.ConvertAll(rows, r => _points[r])),
        ], rows.Length);

    private ArrowArray Keys(int[] rows, int[] numbers, string name) => _text
        ? ArrowArrays.Utf8(rows.Select(r => name + numbers[r].ToString(CultureInfo.InvariantCulture)))
        : ArrowArrays.Int64(Array.ConvertAll(rows, r => (numbers[r] * 1_000_003L) - 4_000_000_000L));
}
