using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;

namespace DpSpark.Engine.Planning.Costs;

/// <summary>The mechanisms of a plan and what they cost together, for a unit that shares all or some of its partitions with others.</summary>
/// <remarks>
/// Gaussian noise composes exactly to one mu. Plans with other noise are composed by the distribution of the privacy loss, Laplace noise as one mechanism per partition, which is never
/// worse than one for all (dp-math.md 5.7); where that is out of range (see <see cref="CanUseLoss"/>), pure epsilons are added. Every result is an upper bound.
/// </remarks>
internal sealed class PlanComposition
{
    /// <summary>Uses of one mechanism beyond which pure epsilons are added instead: its loss distribution would not fit the grid.</summary>
    private const int MostUses = 20_000;

    /// <summary>Uses of Laplace mechanisms below which their loss distributions prove nothing that the sum does not (dp-math.md 5.9).</summary>
    private const int FewestUses = 10;

    private readonly ContributionNorms _norms;
    private readonly IReadOnlyList<GroupCost> _costs;

    internal PlanComposition(ContributionNorms norms, IReadOnlyList<GroupCost> costs)
    {
        _norms = norms;
        _costs = costs;
    }

    /// <summary>Whether all noise is Gaussian, so that composition is exact and in closed form.</summary>
    internal bool IsGaussian => _costs.All(c => c is GaussianCost or WeightedCost);

    /// <summary>Whether the loss accountant can say more than the sum of pure epsilons.</summary>
    internal bool NeedsLoss => !IsGaussian && (_costs.Any(c => c is GaussianCost or WeightedCost or TableCost) || LaplaceUses() + EarlierUses() >= FewestUses);

    /// <summary>An upper bound of the delta at an epsilon when the unit shares <paramref name="shared"/> of its partitions with others.</summary>
    /// <param name="accountant">The loss accountant.</param>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="shared">j, 0 to L0; null for all.</param>
    /// <param name="weighted">The part of the unit's squared weights that lies in shared partitions.</param>
    internal double Delta(LossAccountant accountant, double epsilon, BigInteger? shared = null, double weighted = 1)
    {
        var (pure, failure, muSquared) = Sums(shared, weighted);
        var mu = Math.Sqrt(muSquared);
        var rest = epsilon - pure;
        var basic = muSquared == 0 ? (rest >= 0 ? failure : 1)
            : rest > 0 ? Math.Min(1, failure + GaussianPool.Delta(rest, mu)) : 1;
        if (IsGaussian || (muSquared == 0 && rest >= 0) || !NeedsLoss || !CanUseLoss(epsilon, shared))
        {
            return basic;
        }

        var target = muSquared > 0 ? epsilon / (1 + GaussianPool.DiscretenessMargin) : epsilon;
        return Math.Min(basic, accountant.Delta(Uses(shared, mu), target));
    }

    /// <summary>An upper bound of the epsilon at a delta, all partitions shared.</summary>
    internal double Epsilon(LossAccountant accountant, double delta, double near)
    {
        var (pure, failure, muSquared) = Sums(null, 1);
        var mu = Math.Sqrt(muSquared);
        var basic = failure > delta ? double.PositiveInfinity
            : muSquared == 0 ? pure
            : failure == delta ? double.PositiveInfinity
            : pure + (GaussianPrivacy.Epsilon(mu, (delta - failure) / (1 + 1e-9)) * (1 + GaussianPool.DiscretenessMargin));
        if (IsGaussian || delta == 0 || !NeedsLoss || !CanUseLoss(near, null))
        {
            return basic;
        }

        var found = accountant.Epsilon(Uses(null, mu), delta);
        return Math.Min(basic, muSquared > 0 ? found * (1 + GaussianPool.DiscretenessMargin) : found);
    }

    /// <summary>rho of everything; infinite where a mechanism has none.</summary>
    internal double Rho() => _costs.Sum(c => c switch
    {
        LaplaceCost m => Zcdp.OfPure(m.Epsilon),
        GaussianCost m => m.MuSquared / 2,
        WeightedCost m => m.MuSquared / 2,
        ProfileCost m => m.Changes * Zcdp.OfPure(m.Epsilon),
        ChoiceCost { IsBoundedRange: true } m => m.Rounds * Zcdp.OfExponentialMechanism(m.Epsilon),
        ChoiceCost m => m.Rounds * Zcdp.OfPure(m.Epsilon),
        TableCost m => Math.Min((double)_norms.Partitions * Zcdp.OfPure(m.Epsilon), Zcdp.OfPure(m.AllEpsilon)),
        _ => throw Unknown(c),
    });

