using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>Something that is paid for once: an aggregate, several aggregates that are one and the same number, the selection, or a count and the selection that compares it.</summary>
internal sealed class PlanItem
{
    /// <summary>Indices of the aggregates that this item's draws release; empty for a selection of its own. The first one names the draws.</summary>
    internal List<int> Aggregates { get; } = [];

    /// <summary>Whether the item pays for the partition selection.</summary>
    internal bool Selects { get; set; }

    /// <summary>The family of its noise; not used by a truncated geometric selection.</summary>
    internal NoiseKind Kind { get; set; }

    /// <summary>Whether the truncated geometric rule is its mechanism.</summary>
    internal bool IsTable { get; set; }

    /// <summary>The budget shares that it was given, one per aggregate and one for the selection, with their manifest keys.</summary>
    internal List<(BudgetShare Share, string Path)> Shares { get; } = [];

    /// <summary>Exact epsilon, sum of its shares.</summary>
    internal Rational Epsilon { get; set; }

    /// <summary>Exact delta, sum of its shares; 0 for Laplace noise.</summary>
    internal Rational Delta { get; set; }

    /// <summary>The part of <see cref="Delta"/> that pays for the selection's threshold or table; the rest pays for Gaussian noise.</summary>
    internal Rational SelectionDelta { get; set; }

    /// <summary>Sum of its weights.</summary>
    internal Rational Weight { get; set; }

    /// <summary>Whether its share comes from the common pool alone, so that its Gaussian noise may be composed with the others'.</summary>
    internal bool IsPooled => Shares.TrueForAll(s => s.Share.Epsilon is null && s.Share.Delta is null);

    internal bool IsGaussian => !IsTable && Kind == NoiseKind.DiscreteGaussian;

    /// <summary>Whether a part of delta is spent on it.</summary>
    internal bool NeedsDelta => Selects || IsGaussian;
}
