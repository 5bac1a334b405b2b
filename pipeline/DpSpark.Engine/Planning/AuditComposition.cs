using System.Numerics;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;

namespace DpSpark.Engine.Planning;

/// <summary>The mechanisms as the audit recomputed them. The kinds are closed.</summary>
internal enum AuditKind
{
    /// <summary>Laplace noise.</summary>
    Laplace,

    /// <summary>Gaussian noise.</summary>
    Gaussian,

    /// <summary>Gaussian noise on weights.</summary>
    Weighted,

    /// <summary>Gaussian noise on the weights of one round of selection: whatever was shown before, all of a unit's weight may lie in partitions that it shares.</summary>
    Round,

    /// <summary>A table of chances, used once per partition.</summary>
    Table,

    /// <summary>Counts of a first pass with Laplace noise.</summary>
    Profile,

    /// <summary>Counts of a first pass with Gaussian noise on a grid of whole units: its rho alone is known.</summary>
    GaussianProfile,

    /// <summary>Rounds of permute-and-flip.</summary>
    Choice,

    /// <summary>Rounds of an exponential mechanism.</summary>
    RangeChoice,
}

/// <summary>One mechanism of the audit.</summary>
/// <param name="Kind">Its branch.</param>
/// <param name="Amount">Epsilon over all partitions, counts or rounds; Gaussian: mu²; exact but for a table.</param>
/// <param name="ByUnits">Whether a unit changes all its partitions alike; otherwise its rows do.</param>
/// <param name="Units">Laplace: change in one partition in units of the grid.</param>
/// <param name="EachEpsilon">Table: epsilon0.</param>
/// <param name="EachDelta">Table: delta0.</param>
/// <param name="Delta">Table, exponential mechanism: delta of all uses at <paramref name="Amount"/>.</param>
/// <param name="Each">Profiles and choices: epsilon of one count or round, exact.</param>
/// <param name="Count">Profiles and choices: counts that a unit changes, rounds.</param>
internal sealed record AuditCost(AuditKind Kind, Rational Amount, bool ByUnits, BigInteger Units, double EachEpsilon = 0, double EachDelta = 0, double Delta = 0, Rational Each = default, int Count = 1)
{
    internal static AuditCost Laplace(Rational epsilon, bool byUnits, BigInteger units) => new(AuditKind.Laplace, epsilon, byUnits, units);

    internal static AuditCost Gaussian(Rational muSquared, bool byUnits) => new(AuditKind.Gaussian, muSquared, byUnits, BigInteger.One);

    internal static AuditCost Weighted(Rational muSquared) => new(AuditKind.Weighted, muSquared, true, BigInteger.One);

    internal static AuditCost Round(Rational muSquared) => new(AuditKind.Round, muSquared, true, BigInteger.One);

    internal static AuditCost Profile(Rational each, int count) => new(AuditKind.Profile, each * Rational.From(count), true, BigInteger.One, Each: each, Count: count);

    internal static AuditCost GaussianProfile(Rational muSquared, int count) => new(AuditKind.GaussianProfile, muSquared * Rational.From(count), true, BigInteger.One);

    internal static AuditCost Choice(Rational each, int rounds) => new(AuditKind.Choice, each * Rational.From(rounds), true, BigInteger.One, Each: each, Count: rounds);

    internal static AuditCost RangeChoice(Rational each, int rounds, Rational epsilon, double delta) => new(AuditKind.RangeChoice, epsilon, true, BigInteger.One, Delta: delta, Each: each, Count: rounds);

    internal static AuditCost Table(double each, double eachDelta, double epsilon, double delta) =>
        new(AuditKind.Table, double.IsFinite(epsilon) ? Rational.FromDouble(epsilon) : Rational.From(BigInteger.One << 60), true, BigInteger.One, each, eachDelta, delta);
}

/// <summary>What the audit's mechanisms cost together when a unit shares j of its partitions with others: written apart from the planner's composition, on exact numbers.</summary>
internal sealed class AuditComposition
{
    private readonly ContributionNorms _norms;
    private readonly List<AuditCost> _costs;
    private readonly LossAccountant _accountant = new(1e-5);
    private readonly Rational _fixedEpsilon;

