using System.Text;
using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Tests.Sources.Csv;

/// <summary>Reads whole files as rows of byte strings, with the reader under test and with a plain one that goes byte by byte.</summary>
internal static class CsvText
{
    public static List<string?[]> Read(string text, CsvOptions? options = null, IReadOnlyList<string>? columns = null, IReadOnlyList<string>? fileColumns = null) =>
        Read(Encoding.UTF8.GetBytes(text), options, columns, fileColumns);

    public static List<string?[]> Read(byte[] bytes, CsvOptions? options = null, IReadOnlyList<string>? columns = null, IReadOnlyList<string>? fileColumns = null)
    {
        using var reader = CsvReader.Open(new MemoryStream(bytes), "test.csv", false, columns, options, fileColumns);
        return Rows(reader);
    }

    public static List<string?[]> Rows(CsvReader reader)
    {
        var rows = new List<string?[]>();
        while (reader.Read() is { } batch)
        {
            using (batch)
            {
                AddRows(batch, rows);
            }
        }

        return rows;
    }

    /// <summary>Latin-1 shows every byte as one character, so that bytes that are not UTF-8 stay visible.</summary>
    public static void AddRows(RecordBatch batch, List<string?[]> rows)
    {
        for (var row = 0; row < batch.Length; row++)
        {
            var values = new string?[batch.Columns.Count];
            for (var i = 0; i < values.Length; i++)
            {
                var offsets = batch.Columns[i].Offsets32();
                values[i] = batch.Columns[i].IsNull(row) ? null : Encoding.Latin1.GetString(batch.Columns[i].Values.Span[offsets[row]..offsets[row + 1]]);
            }

            rows.Add(values);
        }
    }

    /// <summary>The reference: one byte at a time, no header. Null where the file breaks the rules.</summary>
    public static List<string?[]>? Reference(byte[] bytes, int columns, char delimiter)
    {
        var text = Encoding.Latin1.GetString(bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes);
        var rows = new List<string?[]>();
        var row = new List<string?>();
        var i = 0;
        while (i < text.Length)
        {
            var field = new StringBuilder();
            var quoted = text[i] == '"';
            if (quoted)
            {
                i++;
                while (true)
                {
                    if (i == text.Length)
                    {
                        return null;
                    }

                    if (text[i] == '"')
                    {
                        if (i + 1 < text.Length && text[i + 1] == '"')
                        {
                            field.Append('"');
                            i += 2;
                            continue;
                        }

                        i++;
                        break;
                    }

                    field.Append(text[i++]);
                }

                if (i < text.Length && text[i] == '\r' && (i + 1 == text.Length || text[i + 1] == '\n'))
                {
                    i++;
                }

                if (i < text.Length && text[i] != delimiter && text[i] != '\n')
                {
                    return null;
                }
            }
            else
            {
                while (i < text.Length && text[i] != delimiter && text[i] != '\n')
                {
                    field.Append(text[i++]);
                }

                if ((i == text.Length || text[i] == '\n') && field.Length > 0 && field[^1] == '\r')
                {
                    field.Length--;
                }
            }

            row.Add(quoted || field.Length > 0 ? field.ToString() : null);
            var delimited = i < text.Length && text[i] == delimiter;
            i++;
            if (delimited && i == text.Length)
            {
                row.Add(null);
            }

            if (!delimited || i == text.Length)
            {
                if (row.Count == 1 && row[0] is null && columns != 1)
                {
                    row.Clear();
                    continue;
                }

                if (row.Count != columns)
                {
                    return null;
                }

                rows.Add([.. row]);
                row.Clear();
            }
        }

        return rows;
    }
}
