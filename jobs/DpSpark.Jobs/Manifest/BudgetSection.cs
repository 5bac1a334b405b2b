using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>budget</c>, <c>privacy</c> and <c>partition_selection</c>.</summary>
internal static class BudgetSection
{
    /// <summary>A share of the budget: one weight where nothing is said; null after a fault.</summary>
    public static BudgetShare? Read(ManifestValue? value)
    {
        if (value is null)
        {
            return new BudgetShare(ExactDecimal.One) { IsDefault = true };
        }

        if (value.Section(ManifestKeys.Budget) is not { } section)
        {
            return null;
        }

        if (section.Get("weight") is { } weightValue)
        {
            foreach (var other in section.Present("epsilon", "delta"))
            {
                section.Get(other)!.Error(DiagnosticCatalog.Exclusive, $"`{other}` does not go with `weight`.", "a share is relative or absolute.", $"remove `{other}`", "remove `weight`");
            }

            if (weightValue.Number("2") is not { } weight)
            {
                return null;
            }

            if (weight.Sign <= 0 || !Bounds.InRange(weight, weightValue))
            {
                weightValue.Error(DiagnosticCatalog.OutOfDomain, $"`{weightValue.Path}` is {Printable.Text(weight.ToString())}; a weight lies above 0.", "an item without budget could only release noise without end.", "write e.g. `weight: 2`", "remove the item");
                return null;
            }

            return section.Has("epsilon") || section.Has("delta") ? null : new BudgetShare(weight);
        }

        return Absolute(section);
    }

    /// <summary>The share that a section's <c>epsilon</c> and <c>delta</c> give; null after a fault.</summary>
    private static BudgetShare? Absolute(SectionReader section)
    {
        if (section.Get("epsilon") is not { } epsilonValue)
        {
            if (section.Get("delta") is { } alone)
            {
                alone.Error(DiagnosticCatalog.Exclusive, "`delta` needs `epsilon` beside it.", "a share is a weight, or an epsilon with perhaps a delta.", "add `epsilon`");
            }
            else if (!section.HasLater && !section.HasUnknown)
            {
                section.Error(DiagnosticCatalog.MissingKey, $"`{section.Path}` has no `weight` and no `epsilon`.", null, "write `{ weight: 2 }`", "`{ epsilon: \"0.2\" }`", "remove it: the weight is then 1");
            }

            return null;
        }

        var deltaValue = section.Get("delta");
        var epsilon = Bounds.Epsilon(epsilonValue);
        var delta = deltaValue is null ? null : Bounds.Delta(deltaValue);
        return epsilon is null || (deltaValue is not null && delta is null) ? null : new BudgetShare(ExactDecimal.One, epsilon, delta);
    }

    /// <summary>Total budget and noise; null after a fault.</summary>
    public static (ExactDecimal Epsilon, ExactDecimal Delta, NoiseChoice Noise)? ReadPrivacy(SectionReader section)
    {
        const string Why = "nothing privacy-relevant has a default.";
        var epsilonValue = section.HasLater ? section.Get("epsilon") : section.Require("epsilon", Why, "add e.g. `epsilon: \"1.0\"`");
        var deltaValue = section.HasLater ? section.Get("delta") : section.Require("delta", Why, "add `delta: \"0\"` (Laplace noise and a keyset)", "`delta: \"1e-8\"`, well below one over the number of units");
        var epsilon = epsilonValue is null ? null : Bounds.Epsilon(epsilonValue);
        var delta = deltaValue is null ? null : Bounds.Delta(deltaValue);
        var noise = NoiseChoice.Auto;
        if (section.Get("noise") is { } noiseValue)
        {
            if (noiseValue.Word(["laplace", "gaussian", "auto"]) is not { } word)
            {
                return null;
            }

            noise = word switch { "laplace" => NoiseChoice.Laplace, "gaussian" => NoiseChoice.Gaussian, _ => NoiseChoice.Auto };
            if (noise == NoiseChoice.Gaussian && delta is { Sign: 0 })
            {
                noiseValue.Error(DiagnosticCatalog.DeltaZero, "Gaussian noise needs a delta above 0.", "no finite Gaussian noise gives pure epsilon.", "write `noise: laplace`", "give `delta`, e.g. `\"1e-8\"`");
            }
        }

        return epsilon is null || delta is null ? null : (epsilon.Value, delta.Value, noise);
    }

