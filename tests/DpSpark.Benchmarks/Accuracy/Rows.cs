using System.Globalization;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Sources;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>A released table by partition.</summary>
internal sealed class Rows
{
    private readonly RecordBatch _table;
    private readonly Dictionary<string, int> _rows;
    private readonly Dictionary<string, int> _columns;

    private Rows(RecordBatch table, int keys)
    {
        _table = table;
        _rows = new Dictionary<string, int>(table.Length, StringComparer.Ordinal);
        for (var row = 0; row < table.Length; row++)
        {
            var key = new StringBuilder();
            for (var k = 0; k < keys; k++)
            {
                key.Append(KeysetFileReader.TextOf(table.Columns[k], row)).Append('\u001f');
            }

            _rows[key.ToString()] = row;
        }

        Columns = [.. table.Schema.Fields.Skip(keys).Select(f => f.Name)];
        _columns = Columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i + keys, StringComparer.Ordinal);
    }

    /// <summary>The partitions, in the order of the table.</summary>
    public IReadOnlyCollection<string> Keys => _rows.Keys;

    /// <summary>All columns but the keys.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows of a table of a plan or of one with the same partition columns.</summary>
    public static Rows Of(RecordBatch table, ReleasePlan plan) => new(table, plan.Request.PartitionBy.Count);

    /// <summary>A number; null where the table has none.</summary>
    public double? Number(string column, string partition) =>
        _columns.TryGetValue(column, out var at) && _rows.TryGetValue(partition, out var row) && KeysetFileReader.TextOf(_table.Columns[at], row) is { } text
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
