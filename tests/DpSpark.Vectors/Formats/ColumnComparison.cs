using System.Text.Json;
using System.Text.Json.Nodes;
using DpSpark.Arrow;

namespace DpSpark.Vectors.Formats;

/// <summary>Compares a column with its description in an index: null count, digest and, where listed, values. Feed it the batches in order.</summary>
public sealed class ColumnComparison : IDisposable
{
    private readonly ColumnDigest _digest = new();
    private readonly JsonElement _expected;
    private readonly JsonElement[]? _values;
    private int _row;
    private string? _difference;

    /// <summary>Starts a column.</summary>
    /// <param name="expected">The description: name, nulls, sha256, perhaps values.</param>
    public ColumnComparison(JsonElement expected)
    {
        _expected = expected;
        _values = expected.TryGetProperty("values", out var values) ? [.. values.EnumerateArray()] : null;
    }

    /// <summary>One comparison for each entry of <c>columns</c>; none when the entry has no such list.</summary>
    /// <param name="entry">The case.</param>
    public static ColumnComparison[] For(VectorEntry entry) =>
        entry.Json.TryGetProperty("columns", out var columns) ? [.. columns.EnumerateArray().Select(c => new ColumnComparison(c))] : [];

    /// <summary>Adds all rows of an array.</summary>
    /// <param name="array">The next part of the column.</param>
    public void Append(ArrowArray array)
    {
        _digest.Append(array);
        for (var i = 0; _values is not null && i < array.Length; i++, _row++)
        {
            if (_difference is null && _row < _values.Length && !JsonNode.DeepEquals(ArrowJson.Value(array, i), JsonNode.Parse(_values[_row].GetRawText())))
            {
                _difference = $"value of row {_row} differs";
            }
        }
    }

    /// <summary>Ends the column and returns the first difference, or null.</summary>
    public string? Finish()
    {
        var name = _expected.GetProperty("name").GetString();
        var difference = _difference;
        if (difference is null && _values is not null && _row != _values.Length)
        {
            difference = $"{_row} rows, expected {_values.Length}";
        }

        if (difference is null && _expected.GetProperty("nulls").GetInt64() != _digest.Nulls)
        {
            difference = $"{_digest.Nulls} nulls, expected {_expected.GetProperty("nulls").GetInt64()}";
        }

        if (_expected.GetProperty("sha256").GetString() != _digest.Finish())
        {
            difference ??= "digest differs";
        }

        return difference is null ? null : $"column {name}: {difference}";
    }

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();
}