    /// <summary>Private partition selection; null after a fault.</summary>
    public static SelectionRequest? ReadSelection(SectionReader section)
    {
        SelectionStrategy? strategy = null;
        var sound = true;
        if (section.Get("strategy") is { } strategyValue)
        {
            var word = strategyValue.Word(["truncated_geometric", "laplace_threshold", "gaussian_threshold", "auto"]);
            sound = word is not null;
            strategy = word switch
            {
                "truncated_geometric" => SelectionStrategy.TruncatedGeometric,
                "laplace_threshold" => SelectionStrategy.LaplaceThreshold,
                "gaussian_threshold" => SelectionStrategy.GaussianThreshold,
                _ => null,
            };
        }

        var preThreshold = 1;
        if (section.Get("pre_threshold") is { } threshold)
        {
            var count = threshold.Count("partitions with fewer privacy units are never shown.");
            sound &= count is not null;
            preThreshold = count ?? 1;
        }

        foreach (var other in section.Has("budget") ? section.Present("epsilon", "delta") : [])
        {
            section.Get(other)!.Error(DiagnosticCatalog.Exclusive, $"`{other}` does not go with `budget`.", "the share is said once.", $"move `{other}` into `budget`");
            sound = false;
        }

        var budget = section.Has("budget") || section.Present("epsilon", "delta").Count == 0 ? Read(section.Get("budget")) : Absolute(section);
        if (budget?.Delta is { Sign: 0 })
        {
            (section.Get("delta") ?? section.Get("budget"))!.Error(DiagnosticCatalog.DeltaZero, "private partition selection needs a delta above 0.", "whether a partition with one unit is shown cannot be hidden without it.", "give it a `delta`, e.g. `\"1e-9\"`", "name the partitions with `keyset`");
            sound = false;
        }

        return sound && budget is not null ? new SelectionRequest { Strategy = strategy, PreThreshold = preThreshold, Budget = budget } : null;
    }

    /// <summary>Checks that the absolute shares leave something for the others.</summary>
    public static void CheckTotal(ManifestScope scope, SectionReader privacy, ExactDecimal epsilon, ExactDecimal delta, IReadOnlyList<AggregateRequest> aggregates, SelectionRequest? selection)
    {
        var shares = aggregates.Select(a => a.Budget).ToList();
        if (selection is not null)
        {
            shares.Add(selection.Budget);
        }

        var epsilonTaken = shares.Aggregate(ExactDecimal.Zero, (sum, share) => sum + (share.Epsilon ?? ExactDecimal.Zero));
        var deltaTaken = shares.Aggregate(ExactDecimal.Zero, (sum, share) => sum + (share.Delta ?? ExactDecimal.Zero));
        const string Fix = "raise the total, or lower the items' own shares";
        if (epsilonTaken > epsilon)
        {
            Report("epsilon", epsilonTaken, epsilon);
        }
        else if (epsilonTaken == epsilon && shares.Any(s => s.Epsilon is null))
        {
            privacy.Get("epsilon")!.Error(DiagnosticCatalog.BudgetExceeded, $"the items' own epsilon add up to the total of {epsilon}; nothing is left for the items with a weight.", "an item without budget cannot be released.", Fix, "give every item its own epsilon");
        }

        if (deltaTaken > delta)
        {
            Report("delta", deltaTaken, delta);
        }

        void Report(string key, ExactDecimal taken, ExactDecimal total) =>
            privacy.Get(key)!.Error(DiagnosticCatalog.BudgetExceeded, $"the items' own {key} add up to {taken}; the total is {total}.", "shares that items name for themselves are taken out of the total.", Fix);
    }
}
