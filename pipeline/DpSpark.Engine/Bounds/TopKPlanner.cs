using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Engine.Bounds;

/// <summary>Plans a release of the k keys of a keyset with the largest value of an aggregate: the choice takes its share first, the rest is planned as if all keys were released.</summary>
/// <remarks>
/// Guarantee: scores are the aggregate's exact values. A unit that is added or taken away moves all scores by numbers of one interval of width W, whatever the number of partitions it is in; one
/// that is replaced by numbers of an interval of width 2 W. Chances depend on gaps between scores only, so that exp(-epsilon0·gap/width) has epsilon0 and, for the exponential mechanism, a range
/// of epsilon0. k rounds of permute-and-flip with epsilon0 = epsilon/k each are epsilon-private; k rounds of the exponential mechanism are k·epsilon0²/8-zCDP. The loss accountant composes the
/// rounds with the rest of the plan. Source: dp-math.md 7.1, 5.3; docs/proofs/top-k.md.
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

        var total = ShareOfRho.Total(request);
        var (mechanism, each) = MechanismOf(top, epsilon, delta, total is { } all ? ShareOfRho.Of(top.Budget, all) : null);
        var plan = Planner.PlanParts(RestOf(request, top, epsilon, delta, total, mechanism, each));
        var aggregate = request.Aggregates.First(a => a.Output == top.By);
        var accumulators = plan.Spec.Accumulators.ToList();
        var index = aggregate.Kind == AggregateKind.PrivacyIdCount ? -1 : accumulators.Count;
        if (index >= 0)
        {
            accumulators.Add(ScoreOf(request, aggregate));
        }

        var norms = Planner.NormsOf(request);
        var width = WidthOf(index < 0 ? null : accumulators[index], norms);
        var factor = width * (request.Adjacency == NeighbouringRelation.ReplaceOne ? 2 : 1);
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
            LInf = index < 0 ? (double)factor : accumulators[index].Grid.ToDouble(factor),
        };
        return plan with
        {
            Request = request,
            Epsilon = total is null ? plan.Epsilon + epsilon : request.Epsilon,
            Delta = total is null ? plan.Delta + delta : request.Delta,
            Spec = plan.Spec with { Accumulators = accumulators, TopK = spec },
            Mechanisms = [row, .. plan.Mechanisms],
        };
    }

    /// <summary>Which mechanism draws a key, and its epsilon: the most that the share allows.</summary>
    private static (TopKMechanism Mechanism, Rational Each) MechanismOf(TopKRequest top, ExactDecimal epsilon, ExactDecimal delta, ExactDecimal? rho)
    {
        if (rho is { } part)
        {
            // Bounded range: a quarter of the rho that permute-and-flip of the same epsilon has, so twice its epsilon.
            return (TopKMechanism.Exponential, Largest(part.ToDouble() * (1 - 1e-12)));
        }

        var each = Rational.From(epsilon) / Rational.From(top.K);
        if (delta.Sign > 0)
        {
            // Permute-and-flip loses at most as much as the exponential mechanism of the same epsilon, and at least half.
            var exponential = Largest(Zcdp.Rho(epsilon.ToDouble(), delta.ToDouble()) * (1 - 1e-9));
            if (exponential > each + each)
            {
                return (TopKMechanism.Exponential, exponential);
            }
        }

        return (TopKMechanism.PermuteAndFlip, each);

        Rational Largest(double of) => Rational.FromDouble(Math.BitDecrement(Math.Sqrt(8 * of / top.K) * (1 - 1e-12)));
    }

    /// <summary>The request without the choice, with what is left for it.</summary>
    private static ReleaseRequest RestOf(ReleaseRequest request, TopKRequest top, ExactDecimal epsilon, ExactDecimal delta, ExactDecimal? total, TopKMechanism mechanism, Rational each)
    {
        var rest = request with { TopK = null, Epsilon = request.Epsilon - epsilon };
        if (total is { } rho)
        {
            return rest with { Rho = rho - ShareOfRho.Of(top.Budget, rho) };
        }

        rest = rest with { Delta = request.Delta - delta };
        if (request.Accountant != AccountantChoice.Pld)
        {
            return rest;
        }

        var earlier = request.Earlier ?? new(request.Epsilon, request.Delta, []);
        var cost = new ChoiceCost(each.ToDouble(), top.K, mechanism == TopKMechanism.Exponential, epsilon.ToDouble(), delta.ToDouble());
        return rest with { Earlier = earlier with { Costs = [.. earlier.Costs, cost] } };
    }

    /// <summary>Width of the interval of what one unit that is added may change scores by, in units.</summary>
    private static BigInteger WidthOf(AccumulatorSpec? score, ContributionNorms norms) => score switch
    {
        null => BigInteger.One,
        { Kind: AccumulatorKind.Count } => norms.RowsPerPartition ?? norms.RowsL1,
        _ => (BigInteger.Max(score.Upper, 0) - BigInteger.Min(score.Lower, 0)) * (score.Kind == AccumulatorKind.PartitionSum ? BigInteger.One : norms.RowsPerPartition ?? norms.RowsL1),
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

        ShareOfRho.Check(request, ShareOfRho.Total(request), top.Budget, "top_k.budget", faults);
        if (ShareOfRho.Total(request) is { } total && ShareOfRho.Of(top.Budget, total) is var part && (part.Sign <= 0 || part >= total))
        {
            faults.Add(new("DPS2514", "top_k.budget", "The share of the choice is not between nothing and the whole of rho.", ["Write for example budget: 10%."]));
        }

        return faults;
    }
}
