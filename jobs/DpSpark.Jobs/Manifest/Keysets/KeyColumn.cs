using System.Globalization;
using DpSpark.Core.Stages;

namespace DpSpark.Jobs.Manifest.Keysets;

/// <summary>A partition column as the keyset sees it: which texts are keys of it.</summary>
internal sealed class KeyColumn
{
    private const long MicrosecondsPerHour = 3_600_000_000;
    private readonly Dictionary<object, int>? _lowerEdges;

    public KeyColumn(PartitionColumnSpec spec, int index)
    {
        Spec = spec;
        Index = index;
        if (spec.Transform == PartitionTransform.Bin)
        {
            LowerEdges = [.. spec.Edges.Take(spec.Edges.Count - 1).Select(e => KeyText.TryParse(spec.KeyType, Expand(e), out var edge) ? edge! : throw new InvalidOperationException("An edge is not a number."))];
            _lowerEdges = [];
            for (var i = 0; i < LowerEdges.Count; i++)
            {
                _lowerEdges[LowerEdges[i]] = i;
            }
        }
    }

    public PartitionColumnSpec Spec { get; }

    public int Index { get; }

    /// <summary>Keys of a bin column, rising; empty for others.</summary>
    public IReadOnlyList<object> LowerEdges { get; } = [];

    /// <summary>The step between keys of dates where the column has one of its own.</summary>
    public DateStep? OwnStep => Spec.Transform switch
    {
        PartitionTransform.TruncateToHour => DateStep.Hour,
        PartitionTransform.TruncateToDay => DateStep.Day,
        PartitionTransform.TruncateToMonth => DateStep.Month,
        _ => null,
    };

    /// <summary>Position of a bin's lower edge.</summary>
    public int EdgeIndex(object edge) => _lowerEdges![edge];

    /// <summary>Reads a text as a key; null text is the null key.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The key's value.</param>
    /// <returns>Why it is not a key, or null.</returns>
    public string? Read(string? text, out object? value)
    {
        value = null;
        if (text is null)
        {
            return Spec.NullIsKey ? null : "null is a key only where the column has `nulls: keep`";
        }

        var name = Printable.Text(Spec.Name);
        if (!KeyText.TryParse(Spec.KeyType, Spec.KeyType == ColumnType.Long ? Expand(text) : text, out value))
        {
            return $"keys of `{name}` are written as {Types.Word(Spec.KeyType)}, e.g. {KeyText.Example(Spec.KeyType)}";
        }

        return Spec.Transform switch
        {
            PartitionTransform.Bin when !_lowerEdges!.ContainsKey(value!) => $"keys of `{name}` are the lower edges of its bins, and no row could have another",
            PartitionTransform.TruncateToMonth when KeyText.ToDate((int)value!).Day != 1 => $"keys of `{name}` are first days of months, and no row could have another",
            PartitionTransform.TruncateToHour when (long)value! % MicrosecondsPerHour != 0 => $"keys of `{name}` are full hours, and no row could have another",
            _ => null,
        };
    }

    /// <summary>Orders values as a release does: null first, numbers and dates by value, text by its UTF-8 bytes.</summary>
    public static int Compare(object? a, object? b) => (a, b) switch
    {
        (null, null) => 0,
        (null, _) => -1,
        (_, null) => 1,
        (string x, string y) => System.Text.Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(y)),
        (IComparable x, _) => x.CompareTo(b),
        _ => throw new InvalidOperationException("A key's value has no order."),
    };

    /// <summary>Whole numbers that an edge spells with an exponent (<c>1e17</c>), written out.</summary>
    private static string Expand(string text) =>
        text.AsSpan().ContainsAny('e', 'E') && Core.Parameters.ExactDecimal.TryParse(text, out var number) && number.Scale == 0 ? number.Unscaled.ToString(CultureInfo.InvariantCulture) : text;
}

/// <summary>Keys of some columns, to be combined with those of the others.</summary>
/// <param name="Columns">The columns.</param>
/// <param name="Count">How many keys, before they are made.</param>
/// <param name="Rows">Makes them: one value a column in each row.</param>
/// <param name="Distinct">Whether no key repeats.</param>
internal sealed record KeyFactor(IReadOnlyList<KeyColumn> Columns, long Count, Func<List<object?[]>> Rows, bool Distinct = true);
