using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Jobs.Sources;

/// <summary>Holds the schema of a file against the column contract, before any row is decoded. All faults of a file are told at once.</summary>
internal static class ContractCheck
{
    /// <summary>Checks one file.</summary>
    /// <param name="file">Name of the file in messages.</param>
    /// <param name="schema">All columns of the file.</param>
    /// <param name="columns">The contract.</param>
    /// <param name="isText">Whether the file holds text, from which every type is read.</param>
    /// <exception cref="SourceContractException">A column is missing, there twice, or of another type.</exception>
    public static void Check(string file, Schema schema, IReadOnlyList<ColumnSpec> columns, bool isText)
    {
        var faults = new List<SourceFormatException>();
        foreach (var column in columns)
        {
            var matches = schema.Fields.Count(f => f.Name == column.SourceName);
            if (matches == 0)
            {
                faults.Add(Missing(file, schema, column));
            }
            else if (matches > 1)
            {
                faults.Add(new SourceFormatException("DPS5105", file, null, $"column '{column.SourceName}' is there {matches} times.",
                    "Which of them is meant cannot be told.", ["rename one of them where the file is written"]));
            }
            else if (!isText && !PhysicalTypes.Accepts(column, schema.Fields[schema.IndexOf(column.SourceName)].Type))
            {
                faults.Add(WrongType(file, schema.Fields[schema.IndexOf(column.SourceName)].Type, column));
            }
        }

        if (faults.Count > 0)
        {
            throw new SourceContractException(faults);
        }
    }

    private static SourceFormatException Missing(string file, Schema schema, ColumnSpec column)
    {
        var near = Suggestions.For(column.SourceName, [.. schema.Fields.Select(f => f.Name)]);
        var names = string.Join(", ", schema.Fields.Take(20).Select(f => f.Name)) + (schema.Fields.Count > 20 ? ", …" : "");
        return new SourceFormatException("DPS5103", file, null, $"column '{column.SourceName}' is missing." + (near is null ? "" : $" Did you mean '{near}'?"),
            $"The columns contract asks for it; the file has: {names}.",
            near is null
                ? ["correct the name under `columns`, or write the file with this column"]
                : [$"{column.Name}: {{ type: {PhysicalTypes.Describe(column)}, from: {Quote(near)} }}", "or rename the column where the file is written"]);
    }

    private static SourceFormatException WrongType(string file, ArrowType found, ColumnSpec column)
    {
        var suggestion = PhysicalTypes.Suggest(found);
        return new SourceFormatException("DPS5104", file, null,
            $"column '{column.SourceName}' is {PhysicalTypes.Describe(found)}; the contract says {PhysicalTypes.Describe(column)}.",
            "A column whose type drifted may mean something else now; it is never converted silently.",
            suggestion is null
                ? [$"cast it to {PhysicalTypes.Describe(column)} where the file is written"]
                : [$"{column.Name}: {suggestion}    # under `columns`, if that is what the column means now", $"or cast it to {PhysicalTypes.Describe(column)} where the file is written"]);
    }

    private static string Quote(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? name : "\"" + name.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
