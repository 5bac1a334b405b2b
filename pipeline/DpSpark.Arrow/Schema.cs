namespace DpSpark.Arrow;

/// <summary>Names and types of the columns of a batch, in order.</summary>
/// <param name="Fields">The columns.</param>
public sealed record Schema(IReadOnlyList<Field> Fields)
{
    /// <summary>Free key and value pairs of the schema, in file order; keys may repeat.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>Index of the first field with this name, or -1.</summary>
    /// <param name="name">Compared exactly.</param>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Fields.Count; i++)
        {
            if (Fields[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>One column: name, type, and whether nulls may occur.</summary>
/// <param name="Name">The column's name; need not be unique.</param>
/// <param name="Type">Logical type; for a dictionary-encoded column the type of the decoded values.</param>
/// <param name="Nullable">Whether nulls may occur.</param>
public sealed record Field(string Name, ArrowType Type, bool Nullable = true)
{
    /// <summary>Fields of nested values; empty for flat types. A Map has one child, the entries struct.</summary>
    public IReadOnlyList<Field> Children { get; init; } = [];

    /// <summary>How the column is dictionary-encoded, or null.</summary>
    public DictionaryEncoding? Dictionary { get; init; }

    /// <summary>Free key and value pairs, in file order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];
}

/// <summary>How a column is encoded by a dictionary.</summary>
/// <param name="Id">Number of the dictionary in its stream.</param>
/// <param name="IndexType">Integer type of the indices.</param>
/// <param name="IsOrdered">Whether the order of the dictionary has a meaning.</param>
public sealed record DictionaryEncoding(long Id, ArrowType IndexType, bool IsOrdered = false);
