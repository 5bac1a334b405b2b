using DpSpark.Core.Stages;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Column types in the words of the manifest.</summary>
internal static class Types
{
    public static bool IsNumeric(ColumnType type) => type is ColumnType.Int or ColumnType.Long or ColumnType.Float or ColumnType.Double or ColumnType.Decimal;

    public static string Word(ColumnType type) => type.ToString().ToLowerInvariant();
}

/// <summary>Names of columns and outputs.</summary>
internal static class Names
{
    public const int MaxLength = 128;

    /// <summary>Whether a name can be used; reports when it cannot.</summary>
    public static bool Check(string name, ManifestValue at)
    {
        if (name.Length is > 0 and <= MaxLength && !name.Any(char.IsControl) && name.Trim().Length == name.Length)
        {
            return true;
        }

        at.Error(DiagnosticCatalog.BadName, $"`{Printable.Text(name)}` cannot be a column's name.", $"names have 1 to {MaxLength} characters, no control characters and no blanks around them.", "choose another name");
        return false;
    }
}