    /// <summary>The mechanisms, and an epsilon that was spent before them and chose their parameters: it adds up.</summary>
    internal AuditComposition(ContributionNorms norms, List<AuditCost> costs, Rational fixedEpsilon)
    {
        _fixedEpsilon = fixedEpsilon;
        _norms = norms;
        _costs = costs;
    }

    /// <summary>Delta of the exponential mechanisms where costs are added.</summary>
    internal double ChoiceDelta => _costs.Where(c => c.Kind == AuditKind.RangeChoice).Sum(c => c.Delta);

    /// <summary>Whether only mechanisms were found whose epsilons add up.</summary>
    internal bool IsPure => _costs.TrueForAll(IsAdded);

    /// <summary>Whether all noise is Gaussian.</summary>
    internal bool IsClosedForm => _costs.TrueForAll(IsNormal);

    /// <summary>The exact sum of pure epsilons.</summary>
    internal Rational PureEpsilon(BigInteger shared) => _costs.Where(IsAdded).Aggregate(_fixedEpsilon, (sum, c) => sum + (c.Kind == AuditKind.Laplace ? c.Amount * Part(c, shared, false) : c.Amount));

    /// <summary>The exact sum of rho.</summary>
    internal Rational Rho() => _costs.Aggregate(_fixedEpsilon * _fixedEpsilon / Rational.From(2), (sum, c) => sum + (c.Kind switch
    {
        AuditKind.Gaussian or AuditKind.Weighted or AuditKind.Round => c.Amount / Rational.From(2),
        AuditKind.GaussianProfile => c.Amount / Rational.From(2),
        AuditKind.Laplace => c.Amount * c.Amount / Rational.From(2),
        AuditKind.Profile or AuditKind.Choice => Rational.From(c.Count) * c.Each * c.Each / Rational.From(2),
        AuditKind.RangeChoice => Rational.From(c.Count) * c.Each * c.Each / Rational.From(8),
        _ => Rational.From(BigInteger.One << 60),
    }));

    /// <summary>The least variance, in units of the grid, with which discrete Gaussian noise is accounted like continuous noise.</summary>
    internal double NeededVariance(Rational epsilon)
    {
        var mu = _costs.Where(IsNormal).Sum(c => c.Amount.ToDouble());
        return mu == 0 ? 0 : GaussianPool.NeededVariance(mu, (epsilon - _fixedEpsilon).ToDouble(), _costs.Where(c => !IsNormal(c)).Sum(c => c.Amount.ToDouble()));
    }

