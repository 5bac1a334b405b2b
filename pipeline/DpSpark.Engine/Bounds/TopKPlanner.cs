using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Plans a release of the k keys of a keyset with the largest value of an aggregate: the choice takes its share first, the rest is planned as if all keys were released.</summary>
/// <remarks>
/// Guarantee: scores are the aggregate's exact values; one unit changes no score by more than its bounds allow, whatever the number of partitions it is in. k rounds of permute-and-flip with
/// epsilon0 = epsilon/k each are epsilon-private; k rounds of the exponential mechanism are k·epsilon0²/8-zCDP, hence (epsilon, delta)-private by the tight conversion. Where one unit can only
/// raise scores (counts; sums of values that are not negative) chances exp(-epsilon0·gap/sensitivity) suffice, else twice the sensitivity is needed. Source: dp-math.md 7.1, 5.3.
/// </remarks>
internal static class TopKPlanner
{
    /// <summary>Bits of a floating-point bound that scores keep.</summary>
    private const int ScoreBits = 40;

    internal static ReleasePlan Plan(ReleaseRequest request)
    {
        var top = request.TopK!;
        var faults = Check(request, top, out var epsilon);
        var delta = top.Budget.Delta ?? ExactDecimal.Zero;
        if (faults.Count > 0)
        {
            throw new PlanningException(faults);
        }

        var plan = Planner.PlanParts(request with { TopK = null, Epsilon = request.Epsilon - epsilon, Delta = request.Delta - delta });
        var aggregate = request.Aggregates.First(a => a.Output == top.By);
        var accumulators = plan.Spec.Accumulators.ToList();
        var index = aggregate.Kind == AggregateKind.PrivacyIdCount ? -1 : accumulators.Count;
        if (index >= 0)
        {
            accumulators.Add(ScoreOf(request, aggregate));
        }

        var norms = Planner.NormsOf(request);
        var (change, monotone) = ChangeOf(index < 0 ? null : accumulators[index], norms);
        var mechanism = TopKMechanism.PermuteAndFlip;
        var each = Rational.From(epsilon) / Rational.From(top.K);
        if (delta.Sign > 0)
        {
            var rho = Zcdp.Rho(epsilon.ToDouble(), delta.ToDouble()) * (1 - 1e-9);
            var exponential = Rational.FromDouble(Math.BitDecrement(Math.Sqrt(8 * rho / top.K) * (1 - 1e-12)));

            // Permute-and-flip loses at most as much as the exponential mechanism of the same epsilon, and at least half.
            if (exponential > each + each)
            {
                (mechanism, each) = (TopKMechanism.Exponential, exponential);
            }
        }

        var factor = change * (monotone ? 1 : 2);
        var spec = new TopKSpec
        {
            K = top.K,
            Mechanism = mechanism,
            Accumulator = index,
            Numerator = factor * each.Denominator,
            Denominator = each.Numerator,
        };
        var row = new PlannedMechanism
        {
            Node = TopKSpec.Metric,
            Aggregate = TopKSpec.Metric,
            Part = "select",
            Mechanism = mechanism == TopKMechanism.PermuteAndFlip ? "permute_and_flip" : "exponential",
            Epsilon = epsilon,
            Delta = delta,
            L0 = (double)norms.Partitions,
            LInf = index < 0 ? 1 : accumulators[index].Grid.ToDouble(change),
        };
        return plan with
        {
            Request = request,
            Epsilon = plan.Epsilon + epsilon,
            Delta = plan.Delta + delta,
            Spec = plan.Spec with { Accumulators = accumulators, TopK = spec },
            Mechanisms = [row, .. plan.Mechanisms],
        };
    }

    /// <summary>How much one unit changes one score, in units, and whether it changes all the same way.</summary>
    internal static (BigInteger Change, bool IsMonotone) ChangeOf(AccumulatorSpec? score, ContributionNorms norms) => score switch
    {
        null => (BigInteger.One, true),
        { Kind: AccumulatorKind.Count } => (norms.RowsPerPartition ?? norms.RowsL1, true),
        _ => (BigInteger.Max(BigInteger.Abs(score.Lower), BigInteger.Abs(score.Upper)) * (score.Kind == AccumulatorKind.PartitionSum ? BigInteger.One : norms.RowsPerPartition ?? norms.RowsL1),
            score.Lower >= 0 || score.Upper <= 0),
    };

    private static AccumulatorSpec ScoreOf(ReleaseRequest request, AggregateRequest aggregate)
    {
        if (aggregate.Kind == AggregateKind.Count)
        {
            return new AccumulatorSpec { Kind = AccumulatorKind.Count };
        }

        var column = request.Columns.First(c => c.Name == aggregate.Column);
        var lower = Rational.From(aggregate.MinSumPerPartition ?? aggregate.MinValue ?? ExactDecimal.Zero);
        var upper = Rational.From(aggregate.MaxSumPerPartition ?? aggregate.MaxValue ?? ExactDecimal.Zero);
        var largest = lower.Sign < 0 && upper < Rational.Zero - lower ? Rational.Zero - lower : upper;
        var grid = column.Type switch
        {
            ColumnType.Decimal => new GridUnit(0, column.Scale),
            ColumnType.Float or ColumnType.Double when largest.Sign > 0 => new GridUnit(largest.FloorLog2() - ScoreBits),
            _ => GridUnit.One,
        };
        var scale = Rational.From(BigInteger.Pow(10, grid.DecimalScale));
        return new AccumulatorSpec
        {
            Kind = aggregate.MinSumPerPartition is null ? AccumulatorKind.Sum : AccumulatorKind.PartitionSum,
            Column = aggregate.Column,
            Grid = grid,
            Lower = (long)(lower * scale).ScaleBinary(-grid.BinaryExponent).RoundHalfEven(),
            Upper = (long)(upper * scale).ScaleBinary(-grid.BinaryExponent).RoundHalfEven(),
        };
    }

    private static List<PlanFault> Check(ReleaseRequest request, TopKRequest top, out ExactDecimal epsilon)
    {
        var faults = new List<PlanFault>();
        epsilon = top.Budget.Epsilon ?? (top.Budget.Weight * request.Epsilon);
        if (request.Keyset is not { } keyset)
        {
            faults.Add(new("DPS2512", "top_k", "top_k chooses among the keys of a keyset, and there is none.", ["Name the public keys in keyset.", "partition_selection alone shows the keys with enough units."]));
        }
        else if (top.K < 1 || top.K >= keyset.Keys.Count)
        {
            faults.Add(new("DPS2516", "top_k.k", "k is not between 1 and the number of keys less one.", ["Choose fewer keys, or leave top_k out: then all are released."]));
        }

        if (!request.Aggregates.Any(a => a.Output == top.By && a.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount or AggregateKind.Sum))
        {
            faults.Add(new("DPS2516", "top_k.by", "Keys are compared by a count, a privacy-id count or a sum of the release, and this is none.", ["Name one by its `as`."]));
        }

        if (epsilon.Sign <= 0 || epsilon >= request.Epsilon || (top.Budget.Delta is { } delta && (delta.Sign < 0 || delta > request.Delta)))
        {
            faults.Add(new("DPS2514", "top_k.budget", "The share of the choice is not between nothing and the whole.", ["Write for example budget: 10%."]));
        }

        return faults;
    }
}
