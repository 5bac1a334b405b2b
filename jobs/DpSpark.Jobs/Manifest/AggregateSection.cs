using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>aggregates</c>.</summary>
internal static class AggregateSection
{
    private static readonly string[] s_kinds = ["count", "privacy_id_count", "sum", "mean", "variance", "stddev", "quantile", "min", "max", "count_distinct", "histogram", "vector_sum", "covariance"];

    /// <returns>The aggregates, none for a release of keys alone; null when any is faulty.</returns>
    public static IReadOnlyList<AggregateRequest>? Read(ManifestValue value, ColumnContract contract)
    {
        if (value.Items("a list of aggregates") is not { } items)
        {
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
        aggregate.Kind is AggregateKind.Count or AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev or AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max
            or AggregateKind.Histogram or AggregateKind.VectorSum or AggregateKind.Covariance
        || (aggregate.Kind == AggregateKind.Sum && aggregate.MinSumPerPartition is null && (aggregate.AutoBounds is null || aggregate.AutoBoundsPerValue));

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

        foreach (var stray in section.Present("edges", "width", "norm", "max_norm", "min_values", "max_values").Where(key => !ShapedAggregateSection.Takes(present[0], key)))
        {
            section.Get(stray)!.Error(DiagnosticCatalog.Exclusive, $"`{stray}` does not go with `{present[0]}`.", null, $"remove `{stray}`");
            output = null;
        }

        if (ShapedAggregateSection.Reads(present[0]))
        {
            return ShapedAggregateSection.Read(section, present[0], contract, output, budget);
        }

        var value = section.Get(present[0])!;
        foreach (var (key, owner) in new[] { ("ranks", "quantile") })
        {
            if (section.Has(key) && present[0] != owner)
            {
                section.Get(key)!.Error(DiagnosticCatalog.Exclusive, $"`{key}` does not go with `{present[0]}`.", $"it belongs to `{owner}`.", $"remove `{key}`");
                return null;
            }
        }

        var column = value.Text(present[0] is "count" or "privacy_id_count" ? "`\"*\"`" : "a column", present[0] is "count" or "privacy_id_count" ? "*" : "spend_eur");
        if (column is null)
        {
            return null;
        }

        if (present[0] is "count" or "privacy_id_count")
        {
            return ReadCount(section, present[0], column, output, budget);
        }

        if (present[0] == "count_distinct")
        {
            return ReadDistinct(section, column, output, budget, contract);
        }

        var type = ColumnOf(contract, column, value, present[0]);
        var ranks = present[0] == "quantile" ? ReadRanks(section, column) : null;
        var auto = section.Get("auto") is { } autoValue ? AutoSection.Read(autoValue, section, present[0]) : null;
        var bounds = section.Has("auto") ? null : ReadBounds(section, present[0], column);
        if ((bounds is null && auto is null) || (present[0] == "quantile" && ranks is null) || output is null || budget is null || type is null)
        {
            return null;
        }

        return new AggregateRequest
        {
            Kind = present[0] switch
            {
                "sum" => AggregateKind.Sum,
                "variance" => AggregateKind.Variance,
                "stddev" => AggregateKind.Stddev,
                "quantile" => AggregateKind.Quantile,
                "min" => AggregateKind.Min,
                "max" => AggregateKind.Max,
                _ => AggregateKind.Mean,
            },
            Output = output.Length == 0 ? column : output,
            Ranks = ranks,
            Column = column,
            MinValue = bounds is { PerValue: true } ? bounds.Value.Low : null,
            MaxValue = bounds is { PerValue: true } ? bounds.Value.High : null,
            MinSumPerPartition = bounds is { PerValue: false } ? bounds.Value.Low : null,
            MaxSumPerPartition = bounds is { PerValue: false } ? bounds.Value.High : null,
            AutoBounds = auto?.Budget,
            AutoBoundsPerValue = auto?.PerValue ?? false,
            Budget = budget,
        };
    }

    /// <summary>A column that an aggregate reads: of the contract, numeric, a number in every row. Null after a fault.</summary>
    internal static ColumnSpec? ColumnOf(ColumnContract contract, string column, ManifestValue value, string kind)
    {
        var type = contract.Find(column, value);
        if (type is not null && !Types.IsNumeric(type.Type))
        {
            value.Error(DiagnosticCatalog.TypeMisuse, $"`{Printable.Text(column)}` is a {Types.Word(type.Type)}; {kind} needs a number.", null, "name a column of type int, long, float, double or decimal", "change the column's type");
        }

        if (type is { Nulls: ValuePolicy.Keep })
        {
            value.Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column)}` has `nulls: keep`; {kind} needs a number in every row.", "a kept null is a key of a partition, not a number.", "write `nulls: drop`", "`nulls: { replace: 0 }`");
        }

        return type;
    }

    private static AggregateRequest? ReadCount(SectionReader section, string kind, string column, string? output, BudgetShare? budget)
    {
        if (column != "*")
        {
            section.Get(kind)!.Error(DiagnosticCatalog.UnknownWord, $"`{kind}` is `{Printable.Text(column)}`; it takes \"*\".", "it counts rows or units, not values.", $"write `{kind}: \"*\"`");
            return null;
        }

        foreach (var bound in section.Present("auto", "min_value", "max_value", "min_sum_per_partition", "max_sum_per_partition"))
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

    private static AggregateRequest? ReadDistinct(SectionReader section, string column, string? output, BudgetShare? budget, ColumnContract contract)
    {
        var value = section.Get("count_distinct")!;
        var type = contract.Find(column, value);
        if (type is { Nulls: ValuePolicy.Keep })
        {
            value.Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column)}` has `nulls: keep`; count_distinct needs a value in every row.", "a kept null is a key of a partition, not a value.", "write `nulls: drop`");
            return null;
        }

        foreach (var bound in section.Present("auto", "min_value", "max_value", "min_sum_per_partition", "max_sum_per_partition"))
        {
            section.Get(bound)!.Error(DiagnosticCatalog.Exclusive, $"`{bound}` does not go with `count_distinct`.", "distinct values are bounded by their number, not by their size.", $"remove `{bound}`");
            output = null;
        }

        var most = section.Require("max_values", "without it one privacy unit could show any number of values.", "add e.g. `max_values: 4`: how many values of one unit in one partition count")
            ?.Count("it is how many values of one unit in one partition count.");
        return most is null || output is null || budget is null || type is null ? null : new AggregateRequest
        {
            Kind = AggregateKind.CountDistinct,
            Output = output.Length == 0 ? column : output,
            Column = column,
            MaxValues = most,
            Budget = budget,
        };
    }

    private static List<ExactDecimal>? ReadRanks(SectionReader section, string column)
    {
        if (section.Require("ranks", $"`quantile: {Printable.Text(column)}` needs the ranks to read.", "add e.g. `ranks: [0.25, 0.5, 0.75]`") is not { } value || value.Items("a list of ranks", single: true) is not { } items)
        {
            return null;
        }

        var ranks = new List<ExactDecimal>();
        var sound = items.Count > 0;
        foreach (var item in items)
        {
            if (item.Number("0.5") is not { } rank)
            {
                sound = false;
            }
            else if (rank.Sign < 0 || rank > ExactDecimal.One || ranks.Contains(rank))
            {
                item.Error(DiagnosticCatalog.OutOfDomain, $"the rank {rank} is given twice, or outside of 0 to 1.", "0.5 is the median.", "use e.g. `[0.25, 0.5, 0.75]`");
                sound = false;
            }
            else
            {
                ranks.Add(rank);
            }
        }

        if (items.Count == 0)
        {
            value.Error(DiagnosticCatalog.OutOfDomain, "`ranks` is empty.", "a quantile has at least one rank.", "use e.g. `[0.5]`");
        }

        return sound ? ranks : null;
    }

    private static (bool PerValue, ExactDecimal Low, ExactDecimal High)? ReadBounds(SectionReader section, string kind, string column)
    {
        var values = section.Present("min_value", "max_value");
        var sums = section.Present("min_sum_per_partition", "max_sum_per_partition");
        if (sums.Count > 0 && kind != "sum")
        {
            section.Get(sums[0])!.Error(DiagnosticCatalog.Exclusive, $"`{sums[0]}` does not go with `{kind}`.", $"a {kind} needs single values, not sums.", "give `min_value` and `max_value`");
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
                    $"add bounds from domain knowledge, e.g. {high}: 60", "write `auto: { budget: 10% }`: a first pass finds them");
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
        else if (!section.HasLater && !section.HasUnknown)
        {
            section.Error(DiagnosticCatalog.MissingKey, "the aggregate does not say what it computes.", null, "add one of `count: \"*\"`, `privacy_id_count: \"*\"`, `sum: column`, `mean: column`, `quantile: column`, `min: column`, `max: column`, `count_distinct: column`, `variance: column`, `stddev: column`, `histogram: column`, `vector_sum: [columns]`, `covariance: [a, b]`");
        }
    }
}