    /// <summary>Sum of pure epsilons, chance of failure, and mu².</summary>
    internal (double Pure, double Failure, double MuSquared) Sums(BigInteger? shared, double weighted)
    {
        double pure = 0;
        double failure = 0;
        double muSquared = 0;
        var part = shared is { } j ? _norms.Restricted(j) : _norms;
        foreach (var cost in _costs)
        {
            switch (cost)
            {
                case LaplaceCost m:
                    pure += m.Epsilon * Fraction(m.ByUnits ? part.Partitions : part.RowsL1, m.ByUnits ? _norms.Partitions : _norms.RowsL1);
                    break;
                case GaussianCost m:
                    muSquared += m.MuSquared * Fraction(m.ByUnits ? part.Partitions : part.RowsL2Squared, m.ByUnits ? _norms.Partitions : _norms.RowsL2Squared);
                    break;
                case WeightedCost m:
                    muSquared += m.MuSquared * weighted;
                    break;
                case TableCost m:
                    pure += m.AllEpsilon;
                    failure += m.AllDelta;
                    break;
                case ProfileCost m:
                    pure += m.Epsilon * m.Changes;
                    break;
                case ChoiceCost m:
                    pure += m.AllEpsilon;
                    failure += m.AllDelta;
                    break;
                default:
                    throw Unknown(cost);
            }
        }

        return (pure, failure, muSquared);
    }

    private static double Fraction(BigInteger part, BigInteger whole) => part == whole ? 1 : part.IsZero ? 0 : (double)part / (double)whole * (1 + 1e-15);

    private static InvalidOperationException Unknown(GroupCost cost) => new($"DPS9007: composition has no branch for {cost.GetType().Name}.");

    /// <summary>Whether losses fit the accountant's grid: not for budgets at the edges of what may be asked for, nor for very many partitions.</summary>
    private bool CanUseLoss(double epsilon, BigInteger? shared) =>
        epsilon is > 1e-4 and < 100 && Uses(shared, 0).TrueForAll(u => u.Count <= MostUses) && Sums(shared, 1) is { Pure: < 1000, MuSquared: < 10_000 };

    private int LaplaceUses() => _costs.OfType<LaplaceCost>().Aggregate(0, (sum, c) => Count(sum + (c.ByUnits ? _norms.Partitions : Partitions(_norms, _norms.RowsPerPartition!.Value))));

    private int EarlierUses() => _costs.Sum(c => c switch { ProfileCost m => m.Changes, ChoiceCost m => m.Rounds, _ => 0 });

    private static BigInteger Partitions(ContributionNorms norms, BigInteger perPartition) => (norms.RowsL1 + perPartition - 1) / perPartition;

    private static int Count(BigInteger count) => (int)BigInteger.Min(count, int.MaxValue);

    private List<MechanismUse> Uses(BigInteger? shared, double mu)
    {
        var uses = new List<MechanismUse>();
        var part = shared is { } j ? _norms.Restricted(j) : _norms;
        foreach (var cost in _costs)
        {
            switch (cost)
            {
                case LaplaceCost { ByUnits: true } m:
                    Add(m.Epsilon / (double)_norms.Partitions, m.Units, Count(part.Partitions));
                    break;
                case LaplaceCost m:
                    // A vertex of what the bounds allow: as many full partitions as there may be, and the rest in one (dp-math.md 2.2). Log-concave noise: concentrating dominates.
                    var full = _norms.RowsPerPartition!.Value;
                    var count = BigInteger.DivRem(part.RowsL1, full, out var rest);
                    var each = m.Epsilon / (double)_norms.RowsL1;
                    Add(each * (double)full, m.Units, Count(count));
                    Add(each * (double)rest, m.Units * (double)rest / (double)full, rest.IsZero ? 0 : 1);
                    break;
                case GaussianCost or WeightedCost:
                    break;
                case TableCost m:
                    uses.Add(new(new PartitionSelectionMechanism(m.Epsilon, m.Delta), Count(part.Partitions)));
                    break;
                case ProfileCost m:
                    uses.Add(new(new DiscreteLaplaceMechanism(1 / Rounding.Outward(m.Epsilon), 1), m.Changes));
                    break;
                case ChoiceCost { IsBoundedRange: true } m:
                    uses.Add(new(new BoundedRangeMechanism(Rounding.Outward(m.Epsilon)), m.Rounds));
                    break;
                case ChoiceCost m:
                    uses.Add(new(new ExponentialMechanism(Rounding.Outward(m.Epsilon)), m.Rounds));
                    break;
                default:
                    throw Unknown(cost);
            }
        }

        if (mu > 0)
        {
            uses.Add(new(new GaussianMechanism(1, mu), 1));
        }

        return uses;

        void Add(double epsilon, double units, int count)
        {
            if (count > 0 && epsilon > 0)
            {
                var whole = (long)Math.Clamp(Math.Floor(units), 1, Math.ScaleB(1, 53));
                uses.Add(new(new DiscreteLaplaceMechanism(whole / Rounding.Outward(epsilon), whole), count));
            }
        }
    }
}
