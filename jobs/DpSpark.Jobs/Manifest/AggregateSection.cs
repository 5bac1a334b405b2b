using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>aggregates</c>.</summary>
internal static class AggregateSection
{
    private static readonly string[] s_kinds = ["count", "privacy_id_count", "sum", "mean"];
    private static readonly string[] s_laterKinds = ["variance", "stddev", "quantile", "histogram", "vector_sum", "count_distinct", "covariance", "min", "max"];

    /// <returns>The aggregates; null when any is faulty.</returns>
    public static IReadOnlyList<AggregateRequest>? Read(ManifestValue value, ColumnContract contract)
    {
        if (value.Items("a list of aggregates") is not { } items)
        {
            return null;
        }

        if (items.Count == 0)
        {
            value.Error(DiagnosticCatalog.NotYet, "`aggregates: []`, a release of keys alone, is not supported yet.", "it belongs to the manifest's language, but this version cannot run it.", "add `- { privacy_id_count: \"*\", as: units }`");
            return null;
        }

        var aggregates = new List<AggregateRequest>();
        var sound = true;
        foreach (var item in items)
        {
            if (item.Section(ManifestKeys.Aggregate) is { } section && ReadOne(section, contract) is { } aggregate)
            {
                aggregates.Add(aggregate);
            }
            else
            {
                sound = false;
            }
        }

        return sound ? aggregates : null;
    }

    /// <summary>Whether an aggregate keeps single rows of a unit, so that their number must be bounded (dp-math.md 2.3, 2.4).</summary>
    public static bool SamplesRows(AggregateRequest aggregate) =>
        aggregate.Kind is AggregateKind.Count or AggregateKind.Mean || (aggregate.Kind == AggregateKind.Sum && aggregate.MinSumPerPartition is null);

