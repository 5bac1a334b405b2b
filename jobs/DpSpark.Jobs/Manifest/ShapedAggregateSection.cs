using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads the aggregates of several columns or with several results: <c>histogram</c>, <c>vector_sum</c>, <c>covariance</c>.</summary>
internal static class ShapedAggregateSection
{
    /// <summary>Whether a kind is read here.</summary>
    public static bool Reads(string kind) => kind is "histogram" or "vector_sum" or "covariance";

    /// <summary>Whether a kind takes one of the keys that only some kinds take.</summary>
    public static bool Takes(string kind, string key) => kind switch
    {
        "histogram" => key is "edges" or "width",
        "vector_sum" => key is "norm" or "max_norm",
        "covariance" => key is "min_values" or "max_values",
        "count_distinct" => key is "max_values",
        _ => false,
    };

    /// <summary>Reads one; null after a fault.</summary>
    public static AggregateRequest? Read(SectionReader section, string kind, ColumnContract contract, string? output, BudgetShare? budget)
    {
        foreach (var key in section.Present("auto", "min_sum_per_partition", "max_sum_per_partition", "min_value", "max_value").Where(k => kind != "histogram" || k is not ("min_value" or "max_value")))
        {
            section.Get(key)!.Error(DiagnosticCatalog.Exclusive, $"`{key}` does not go with `{kind}`.", null, $"remove `{key}`");
            output = null;
        }

        var request = kind switch
        {
            "histogram" => Histogram(section, contract),
            "vector_sum" => VectorSum(section, contract),
            _ => Covariance(section, contract),
        };
        if (request is null || output is null || budget is null)
        {
            return null;
        }

        return request with { Output = output.Length > 0 ? output : kind == "histogram" ? request.Column! : kind, Budget = budget };
    }

    private static AggregateRequest Of(AggregateKind kind) => new() { Kind = kind, Output = string.Empty, Budget = new(ExactDecimal.One) };

    private static AggregateRequest? Histogram(SectionReader section, ColumnContract contract)
    {
        var value = section.Get("histogram")!;
        if (value.Text("a column", "spend_eur") is not { } column || AggregateSection.ColumnOf(contract, column, value, "histogram") is null || PartitionSection.ReadEdges(section, "histogram") is not { } edges)
        {
            return null;
        }

        return Of(AggregateKind.Histogram) with { Column = column, Edges = edges };
    }

    private static AggregateRequest? VectorSum(SectionReader section, ColumnContract contract)
    {
        var columns = Columns(section.Get("vector_sum")!, contract, "vector_sum");
        var norm = section.Require("norm", "without a norm one row could change the result without limit.", "add e.g. `norm: l2`") is { } word
            ? word.Word(["l1", "l2", "linf"]) switch { "l1" => VectorNorm.L1, "l2" => VectorNorm.L2, "linf" => VectorNorm.LInf, _ => (VectorNorm?)null }
            : null;
        var most = section.Require("max_norm", "each row's vector is scaled to at most this norm.", "add e.g. `max_norm: 100`") is { } number ? Positive(number) : null;
        return columns is null || norm is null || most is null ? null : Of(AggregateKind.VectorSum) with { Columns = columns, Norm = norm, MaxNorm = most };
    }

    private static AggregateRequest? Covariance(SectionReader section, ColumnContract contract)
    {
        var value = section.Get("covariance")!;
        var columns = Columns(value, contract, "covariance");
        if (columns is not null && columns.Count != 2)
        {
            value.Error(DiagnosticCatalog.WrongType, $"`covariance` names {columns.Count} columns; it is of two.", null, "write e.g. `covariance: [spend_eur, minutes]`", "for one column use `variance`");
            columns = null;
        }

        var low = Pair(section, "min_values", "0");
        var high = Pair(section, "max_values", "60");
        if (columns is null || low is null || high is null)
        {
            return null;
        }

        for (var i = 0; i < 2; i++)
        {
            if (low[i] > high[i])
            {
                section.Get("max_values")!.Error(DiagnosticCatalog.BoundsReversed, $"max_values {high[i]} lies below min_values {low[i]}.", "values are clamped into the interval from the lower to the upper bound.", "swap them");
                return null;
            }
        }

        return Of(AggregateKind.Covariance) with { Columns = columns, MinValues = low, MaxValueList = high };
    }

    private static List<string>? Columns(ManifestValue value, ColumnContract contract, string kind)
    {
        if (value.Items("a list of columns") is not { } items)
        {
            return null;
        }

        var columns = new List<string>();
        var sound = items.Count > 0;
        foreach (var item in items)
        {
            var column = item.Text("a column", "spend_eur");
            sound &= column is not null && AggregateSection.ColumnOf(contract, column, item, kind) is not null;
            if (column is not null && columns.Contains(column))
            {
                item.Error(DiagnosticCatalog.DuplicateName, $"`{Printable.Text(column)}` is named twice.", null, "name each column once");
                sound = false;
            }

            columns.Add(column ?? string.Empty);
        }

        if (items.Count == 0)
        {
            value.Error(DiagnosticCatalog.MissingKey, $"`{kind}` names no column.", null, "name the columns");
        }

        return sound ? columns : null;
    }

    private static List<ExactDecimal>? Pair(SectionReader section, string key, string example)
    {
        if (section.Get(key) is not { } value)
        {
            section.Error(DiagnosticCatalog.MissingBounds, $"`covariance` needs {key}.", "without bounds one privacy unit could change the result without limit.", $"add bounds from domain knowledge, one per column, e.g. {key}: [{example}, {example}]");
            return null;
        }

        if (value.Items("a list of two numbers") is not { } items)
        {
            return null;
        }

        var numbers = new List<ExactDecimal>();
        foreach (var item in items)
        {
            if (item.Number(example) is not { } number || !Bounds.InRange(number, item))
            {
                return null;
            }

            numbers.Add(number);
        }

        if (numbers.Count == 2)
        {
            return numbers;
        }

        value.Error(DiagnosticCatalog.WrongType, $"`{key}` has {numbers.Count} numbers; it has one for each of two columns.", null, $"write e.g. `{key}: [{example}, {example}]`");
        return null;
    }

    private static ExactDecimal? Positive(ManifestValue value)
    {
        if (value.Number("100") is not { } number || !Bounds.InRange(number, value))
        {
            return null;
        }

        if (number.Sign > 0)
        {
            return number;
        }

        value.Error(DiagnosticCatalog.OutOfDomain, $"`{value.Path}` is {Printable.Text(number.ToString())}; a norm's bound is above 0.", null, "write e.g. `max_norm: 100`");
        return null;
    }
}
