using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Manifest.Keysets;

/// <summary>A keyset as written, before its keys are made. Values are texts, read by the type of their partition column; null is the null key.</summary>
public abstract record KeysetForm;

/// <summary>Every combination of the values of each column.</summary>
/// <param name="Columns">Columns with their values.</param>
public sealed record ValuesKeyset(IReadOnlyList<KeyValues> Columns) : KeysetForm;

/// <summary>Values of one column.</summary>
/// <param name="Column">Partition column.</param>
/// <param name="Values">The values.</param>
public sealed record KeyValues(string Column, IReadOnlyList<string?> Values);

/// <summary>Keys one by one.</summary>
/// <param name="Columns">Partition columns.</param>
/// <param name="Rows">One value a column in each row.</param>
public sealed record RowsKeyset(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows) : KeysetForm;

/// <summary>Every combination of whole numbers, or of a bin column's lower edges, from first to last, both included.</summary>
/// <param name="Columns">Columns with their ends.</param>
public sealed record RangeKeyset(IReadOnlyList<KeyRange> Columns) : KeysetForm;

/// <summary>Every combination of dates or times from first to last, both included.</summary>
/// <param name="Columns">Columns with their ends.</param>
/// <param name="Step">Distance of two keys; null for the column's own (hour, day or month where it is truncated, else day).</param>
public sealed record DatesKeyset(IReadOnlyList<KeyRange> Columns, DateStep? Step) : KeysetForm;

/// <summary>Ends of a range.</summary>
/// <param name="Column">Partition column.</param>
/// <param name="First">First key.</param>
/// <param name="Last">Last key.</param>
public sealed record KeyRange(string Column, string First, string Last);

/// <summary>Steps of dates.</summary>
public enum DateStep
{
    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day.</summary>
    Day,

    /// <summary>A month.</summary>
    Month,
}

/// <summary>Keys of a public file that has the partition columns by name; other columns are not read, repeated keys count once.</summary>
/// <param name="Kind">Format.</param>
/// <param name="Path">Path as written.</param>
/// <param name="Csv">Layout of a CSV file.</param>
public sealed record FileKeyset(FileKind Kind, string Path, CsvOptions Csv) : KeysetForm;

/// <summary>Every combination of the keys of its parts, which have different columns.</summary>
/// <param name="Parts">The parts.</param>
public sealed record CrossKeyset(IReadOnlyList<KeysetForm> Parts) : KeysetForm;