    private static AggregateRequest? ReadOne(SectionReader section, ColumnContract contract)
    {
        var budget = BudgetSection.Read(section.Get("budget"));
        var output = section.Get("as") is { } name ? name.Text("a name", "visits") is { } text && Names.Check(text, name) ? text : null : "";
        var present = section.Present(s_kinds);
        if (present.Count != 1)
        {
            ReportKinds(section, present);
            return null;
        }

        var value = section.Get(present[0])!;
        var column = value.Text(present[0].EndsWith("count", StringComparison.Ordinal) ? "`\"*\"`" : "a column", present[0].EndsWith("count", StringComparison.Ordinal) ? "*" : "spend_eur");
        if (column is null)
        {
            return null;
        }

        if (present[0] is "count" or "privacy_id_count")
        {
            return ReadCount(section, present[0], column, output, budget);
        }

        var type = contract.Find(column, value);
        if (type is not null && !Types.IsNumeric(type.Type))
        {
            value.Error(DiagnosticCatalog.TypeMisuse, $"`{Printable.Text(column)}` is a {Types.Word(type.Type)}; {present[0]} needs a number.", null, "name a column of type int, long, float, double or decimal", "change the column's type");
        }

        if (type is { Nulls: ValuePolicy.Keep })
        {
            value.Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column)}` has `nulls: keep`; {present[0]} needs a number in every row.", "a kept null is a key of a partition, not a number.", "write `nulls: drop`", "`nulls: { replace: 0 }`");
        }

        if (ReadBounds(section, present[0], column) is not { } bounds || output is null || budget is null || type is null)
        {
            return null;
        }

        return new AggregateRequest
        {
            Kind = present[0] == "sum" ? AggregateKind.Sum : AggregateKind.Mean,
            Output = output.Length == 0 ? column : output,
            Column = column,
            MinValue = bounds.PerValue ? bounds.Low : null,
            MaxValue = bounds.PerValue ? bounds.High : null,
            MinSumPerPartition = bounds.PerValue ? null : bounds.Low,
            MaxSumPerPartition = bounds.PerValue ? null : bounds.High,
            Budget = budget,
        };
    }

    private static AggregateRequest? ReadCount(SectionReader section, string kind, string column, string? output, BudgetShare? budget)
    {
        if (column != "*")
        {
            section.Get(kind)!.Error(DiagnosticCatalog.UnknownWord, $"`{kind}` is `{Printable.Text(column)}`; it takes \"*\".", "it counts rows or units, not values.", $"write `{kind}: \"*\"`");
            return null;
        }

        foreach (var bound in section.Present("min_value", "max_value", "min_sum_per_partition", "max_sum_per_partition"))
        {
            section.Get(bound)!.Error(DiagnosticCatalog.Exclusive, $"`{bound}` does not go with `{kind}`.", "counts are bounded by the privacy unit's bounds.", $"remove `{bound}`");
            output = null;
        }

        return output is null || budget is null ? null : new AggregateRequest
        {
            Kind = kind == "count" ? AggregateKind.Count : AggregateKind.PrivacyIdCount,
            Output = output.Length == 0 ? kind : output,
            Budget = budget,
        };
    }

    private static (bool PerValue, ExactDecimal Low, ExactDecimal High)? ReadBounds(SectionReader section, string kind, string column)
    {
        if (section.Has("auto"))
        {
            return null;
        }

        var values = section.Present("min_value", "max_value");
        var sums = section.Present("min_sum_per_partition", "max_sum_per_partition");
        if (sums.Count > 0 && kind == "mean")
        {
            section.Get(sums[0])!.Error(DiagnosticCatalog.Exclusive, $"`{sums[0]}` does not go with `mean`.", "a mean needs single values, not sums.", "give `min_value` and `max_value`");
            return null;
        }

        if (sums.Count > 0 && values.Count > 0)
        {
            section.Get(sums[0])!.Error(DiagnosticCatalog.Exclusive, $"`{sums[0]}` does not go with `{values[0]}`.", "a sum is clamped value by value or as a whole, not both.", "keep one pair of bounds");
            return null;
        }

        var (low, high) = sums.Count > 0 ? ("min_sum_per_partition", "max_sum_per_partition") : ("min_value", "max_value");
        if (!section.Has(low) || !section.Has(high))
        {
            if (!section.HasUnknown)
            {
                var missing = !section.Has(low) && !section.Has(high) ? $"{low} and {high}" : section.Has(low) ? high : low;
                section.Error(DiagnosticCatalog.MissingBounds, $"`{kind}: {Printable.Text(column)}` needs {missing}.", "without bounds one privacy unit could change the result without limit.",
                    $"add bounds from domain knowledge, e.g. {high}: 60");
            }

            return null;
        }

        var lowValue = section.Get(low)!;
        var highValue = section.Get(high)!;
        if ((lowValue.Number("0"), highValue.Number("60")) is not ({ } minimum, { } maximum) || !Bounds.InRange(minimum, lowValue) || !Bounds.InRange(maximum, highValue))
        {
            return null;
        }

        if (minimum <= maximum)
        {
            return (sums.Count == 0, minimum, maximum);
        }

        highValue.Error(DiagnosticCatalog.BoundsReversed, $"{high} {maximum} lies below {low} {minimum}.", "values are clamped into the interval from the lower to the upper bound.", "swap them");
        return null;
    }

    private static void ReportKinds(SectionReader section, IReadOnlyList<string> present)
    {
        if (present.Count > 1)
        {
            section.Get(present[1])!.Error(DiagnosticCatalog.Exclusive, $"an aggregate has `{present[0]}` and `{present[1]}`; it is one of them.", null, "make two items of the list");
        }
        else if (section.Present(s_laterKinds).Count == 0 && !section.HasUnknown)
        {
            section.Error(DiagnosticCatalog.MissingKey, "the aggregate does not say what it computes.", null, "add one of `count: \"*\"`, `privacy_id_count: \"*\"`, `sum: column`, `mean: column`");
        }
    }
}