    /// <summary>An upper bound of delta at an epsilon: the least of what is proved.</summary>
    /// <param name="epsilon">The epsilon.</param>
    /// <param name="shared">Partitions that the unit shares with others.</param>
    /// <param name="weights">The part of its squared weights that lies in them, 1 where no weights are compared.</param>
    internal double Delta(Rational epsilon, BigInteger shared, Rational weights)
    {
        var tables = _costs.Where(c => c.Kind == AuditKind.Table).ToList();
        var pure = PureEpsilon(shared) + tables.Aggregate(Rational.Zero, (sum, c) => sum + c.Amount);
        var muSquared = _costs.Where(IsNormal).Sum(c => (c.Amount * (c.Kind switch
        {
            AuditKind.Weighted => weights,
            AuditKind.Round => Rational.From(1),
            _ => Part(c, shared, true),
        })).ToDouble());
        var failure = tables.Sum(c => c.Delta) + ChoiceDelta;
        var rest = (epsilon - pure).ToDouble();

        // A table's epsilon comes through logarithms: 1e-11 covers their rounding.
        var slack = tables.Count > 0 ? 1e-11 * epsilon.ToDouble() : 0;
        var sum = rest < -slack ? 1 : muSquared == 0 ? failure : rest > 0 ? failure + GaussianPool.Delta(rest, Math.Sqrt(muSquared)) : 1;
        var target = (epsilon - _fixedEpsilon).ToDouble();
        if (_costs.Exists(c => c.Kind == AuditKind.GaussianProfile))
        {
            return 1;
        }

        if (IsClosedForm || (muSquared == 0 && sum < 1) || target is < 1e-4 or > 100 || muSquared > 10_000 || pure.ToDouble() > 1000)
        {
            return Math.Min(1, sum);
        }

        var uses = new List<MechanismUse>();
        foreach (var cost in _costs)
        {
            switch (cost.Kind)
            {
                case AuditKind.Gaussian or AuditKind.Weighted or AuditKind.Round:
                    break;
                case AuditKind.Table:
                    uses.Add(new(new PartitionSelectionMechanism(Rounding.Outward(cost.EachEpsilon), Rounding.Outward(cost.EachDelta)), Times(shared)));
                    break;
                case AuditKind.Profile:
                    uses.Add(new(new DiscreteLaplaceMechanism(1 / Rounding.Outward(cost.Each.ToDouble()), 1), cost.Count));
                    break;
                case AuditKind.Choice:
                    uses.Add(new(new GenericMechanism(Rounding.Outward(cost.Each.ToDouble()), 0), cost.Count));
                    break;
                case AuditKind.RangeChoice:
                    uses.Add(new(new BoundedRangeMechanism(Rounding.Outward(cost.Each.ToDouble())), cost.Count));
                    break;
                case AuditKind.Laplace:
                    // Full partitions and one with the rest: the vertex that is largest in every norm.
                    var full = cost.ByUnits ? BigInteger.One : _norms.RowsPerPartition!.Value;
                    var all = cost.ByUnits ? _norms.Partitions : _norms.RowsL1;
                    var part = cost.ByUnits ? shared : _norms.Restricted(shared).RowsL1;
                    var whole = BigInteger.DivRem(part, full, out var rests);
                    Add(cost, full, all, whole, full);
                    Add(cost, rests, all, rests.IsZero ? 0 : 1, full);
                    break;
                default:
                    throw new InvalidOperationException($"DPS9007: the audit has no branch for {cost.Kind}.");
            }
        }

        if (uses.Exists(u => u.Count > 20_000))
        {
            return Math.Min(1, sum);
        }

        if (muSquared > 0)
        {
            uses.Add(new(new GaussianMechanism(1, Math.Sqrt(muSquared)), 1));
            target /= 1 + GaussianPool.DiscretenessMargin;
        }

        return Math.Min(1, Math.Min(sum, _accountant.Delta(uses, target)));

        void Add(AuditCost cost, BigInteger contributions, BigInteger all, BigInteger count, BigInteger full)
        {
            if (count.Sign > 0 && contributions.Sign > 0)
            {
                var each = Rounding.Outward((cost.Amount * new Rational(contributions, all)).ToDouble());
                var units = (long)BigInteger.Clamp(cost.Units * contributions / full, BigInteger.One, BigInteger.One << 53);
                uses.Add(new(new DiscreteLaplaceMechanism(units / each, units), Times(count)));
            }
        }
    }

    private static bool IsAdded(AuditCost cost) => cost.Kind is AuditKind.Laplace or AuditKind.Profile or AuditKind.Choice or AuditKind.RangeChoice;

    private static bool IsNormal(AuditCost cost) => cost.Kind is AuditKind.Gaussian or AuditKind.Weighted or AuditKind.Round;

    private static int Times(BigInteger count) => (int)BigInteger.Min(count, int.MaxValue);

    private Rational Part(AuditCost cost, BigInteger shared, bool squared)
    {
        if (shared >= _norms.Partitions)
        {
            return Rational.From(1);
        }

        var part = _norms.Restricted(shared);
        return cost.ByUnits ? new(part.Partitions, _norms.Partitions) : squared ? new(part.RowsL2Squared, _norms.RowsL2Squared) : new(part.RowsL1, _norms.RowsL1);
    }
}
