using System.Globalization;
using System.IO.Compression;
using System.Text;
using DpSpark.Arrow.Ipc;
using DpSpark.Jobs.Sinks.Csv;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Tests.RealData;

/// <summary>A row of a <see cref="TextTable"/>.</summary>
internal sealed record TextRow(IReadOnlyDictionary<string, int> Columns, string[] Fields)
{
    public string this[string column] => Fields[Columns[column]];

    public decimal Number(string column) => decimal.Parse(this[column], NumberStyles.Float, CultureInfo.InvariantCulture);
}

/// <summary>Rows of text, read character by character: what the product's readers are compared with.</summary>
internal sealed class TextTable
{
    private TextTable(IReadOnlyDictionary<string, int> columns, IReadOnlyList<TextRow> rows)
    {
        Columns = columns;
        Rows = rows;
    }

    public IReadOnlyDictionary<string, int> Columns { get; }

    public IReadOnlyList<TextRow> Rows { get; }

    /// <summary>Reads a CSV file, or the chosen columns of a Parquet or Arrow file.</summary>
    /// <param name="path">The file; <c>.gz</c>, <c>.parquet</c> and <c>.arrow</c> by their names.</param>
    /// <param name="names">Names where a text has no header; the columns of a Parquet file; null for all.</param>
    public static TextTable Read(string path, params string[]? names)
    {
        var isText = !path.EndsWith(".parquet", StringComparison.Ordinal) && !path.EndsWith(".arrow", StringComparison.Ordinal);
        var lines = Split(isText ? TextOf(path) : ToText(path, names));
        var header = isText && names is { Length: > 0 } ? names : lines[0];
        var columns = header.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i, StringComparer.Ordinal);
        return new TextTable(columns, [.. lines.Skip(ReferenceEquals(header, names) ? 0 : 1).Select(l => new TextRow(columns, l))]);
    }

    private static string TextOf(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        return new StreamReader(stream, Encoding.UTF8).ReadToEnd();
    }

    private static string ToText(string path, string[]? names)
    {
        using var text = new MemoryStream();
        if (path.EndsWith(".parquet", StringComparison.Ordinal))
        {
            using var file = ParquetFile.Open(path);
            var columns = file.Project(names is { Length: > 0 } ? names : [.. file.Schema.Fields.Select(f => f.Name)]);
            using var writer = new CsvWriter(text, new DpSpark.Arrow.Schema([.. columns.Select(c => file.Schema.Fields[c])]), leaveOpen: true);
            foreach (var batch in file.ReadBatches(columns))
            {
                writer.Write(batch);
            }
        }
        else
        {
            using var reader = new ArrowFileReader(File.OpenRead(path));
            using var writer = new CsvWriter(text, reader.Schema, leaveOpen: true);
            for (var i = 0; i < reader.BatchCount; i++)
            {
                writer.Write(reader.ReadBatch(i));
            }
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static List<string[]> Split(string text)
    {
        var lines = new List<string[]>();
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    field.Append('"');
                    i++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c == ',' || c == '\n')
            {
                fields.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == '\n')
                {
                    lines.Add([.. fields]);
                    fields.Clear();
                }
            }
            else
            {
                field.Append(c);
            }
        }

        if (fields.Count > 0 || field.Length > 0)
        {
            fields.Add(field.ToString());
            lines.Add([.. fields]);
        }

        return lines;
    }
}
