using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads what is paid before the rest: <c>auto</c>, bounds that a first pass finds, and <c>top_k</c>, the choice of keys.</summary>
internal static class AutoSection
{
    private static readonly ExactDecimal s_hundredth = ExactDecimal.Create(1, 2);

    /// <summary>The share of a unit's bound that is <c>{ auto: … }</c>; null where it is a number, and after a fault.</summary>
    public static (BudgetShare? Budget, bool IsAuto)? OfUnit(ManifestValue? value)
    {
        if (value is not { IsMap: true } || value.Section(ManifestKeys.AutoUnit) is not { } section)
        {
            return null;
        }

        var auto = section.Require("auto", "a bound is a number, or found by a first pass.", "write `{ auto: { budget: 10% } }`", "write a number")?.Section(ManifestKeys.Auto);
        if (auto?.Get("clamp") is { } clamp)
        {
            clamp.Error(DiagnosticCatalog.Exclusive, $"`{clamp.Path}` does not go with a bound of the privacy unit.", "it says what the bounds of a sum clamp.", "remove `clamp`");
        }

        return (auto is null ? null : Share(auto), true);
    }

    /// <summary>The share and kind of an aggregate's bounds; null after a fault.</summary>
    public static (BudgetShare Budget, bool PerValue)? Read(ManifestValue value, SectionReader aggregate, string kind)
    {
        var bounds = aggregate.Present("min_value", "max_value", "min_sum_per_partition", "max_sum_per_partition");
        foreach (var bound in bounds)
        {
            aggregate.Get(bound)!.Error(DiagnosticCatalog.Exclusive, $"`{bound}` does not go with `auto`.", "bounds are given or found, not both.", $"remove `{bound}`", "remove `auto`");
        }

        if (value.Section(ManifestKeys.Auto) is not { } section)
        {
            return null;
        }

        var sound = bounds.Count == 0;
        var perValue = kind != "sum";
        if (section.Get("clamp") is { } clamp)
        {
            var word = clamp.Word(kind == "sum" ? ["partition_sum", "value"] : ["value"]);
            sound &= word is not null;
            perValue |= word == "value";
        }

        return Share(section) is { } share && sound ? (share, perValue && kind == "sum") : null;
    }

    /// <summary>Reads <c>top_k</c>; null after a fault.</summary>
    public static TopKRequest? ReadTopK(SectionReader section, IReadOnlyList<AggregateRequest>? aggregates, bool hasKeyset)
    {
        if (!hasKeyset)
        {
            section.Error(DiagnosticCatalog.Exclusive, "`top_k` needs a `keyset` beside it.", "it chooses among public keys.", "name the keys with `keyset`", "remove `top_k`");
        }

        var k = section.Require("k", "it says how many keys are released.", "write e.g. `k: 10`")?.Count("so many keys are released.");
        var by = section.Require("by", "keys are compared by an aggregate.", "name a count or a sum by its `as`");
        var name = by?.Text("the name of an aggregate", "visits");
        if (name is not null && aggregates is not null && !aggregates.Any(a => a.Output == name && a.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount or AggregateKind.Sum))
        {
            var meant = Suggestions.For(name, [.. aggregates.Select(a => a.Output)]);
            by!.Error(DiagnosticCatalog.UnknownWord, $"`{Printable.Text(name)}` is not a count, privacy_id_count or sum of this job.{(meant is null ? "" : $" Did you mean `{Printable.Text(meant)}`?")}", "keys are compared by its exact value.", "name one by its `as`");
            name = null;
        }

        return Share(section, ManifestKeys.TopKBudget) is { } budget && k is { } count && name is not null ? new TopKRequest(count, name, budget) : null;
    }

    private static BudgetShare? Share(SectionReader section) => Share(section, ManifestKeys.AutoBudget);

    private static BudgetShare? Share(SectionReader section, ManifestSection form)
    {
        const string Fix = "write `budget: 10%`";
        if (section.Require("budget", "nothing privacy-relevant has a default; 5 % to 15 % of the total serve well.", Fix) is not { } value)
        {
            return null;
        }

        if (value.IsMap)
        {
            var own = value.Section(form);
            var delta = own?.Get("delta") is { } deltaValue && form.Keys.Contains("delta") ? Bounds.Delta(deltaValue) : null;
            return own?.Require("epsilon", "the share is a part of the total, or an epsilon.", Fix) is { } epsilonValue && Bounds.Epsilon(epsilonValue) is { } epsilon
                ? new BudgetShare(ExactDecimal.One, epsilon, delta)
                : null;
        }

        if (value.Text("a part of the total epsilon", "10%") is not { } text)
        {
            return null;
        }

        if (text.TrimEnd().EndsWith('%') && ExactDecimal.TryParse(text.TrimEnd()[..^1].Trim(), out var percent) && percent.Sign > 0 && percent * s_hundredth < ExactDecimal.One)
        {
            return new BudgetShare(percent * s_hundredth);
        }

        value.Error(DiagnosticCatalog.OutOfDomain, $"`{value.Path}` is {Printable.Text(text)}; it is a part of the total epsilon between 0% and 100%.", "it is paid before the rest.", Fix, "`budget: { epsilon: \"0.1\" }`");
        return null;
    }
}
