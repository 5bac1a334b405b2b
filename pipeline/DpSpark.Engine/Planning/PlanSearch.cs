using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Tries noise families and selection rules for a request and ranks what it found by predicted errors. Looks at parameters only, so the choice costs nothing.</summary>
internal sealed class PlanSearch
{
    /// <summary>Relative precision of epsilon while attempts are compared.</summary>
    private const double RankingPrecision = 1e-3;

    /// <summary>Mixtures of families that are calibrated; the others are ranked by a closed form.</summary>
    private const int Mixtures = 2;

    private readonly ReleaseRequest _request;
    private readonly ContributionNorms _norms;
    private readonly LossAccountant _accountant = new(RankingPrecision);

    internal PlanSearch(ReleaseRequest request, ContributionNorms norms)
    {
        _request = request;
        _norms = norms;
    }

    /// <summary>The attempts, best first: those without faults, then the others; at least one.</summary>
    internal List<PlanAttempt> Ranked()
    {
        if (_request.Selection is not { } selection)
        {
            return Families(null);
        }

        if (selection.Strategy is { } asked)
        {
            return Families(asked);
        }

        // The rule that shows partitions first, then the smaller errors.
        var found = new List<PlanAttempt>();
        var others = new List<PlanAttempt>();
        foreach (var strategy in Strategies())
        {
            var families = Families(strategy);
            found.Add(families[0]);
            others.AddRange(families.Skip(1));
        }

        return
        [
            .. found.OrderBy(a => a.Faults.Count > 0).ThenBy(a => a.Faults.Count > 0 ? 0 : a.Selection!.UnitsForHalf).ThenBy(a => a.Faults.Count > 0 ? 0 : Math.Round(a.Score, 6)),
            .. others.Where(a => a.Faults.Count == 0),
        ];
    }

    /// <summary>
    /// The rules that are tried. Weights are compared as of units in all of the partitions that they may be in, where they show what a threshold on counts without a share of its own
    /// shows; units in fewer partitions weigh more, so a tie is theirs. With one partition per unit they are counts.
    /// </summary>
    private IEnumerable<SelectionStrategy> Strategies() => _norms.Partitions.IsOne
        ? [SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.GaussianThreshold]
        : [SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.WeightedGaussian, SelectionStrategy.GaussianThreshold];

    /// <summary>Laplace for all, Gaussian for all, and mixtures: Gaussian for the k choices that gain most from it. The smallest sum of logarithms of the predicted errors is first.</summary>
    private List<PlanAttempt> Families(SelectionStrategy? strategy)
    {
        if (_request.Noise != NoiseChoice.Auto)
        {
            return [Try(strategy, _ => _request.Noise == NoiseChoice.Gaussian ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace, _accountant)];
        }

        var laplace = Try(strategy, _ => NoiseKind.DiscreteLaplace, _accountant);
        var groups = laplace.Structure.Choices;
        if (_request.Delta.Sign == 0 || laplace.Faults.Count > 0 || groups.Count == 0)
        {
            return [laplace];
        }

        var gaussian = Try(strategy, _ => NoiseKind.DiscreteGaussian, _accountant);
        var found = new List<PlanAttempt> { laplace, gaussian };
        if (gaussian.Faults.Count == 0)
        {
            var byGain = Enumerable.Range(0, groups.Count).OrderBy(g => gaussian.ScoreOf(groups[g]) - laplace.ScoreOf(groups[g])).ThenBy(g => g).ToList();
            var mixtures = new List<(double Score, NoiseKind[] Kinds)>();
            for (var k = 1; k < groups.Count; k++)
            {
                var kinds = new NoiseKind[groups.Count];
                foreach (var g in byGain.Take(k))
                {
                    kinds[g] = NoiseKind.DiscreteGaussian;
                }

                var rough = Try(strategy, g => kinds[g], null);
                if (rough.Faults.Count == 0)
                {
                    mixtures.Add((rough.Score, kinds));
                }
            }

            found.AddRange(mixtures.OrderBy(m => m.Score).Take(Mixtures).Select(m => Try(strategy, g => m.Kinds[g], _accountant)));
        }

        return [.. found.OrderBy(a => a.Faults.Count > 0).ThenBy(a => a.Faults.Count > 0 ? 0 : a.Score)];
    }

    /// <summary>The attempt whose way to share moments between aggregates has the smallest predicted error; the plainest one on a tie.</summary>
    private PlanAttempt Try(SelectionStrategy? strategy, Func<int, NoiseKind> kinds, LossAccountant? accountant)
    {
        PlanAttempt? best = null;
        foreach (var shape in MomentShape.All)
        {
            var structure = PlanStructure.Make(_request, _norms, kinds, strategy, shape);
            if (!structure.Uses(shape))
            {
                continue;
            }

            var attempt = PlanAttempt.Make(structure, strategy, null);
            if (best is null || (attempt.Faults.Count == 0 && (best.Faults.Count > 0 || attempt.Score < best.Score - 1e-9)))
            {
                best = attempt;
            }
        }

        if (accountant is not null && best!.Faults.Count == 0)
        {
            best.Calibrate(accountant, ranks: true);
        }

        return best!;
    }
}
