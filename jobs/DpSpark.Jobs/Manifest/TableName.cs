namespace DpSpark.Jobs.Manifest;

/// <summary>The name of a table of Spark's catalog, perhaps with one of its snapshots: <c>lake.taxi.trips@8841</c>.</summary>
/// <param name="Parts">Catalog, namespaces and table, without backticks.</param>
/// <param name="Snapshot">Number or name of the snapshot; null for what the table holds when it is read.</param>
internal sealed record TableName(IReadOnlyList<string> Parts, string? Snapshot)
{
    /// <summary>Reads a name as people write it; null where it is none.</summary>
    public static TableName? Parse(string text)
    {
        var parts = new List<string>();
        var at = 0;
        while (true)
        {
            var part = Part(text, ref at);
            if (part is null)
            {
                return null;
            }

            parts.Add(part);
            if (at == text.Length)
            {
                return new TableName(parts, null);
            }

            if (text[at] == '@')
            {
                var snapshot = text[(at + 1)..];
                return snapshot.Length > 0 && snapshot.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? new TableName(parts, snapshot) : null;
            }

            if (text[at++] != '.')
            {
                return null;
            }
        }
    }

    /// <summary>Whether the snapshot is a number, which always means the same rows; a tag or branch may move.</summary>
    public bool IsPinned => Snapshot is { } snapshot && snapshot.All(char.IsAsciiDigit);

    /// <summary>The name for a SQL text, every part in backticks, without the snapshot.</summary>
    public string Quoted => string.Join('.', Parts.Select(p => "`" + p.Replace("`", "``", StringComparison.Ordinal) + "`"));

    private static string? Part(string text, ref int at)
    {
        if (at < text.Length && text[at] == '`')
        {
            var name = new System.Text.StringBuilder();
            for (at++; at < text.Length; at++)
            {
                if (text[at] != '`')
                {
                    name.Append(text[at]);
                }
                else if (at + 1 < text.Length && text[at + 1] == '`')
                {
                    name.Append(text[at++]);
                }
                else
                {
                    at++;
                    return name.Length > 0 && !name.ToString().Any(char.IsControl) ? name.ToString() : null;
                }
            }

            return null;
        }

        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
        {
            at++;
        }

        return at > start ? text[start..at] : null;
    }
}
