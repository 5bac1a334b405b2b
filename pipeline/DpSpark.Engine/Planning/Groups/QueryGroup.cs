using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>
/// Something that is paid for once: one mechanism with one noise family, whose draws one or several outputs use. The planner divides the budget among groups; a group knows what its
/// noise costs and what it is good for, and nothing of the other groups.
/// </summary>
/// <remarks>
/// To add an aggregate: a group (or an existing one), a <see cref="PlannedOutput"/> that reads its numbers off the groups' draws, a line in <see cref="PlanStructure.Make"/>, a branch in
/// <see cref="PlanAudit"/>. The order of calls within one attempt is: <see cref="SettleGrid"/> of every group, then <see cref="Draws"/> of every group, then the outputs' nodes. All of a
/// group's draws together are ONE mechanism: with Laplace noise the scales are at least joint l1 / amount, with Gaussian noise the sum over the draws of l2² / sigma² is at most the
/// amount (or sigma² is at least joint l2² / amount for all).
/// </remarks>
internal abstract class QueryGroup
{
    private protected QueryGroup(PlanContext context) => Context = context;

    /// <summary>Indices of the aggregates whose budget shares pay for this group; empty for a selection of its own.</summary>
    internal List<int> Aggregates { get; } = [];

    /// <summary>The budget shares that it was given, with their manifest keys and the part of each that this group has: an aggregate over several groups divides its share evenly.</summary>
    internal List<(BudgetShare Share, string Path, Rational Part)> Shares { get; } = [];

    /// <summary>Whether one unit changes every partition by one contribution, whatever the number of its rows: counts of units, sums clamped per partition.</summary>
    internal virtual bool ByUnits => false;

    /// <summary>What one unit changes in one partition, all draws together, in units of the Laplace noise's grid; of a floating-point grid, which is not chosen yet, any large number.</summary>
    internal virtual double LaplaceUnits => 1 << 20;

    /// <summary>Whether the group pays for the partition selection: its first draw is the number of units that the threshold is compared with.</summary>
    internal bool Selects { get; set; }

    /// <summary>The family of its noise; not used by a table of chances.</summary>
    internal NoiseKind Kind { get; set; }

    /// <summary>Exact epsilon, sum of its shares.</summary>
    internal Rational Epsilon { get; set; }

    /// <summary>Exact delta, sum of its shares; 0 for Laplace noise.</summary>
    internal Rational Delta { get; set; }

    /// <summary>What the accountant is charged where the group costs something else than its noise: a table of chances.</summary>
    internal virtual GroupCost? OwnCost => null;

    /// <summary>The part of <see cref="Delta"/> that pays for the selection's threshold or table; the rest pays for Gaussian noise.</summary>
    internal Rational SelectionDelta { get; set; }

    /// <summary>Sum of its weights.</summary>
    internal Rational Weight { get; set; }

    /// <summary>What Gaussian noise divides mu² by: the squared sum of the weights of whole shares, and of parts of a share their part of its squared weight.</summary>
    internal Rational WeightSquared
    {
        get
        {
            var whole = Shares.Where(s => s.Part == One).Aggregate(Rational.Zero, (sum, s) => sum + Rational.From(s.Share.Weight));
            return Shares.Where(s => s.Part != One).Aggregate(whole * whole, (sum, s) => sum + (Rational.From(s.Share.Weight) * Rational.From(s.Share.Weight) * s.Part));
        }
    }

    /// <summary>What mu² is divided by: <see cref="WeightSquared"/>, or the square of a weight that the planner chose.</summary>
    internal Rational MuWeight { get; set; }

    /// <summary>What its noise may cost, once the budget is divided.</summary>
    internal NoiseLevel Level { get; set; }

    /// <summary>Whether its share comes from the common pool alone, so that its Gaussian noise may be composed with the others'.</summary>
    internal bool IsPooled => !IsTable && Shares.TrueForAll(s => s.Share.Epsilon is null && s.Share.Delta is null);

    /// <summary>What its noise costs at an amount.</summary>
    /// <param name="amount">Epsilon or mu².</param>
    internal GroupCost CostAt(double amount) => OwnCost ?? (IsWeighted ? new WeightedCost(amount) : IsGaussian ? new GaussianCost(amount, ByUnits) : new LaplaceCost(amount, ByUnits, LaplaceUnits));

    /// <summary>Whether it adds no noise of a family at all (a table of chances).</summary>
    internal virtual bool IsTable => false;

    /// <summary>Whether its noise is on weights, whose l2 norm does not grow with the unit's partitions.</summary>
    internal virtual bool IsWeighted => false;

    internal bool IsGaussian => !IsTable && Kind == NoiseKind.DiscreteGaussian;

    /// <summary>Whether a part of delta is spent on it.</summary>
    internal bool NeedsDelta => Selects || IsGaussian;

    private protected PlanContext Context { get; }

    private protected static Rational One => Rational.From(1);

    /// <summary>Chooses the grids of floating-point values from the width of the noise; the finest that one group asks for is used by all.</summary>
    /// <param name="level">What the noise may cost.</param>
    internal virtual void SettleGrid(NoiseLevel level)
    {
    }

    /// <summary>The exact draws at a level.</summary>
    /// <param name="level">What the noise may cost.</param>
    internal abstract IReadOnlyList<PlannedDraw> Draws(NoiseLevel level);

    /// <summary>A draw as another output than the one that pays for it uses it; the same number, on the accumulators of that output's own kind.</summary>
    /// <param name="draw">The draw.</param>
    /// <param name="output">Who uses it.</param>
    internal virtual PlannedDraw For(PlannedDraw draw, PlannedOutput output) => draw;

    /// <summary>Noise on an integer query by the group's family and level; a part of the amount where the group divides it among draws.</summary>
    private protected PlannedDraw Draw(IntegerQuery query, NoiseLevel level, Rational part) => level.Kind == NoiseKind.DiscreteLaplace
        ? DrawBuilder.Laplace(query, level.Amount * part)
        : DrawBuilder.Gaussian(query, level.Amount * part, level.GridBits);
}
