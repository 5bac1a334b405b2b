using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>budget</c>, <c>privacy</c> and <c>partition_selection</c>.</summary>
internal static class BudgetSection
{
    private static readonly ExactDecimal s_leastRho = ExactDecimal.Parse("1e-12");
    private static readonly ExactDecimal s_mostRho = ExactDecimal.Parse("10000");

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

    /// <summary>Total budget, noise, accountant and neighbouring relation; null after a fault.</summary>
    public static PrivacyRequest? ReadPrivacy(SectionReader section)
    {
        const string Why = "nothing privacy-relevant has a default.";
        var rhoValue = section.Get("rho");
        var epsilonValue = section.HasLater || rhoValue is not null ? section.Get("epsilon") : section.Require("epsilon", Why, "add e.g. `epsilon: \"1.0\"`");
        var deltaValue = section.HasLater ? section.Get("delta") : section.Require("delta", Why, "add `delta: \"0\"` (Laplace noise and a keyset)", "`delta: \"1e-8\"`, well below one over the number of units");
        var epsilon = epsilonValue is null ? null : Bounds.Epsilon(epsilonValue);
        var delta = deltaValue is null ? null : Bounds.Delta(deltaValue);
        var rho = rhoValue is null ? null : ReadRho(section, rhoValue, delta);
        if (rho is { } total && delta is { Sign: > 0 } at)
        {
            epsilon = EpsilonOf(total, at);
        }

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

        var accountant = rhoValue is null ? AccountantChoice.Pld : AccountantChoice.Zcdp;
        if (section.Get("accountant") is { } accountantValue)
        {
            var word = accountantValue.Word(["pld", "zcdp", "basic"]);
            accountant = word switch { "basic" => AccountantChoice.Basic, "zcdp" => AccountantChoice.Zcdp, _ => AccountantChoice.Pld };
            if (word is not null && rhoValue is not null && accountant != AccountantChoice.Zcdp)
            {
                accountantValue.Error(DiagnosticCatalog.Exclusive, $"`accountant: {word}` does not go with `rho`.", "rho is what the zcdp accountant adds up.", "remove `accountant`", "write `epsilon` instead of `rho`");
            }
            else if (accountant == AccountantChoice.Zcdp && delta is { Sign: 0 })
            {
                accountantValue.Error(DiagnosticCatalog.DeltaZero, "the zcdp accountant needs a delta above 0.", "rho says nothing at delta 0.", "give `delta`, e.g. `\"1e-8\"`", "remove `accountant`");
            }
        }

        var adjacency = section.Get("adjacency")?.Word(["add_remove", "replace_one"]) == "replace_one" ? NeighbouringRelation.ReplaceOne : NeighbouringRelation.AddOrRemoveOne;
        return epsilon is null || delta is null ? null : new PrivacyRequest(epsilon.Value, delta.Value, rho, noise, accountant, adjacency);
    }

    private static ExactDecimal? ReadRho(SectionReader section, ManifestValue value, ExactDecimal? delta)
    {
        if (section.Get("epsilon") is { } epsilon)
        {
            epsilon.Error(DiagnosticCatalog.Exclusive, "`epsilon` does not go with `rho`.", "the total is said once; what rho is as epsilon at `delta`, plan and record say.", "remove `epsilon`", "remove `rho`");
            return null;
        }

        if (value.Number("0.1") is not { } rho)
        {
            return null;
        }

        if (rho < s_leastRho || rho > s_mostRho)
        {
            value.Error(DiagnosticCatalog.OutOfDomain, $"`{value.Path}` is {Printable.Text(rho.ToString())}; rho lies between 1e-12 and 10000.", "rho bounds what a release tells about one unit.", "write e.g. `rho: \"0.1\"`");
            return null;
        }

        if (delta is { Sign: 0 })
        {
            value.Error(DiagnosticCatalog.DeltaZero, "`rho` needs a delta above 0.", "rho is reported, and charged to the ledger, as an epsilon at that delta.", "give `delta`, e.g. `\"1e-8\"`");
            return null;
        }

        return rho;
    }

    /// <summary>What rho is as epsilon at a delta: rounded up to six digits.</summary>
    private static ExactDecimal EpsilonOf(ExactDecimal rho, ExactDecimal delta)
    {
        var epsilon = Zcdp.Epsilon(rho.ToDouble() * (1 + 1e-12), delta.ToDouble() * (1 - 1e-12)) * (1 + 1e-12);
        var digits = 6 - (int)Math.Ceiling(Math.Log10(Math.Max(epsilon, 1e-15)));
        return digits >= 0
            ? ExactDecimal.Create(new BigInteger(Math.Max(1, Math.Ceiling(epsilon * Math.Pow(10, digits)))), digits)
            : ExactDecimal.Create(new BigInteger(Math.Ceiling(epsilon)), 0);
    }

    /// <summary>Private partition selection; null after a fault.</summary>
    public static SelectionRequest? ReadSelection(SectionReader section)
    {
        SelectionStrategy? strategy = null;
        var sound = true;
        if (section.Get("strategy") is { } strategyValue)
        {
            var word = strategyValue.Word(["truncated_geometric", "laplace_threshold", "gaussian_threshold", "weighted_gaussian", "sips", "auto"]);
            sound = word is not null;
            strategy = word switch
            {
                "truncated_geometric" => SelectionStrategy.TruncatedGeometric,
                "laplace_threshold" => SelectionStrategy.LaplaceThreshold,
                "gaussian_threshold" => SelectionStrategy.GaussianThreshold,
                "weighted_gaussian" => SelectionStrategy.WeightedGaussian,
                "sips" => SelectionStrategy.Sips,
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

        var rounds = 3;
        if (section.Get("rounds") is { } roundsValue)
        {
            if (strategy != SelectionStrategy.Sips)
            {
                roundsValue.Error(DiagnosticCatalog.Exclusive, "`rounds` goes with `strategy: sips` alone.", "every other rule selects in one step.", "write `strategy: sips`", "remove `rounds`");
                sound = false;
            }
            else if (roundsValue.Count("each round is one pass over the data.") is not { } count)
            {
                sound = false;
            }
            else if (count is < 2 or > SelectionRounds.MostRounds)
            {
                roundsValue.Error(DiagnosticCatalog.OutOfDomain, $"`rounds` is {count}; use 2 to {SelectionRounds.MostRounds}.", "each round is one pass over the data.", "write `rounds: 3`", "for one round write `strategy: weighted_gaussian`");
                sound = false;
            }
            else
            {
                rounds = count;
            }
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

        return sound && budget is not null ? new SelectionRequest { Strategy = strategy, PreThreshold = preThreshold, Rounds = rounds, Budget = budget } : null;
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
            (privacy.Get("epsilon") ?? privacy.Get("rho"))!.Error(DiagnosticCatalog.BudgetExceeded, $"the items' own epsilon add up to the total of {epsilon}; nothing is left for the items with a weight.", "an item without budget cannot be released.", Fix, "give every item its own epsilon");
        }

        if (deltaTaken > delta)
        {
            Report("delta", deltaTaken, delta);
        }

        void Report(string key, ExactDecimal taken, ExactDecimal total) =>
            (privacy.Get(key) ?? privacy.Get("rho"))!.Error(DiagnosticCatalog.BudgetExceeded, $"the items' own {key} add up to {taken}; the total is {total}.", "shares that items name for themselves are taken out of the total.", Fix);
    }
}
