namespace DpSpark.Jobs.Manifest;

/// <summary>"Did you mean": near spellings, and the words that other systems use for the same idea.</summary>
internal static class Suggestions
{
    private static readonly Dictionary<string, string> s_otherWords = new(StringComparer.Ordinal)
    {
        ["privacyid"] = "id",
        ["privacyidcolumn"] = "id",
        ["idcolumn"] = "id",
        ["userid"] = "id",
        ["privacyunitcolumn"] = "privacy_unit",
        ["unit"] = "privacy_unit",
        ["protectedchange"] = "privacy_unit",
        ["user"] = "privacy_unit",
        ["partitionkey"] = "partition_by",
        ["partitionkeys"] = "partition_by",
        ["groupby"] = "partition_by",
        ["groupbycolumns"] = "partition_by",
        ["groupkey"] = "partition_by",
        ["groups"] = "partition_by",
        ["publicpartitions"] = "keyset",
        ["publicgroups"] = "keyset",
        ["partitions"] = "keyset",
        ["keys"] = "keyset",
        ["privatepartitionselection"] = "partition_selection",
        ["getgroups"] = "partition_selection",
        ["privategroups"] = "partition_selection",
        ["groupselectionstrategy"] = "partition_selection",
        ["selection"] = "partition_selection",
        ["maxgroupsperid"] = "max_partitions_contributed",
        ["maxgroupscontributed"] = "max_partitions_contributed",
        ["l0"] = "max_partitions_contributed",
        ["l0bound"] = "max_partitions_contributed",
        ["maxrowspergroupperid"] = "max_contributions_per_partition",
        ["maxcontributionspergroup"] = "max_contributions_per_partition",
        ["linf"] = "max_contributions_per_partition",
        ["linfbound"] = "max_contributions_per_partition",
        ["maxrowsperid"] = "max_contributions",
        ["l1"] = "max_contributions",
        ["low"] = "min_value",
        ["lower"] = "min_value",
        ["min"] = "min_value",
        ["high"] = "max_value",
        ["upper"] = "max_value",
        ["max"] = "max_value",
        ["valuebounds"] = "min_value` and `max_value",
        ["clamp"] = "min_value` and `max_value",
        ["bounds"] = "min_value` and `max_value",
        ["totalvaluebounds"] = "min_sum_per_partition` and `max_sum_per_partition",
        ["contributionboundspergroup"] = "min_sum_per_partition` and `max_sum_per_partition",
        ["minprivacyunitspergroup"] = "pre_threshold",
        ["prethreshold"] = "pre_threshold",
        ["budgetweight"] = "budget",
        ["weight"] = "budget",
        ["relativebudgetperopspec"] = "budget",
        ["privacyunitcount"] = "privacy_id_count",
        ["usercount"] = "privacy_id_count",
        ["average"] = "mean",
        ["avg"] = "mean",
        ["alias"] = "as",
        ["name"] = "as",
        ["eps"] = "epsilon",
        ["budget"] = "privacy",
        ["mechanism"] = "noise",
        ["noisekind"] = "noise",
        ["separator"] = "delimiter",
        ["sep"] = "delimiter",
        ["confidence"] = "ci",
        ["confidencelevel"] = "ci",
        ["input"] = "source",
        ["schema"] = "columns",
    };

    /// <summary>The allowed word that was probably meant, or null. A text of two words joined by <c>` and `</c> when the idea needs both.</summary>
    public static string? For(string word, IReadOnlyList<string> allowed)
    {
        var normal = Normal(word);
        foreach (var candidate in allowed)
        {
            if (Normal(candidate) == normal)
            {
                return candidate;
            }
        }

        if (s_otherWords.TryGetValue(normal, out var ours) && allowed.Contains(ours.Split('`')[0]))
        {
            return ours;
        }

        string? best = null;
        var bestDistance = Math.Max(1, normal.Length / 3) + 1;
        foreach (var candidate in allowed)
        {
            var distance = Distance(normal, Normal(candidate), bestDistance);
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best ?? (normal.Length < 3 ? null : allowed.FirstOrDefault(c => Normal(c).StartsWith(normal, StringComparison.Ordinal) || (Normal(c).Length >= 3 && normal.StartsWith(Normal(c), StringComparison.Ordinal))));
    }

    private static string Normal(string word)
    {
        var trimmed = word.Length > 80 ? word[..80] : word;
        return trimmed.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>Edits (insert, delete, replace, swap of neighbours) between two words, or <paramref name="limit"/> when there are at least as many.</summary>
    private static int Distance(string a, string b, int limit)
    {
        if (Math.Abs(a.Length - b.Length) >= limit)
        {
            return limit;
        }

        var beforeLast = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return Math.Min(last[b.Length], limit);
    }
}
