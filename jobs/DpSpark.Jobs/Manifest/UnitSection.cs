using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>privacy_unit</c>.</summary>
internal static class UnitSection
{
    private const string L0 = "max_partitions_contributed";
    private const string LInf = "max_contributions_per_partition";
    private const string L1 = "max_contributions";

    /// <param name="unit">The section.</param>
    /// <param name="contract">The columns; policies of id columns may change.</param>
    /// <param name="whole">Whether there is one partition, the whole.</param>
    /// <param name="samplesRows">Whether an aggregate keeps single rows, so that their number must be bounded; null when the aggregates are faulty.</param>
    public static PrivacyUnitRequest? Read(SectionReader unit, ColumnContract contract, bool whole, bool? samplesRows)
    {
        var autoL0 = AutoSection.OfUnit(unit.Get(L0));
        var autoLInf = AutoSection.OfUnit(unit.Get(LInf));
        if ((autoL0 is not null || autoLInf is not null) && unit.Get(L1) is { } both)
        {
            both.Error(DiagnosticCatalog.Exclusive, $"`{L1}` does not go with bounds that are found.", "a first pass finds the two other bounds, which then say all.", $"remove `{L1}`", "give the bounds as numbers");
        }

        var l0 = autoL0 is not null ? null : unit.Get(L0)?.Count("it caps how many partitions one privacy unit may touch.");
        var lInf = autoLInf is not null ? null : unit.Get(LInf)?.Count("it caps how many rows one privacy unit may add to one partition.");
        var l1 = unit.Get(L1)?.Count("it caps how many rows one privacy unit may add in all.");
        var row = unit.Get("row");
        var isRow = row?.Flag();
        if (row is not null)
        {
            return ReadRow(unit, row, isRow);
        }

        var id = unit.HasUnknown ? unit.Get("id") : unit.Require("id", "it says who is protected; nothing privacy-relevant has a default.", "add `id: <column>`", "`row: true` where every row is a person of its own");
        var ids = ReadIds(id, contract);
        var oneUnit = ReadNullId(unit, contract, ids);
        CheckBounds(unit, whole, samplesRows);
        if (ids is null)
        {
            return null;
        }

        return new PrivacyUnitRequest
        {
            IdColumns = ids,
            NullIdIsOneUnit = oneUnit,
            MaxPartitionsContributed = l0 ?? (whole && !unit.Has(L0) && !unit.Has(L1) ? 1 : null),
            MaxContributionsPerPartition = lInf,
            MaxContributions = l1,
            AutoMaxPartitionsContributed = autoL0?.Budget,
            AutoMaxContributionsPerPartition = autoLInf?.Budget,
        };
    }

    private static PrivacyUnitRequest? ReadRow(SectionReader unit, ManifestValue row, bool? isRow)
    {
        if (isRow is null)
        {
            return null;
        }

        if (isRow == false)
        {
            row.Error(DiagnosticCatalog.UnknownWord, "`privacy_unit.row` is false; it says true or is not there.", null, "remove it and name the `id` column");
            return null;
        }

        var others = unit.Present("id", L0, LInf, L1, "null_id");
        if (others.Count > 0)
        {
            unit.Get(others[0])!.Error(DiagnosticCatalog.Exclusive, $"{string.Join(", ", others.Select(o => $"`{o}`"))} {(others.Count == 1 ? "does" : "do")} not go with `row: true`.", "a row is one unit, in one partition, once.",
                others.Count == 1 ? "remove it" : "remove them", "remove `row`");
        }

        return others.Count == 0 ? new PrivacyUnitRequest { IdColumns = [] } : null;
    }

    private static List<string>? ReadIds(ManifestValue? id, ColumnContract contract)
    {
        if (id?.Items("a column or a list of columns", single: true) is not { } items)
        {
            return null;
        }

        if (items.Count == 0)
        {
            id.Error(DiagnosticCatalog.MissingKey, "`privacy_unit.id` names no column.", "it says who is protected.", "name the column of the person's id", "`row: true` where every row is a person of its own");
            return null;
        }

        var ids = new List<string>();
        foreach (var item in items)
        {
            if (item.Text("a column", "visitor_id") is not { } name)
            {
                return null;
            }

            if (ids.Contains(name))
            {
                item.Error(DiagnosticCatalog.DuplicateName, $"column `{Printable.Text(name)}` is listed twice.", null, "remove one of them");
                return null;
            }

            if (contract.Find(name, item) is { } column && column.Type is ColumnType.Float or ColumnType.Double)
            {
                item.Error(DiagnosticCatalog.TypeMisuse, $"`{Printable.Text(name)}` is a {Types.Word(column.Type)}; an id is a string, a whole number, a decimal, a date, a timestamp, a bool or binary.",
                    "floating-point numbers that look alike may differ, so that one person would count as several.", "declare the column as long or string");
            }

            ids.Add(name);
        }

        return ids;
    }

    private static bool ReadNullId(SectionReader unit, ColumnContract contract, List<string>? ids)
    {
        if (unit.Get("null_id")?.Word(["drop", "one_unit"]) != "one_unit" || ids is null)
        {
            return false;
        }

        foreach (var column in contract.Columns.Where(c => ids.Contains(c.Name)).ToList())
        {
            var nullsWritten = contract.PlaceOf(column.Name).Node is Yaml.YamlMap map && map.Find("nulls") is not null;
            if (nullsWritten && column.Nulls != ValuePolicy.Keep)
            {
                unit.Get("null_id")!.Error(DiagnosticCatalog.PolicyMisplaced, $"`null_id: one_unit` never acts: `nulls` of column `{Printable.Text(column.Name)}` takes its nulls away.", "rows without an id are gone before units are formed.",
                    $"remove `nulls` of `{Printable.Text(column.Name)}`", "write `null_id: drop`");
            }
            else
            {
                contract.Set(column with { Nulls = ValuePolicy.Keep });
            }
        }

        return true;
    }

    private static void CheckBounds(SectionReader unit, bool whole, bool? samplesRows)
    {
        if (unit.HasUnknown)
        {
            return;
        }

        var hasL0 = unit.Has(L0) || (whole && !unit.Has(L1));
        var hasLInf = unit.Has(LInf);
        var hasL1 = unit.Has(L1);
        const string Why = "without bounds one privacy unit could change the release without limit.";
        if (!hasL0 && !hasL1)
        {
            unit.Error(DiagnosticCatalog.UnitBounds, $"`privacy_unit` needs `{L0}`{(hasLInf ? "" : $" and `{LInf}`, or `{L1}`")}.", Why,
                $"add `{L0}: 4`: in how many partitions one unit may count", $"`{L1}: 10`: how many rows of one unit may count in all");
        }
        else if (hasL1 && hasLInf && !hasL0)
        {
            unit.Error(DiagnosticCatalog.UnitBounds, $"`{LInf}` beside `{L1}` needs `{L0}` too.", "the three go together, or one of them stands alone.", $"add `{L0}`", $"remove `{LInf}`");
        }
        else if (hasL0 && !hasLInf && (samplesRows == true) && (!hasL1 || !whole))
        {
            unit.Error(DiagnosticCatalog.UnitBounds, $"`privacy_unit` needs `{LInf}`.", "count, mean and a sum of clamped values keep single rows; without the bound one unit could add any number to a partition.",
                $"add `{LInf}: 1`", "release only `privacy_id_count` and sums with `min_sum_per_partition`, `max_sum_per_partition`");
        }
    }
}
