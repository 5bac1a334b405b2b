using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Describes an attempt's mechanisms for people, records and audits: selection first, then the outputs in order.</summary>
internal static class MechanismTable
{
    private const double DefaultLevel = 0.95;

    internal static List<PlannedMechanism> Of(ReleaseRequest request, PlanAttempt attempt)
    {
        var rows = new List<PlannedMechanism>();
        var level = request.ConfidenceLevel?.ToDouble() ?? DefaultLevel;
        double? total = Planner.RowCountOf(attempt) is >= 0 and var at ? Math.Pow(attempt.Nodes.SelectMany(n => n.Draws).ElementAt(at).StandardDeviation, 2) : null;
        if (attempt.Selection is { } selection)
        {
            rows.AddRange(selection.Rounds.Count == 0 ? [SelectionRow(attempt, selection.Spec, level)] : selection.Rounds.Select(r => RoundRow(attempt, r, level)));
        }

        foreach (var output in attempt.Structure.Outputs)
        {
            if (output.Groups.Count == 0)
            {
                rows.Add(PublicRow(output, attempt.Nodes.Find(n => n.AggregateIndex == output.Aggregate)!));
            }

            for (var g = 0; g < output.Groups.Count; g++)
            {
                rows.AddRange(Rows(output, attempt, output.Groups[g], attempt.Draws[output.Aggregate][g], level, total));
            }
        }

        return rows;
    }

    /// <summary>The manifest's word for an aggregate.</summary>
    internal static string Word(AggregateKind kind) => kind switch
    {
        AggregateKind.Count => "count",
        AggregateKind.PrivacyIdCount => "privacy_id_count",
        AggregateKind.Sum => "sum",
        AggregateKind.Mean => "mean",
        AggregateKind.Variance => "variance",
        AggregateKind.Stddev => "stddev",
        AggregateKind.Min => "min",
        AggregateKind.Max => "max",
        AggregateKind.Quantile => "quantile",
        AggregateKind.Histogram => "histogram",
        AggregateKind.VectorSum => "vector_sum",
        AggregateKind.CountDistinct => "count_distinct",
        AggregateKind.Covariance => "covariance",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The word for a selection rule.</summary>
    internal static string Word(SelectionStrategy strategy) => strategy switch
    {
        SelectionStrategy.TruncatedGeometric => "truncated_geometric",
        SelectionStrategy.LaplaceThreshold => "laplace_threshold",
        SelectionStrategy.GaussianThreshold => "gaussian_threshold",
        SelectionStrategy.WeightedGaussian => "weighted_gaussian",
        SelectionStrategy.Sips => "sips",
        _ => throw new ArgumentOutOfRangeException(nameof(strategy)),
    };

    /// <summary>The word for a noise family.</summary>
    internal static string Word(NoiseKind kind) => kind == NoiseKind.DiscreteLaplace ? "discrete_laplace" : "discrete_gaussian";

    private static PlannedMechanism SelectionRow(PlanAttempt attempt, SelectionSpec spec, double level)
    {
        var item = attempt.Groups.Find(i => i.Selects)!;
        var shared = spec.SharedOutput is not null;
        var partitions = attempt.Norms.Partitions;
        var row = new PlannedMechanism
        {
            Node = RequestCheck.SelectionName,
            Aggregate = RequestCheck.SelectionName,
            Part = "select",
            Mechanism = Word(spec.Strategy),
            Epsilon = shared ? default : item.Epsilon.ToDecimalBelow(),
            Delta = (shared ? item.SelectionDelta : item.Delta).ToDecimalBelow(),
            L0 = (double)partitions,
            LInf = 1,
            L1 = (double)partitions,
            L2 = Math.Sqrt((double)partitions),
            SharedWith = spec.SharedOutput,
        };
        if (spec.Noise is not { } noise)
        {
            return row with { L1Units = partitions, L2SquaredUnits = partitions };
        }

        var unit = BoundsGrid.UnitValue(spec.NoiseGrid);
        if (spec.Strategy == SelectionStrategy.WeightedGaussian)
        {
            // 1/sqrt(k) in each of k partitions: one in l2, at most sqrt(L0) in l1.
            var one = BigInteger.One << -spec.NoiseGrid.BinaryExponent;
            var root = Math.Sqrt((double)partitions);
            return row with
            {
                L1 = root,
                L2 = 1,
                Noise = noise,
                Grid = spec.NoiseGrid,
                L1Units = (Rational.From(one) * Rational.FromDouble(Rounding.Outward(root))).Ceiling(),
                L2SquaredUnits = one * one,
                Threshold = spec.Threshold,
                StandardDeviation = NoiseCalibration.StandardDeviation(noise) * unit.ToDouble(),
                HalfWidth = NoiseCalibration.HalfWidth(noise, level) * unit.ToDouble(),
            };
        }

        var scale = (BigInteger.One << -spec.NoiseGrid.BinaryExponent) * partitions;
        return row with
        {
            Noise = noise,
            Grid = spec.NoiseGrid,
            L1Units = scale,
            L2SquaredUnits = scale * (BigInteger.One << -spec.NoiseGrid.BinaryExponent),
            Threshold = spec.Threshold,
            StandardDeviation = NoiseCalibration.StandardDeviation(noise) * unit.ToDouble(),
            HalfWidth = NoiseCalibration.HalfWidth(noise, level) * unit.ToDouble(),
        };
    }

    /// <summary>A round's part of the selection's share: of epsilon as rho is divided, so that the parts add up.</summary>
    private static PlannedMechanism RoundRow(PlanAttempt attempt, SelectionSpec spec, double level)
    {
        var item = (SelectionGroup)attempt.Groups.Find(i => i.Selects)!;
        var part = item.PartOf(spec.Round);
        return SelectionRow(attempt, spec, level) with
        {
            Part = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"round{spec.Round}"),
            Epsilon = (item.Epsilon * part).ToDecimalBelow(),
            Delta = (item.Delta * part).ToDecimalBelow(),
        };
    }

    private static PlannedMechanism PublicRow(PlannedOutput output, NodeSpec node) => new()
    {
        Node = node.Output,
        Aggregate = Word(node.Aggregate),
        AggregateIndex = output.Aggregate,
        Part = "public",
        Mechanism = "public_value",
        Epsilon = default,
        Delta = default,
        Clamp = (node.Grid.ToDouble(node.Lower), node.Grid.ToDouble(node.Upper)),
    };

    private static IEnumerable<PlannedMechanism> Rows(PlannedOutput output, PlanAttempt attempt, QueryGroup item, IReadOnlyList<PlannedDraw> draws, double level, double? total)
    {
        var request = output.Request;
        var value = output.Value;
        for (var d = 0; d < draws.Count; d++)
        {
            var draw = draws[d];
            var spec = draw.Spec;
            var shared = spec.SharedWith is not null;
            var unit = BoundsGrid.UnitValue(spec.Grid).ToDouble();
            var factor = output is EqualSumOutput equal ? equal.Factor : 1;
            var half = NoiseCalibration.HalfWidth(spec.Noise, level) * unit * factor;

            // The draws of a group are one mechanism: the first row carries its cost.
            var pays = d == 0 && !shared;
            yield return new PlannedMechanism
            {
                Node = output.DrawName(d),
                Aggregate = Word(request.Kind),
                AggregateIndex = output.Aggregate,
                Part = spec.Part,
                Mechanism = Word(spec.Noise.Kind),
                Epsilon = pays ? item.Epsilon.ToDecimalBelow() : default,
                Delta = pays ? (item.Delta - item.SelectionDelta).ToDecimalBelow() : default,
                L0 = (double)attempt.Norms.Partitions,
                LInf = (double)draw.PerPartition * unit,
                L1 = (double)draw.L1 * unit,
                L2 = Math.Sqrt((double)draw.L2Squared) * unit,
                StandardDeviation = spec.StandardDeviation * factor,
                HalfWidth = half,
                SmallestWithin10Percent = output is MomentsOutput or QuantileOutput ? null : half * 10,
                RankDeviation = output is QuantileOutput ranks ? ranks.RankDeviation(total) : null,
                Noise = spec.Noise,
                Grid = spec.Grid,
                L1Units = draw.L1,
                L2SquaredUnits = draw.L2Squared,
                SharedWith = spec.SharedWith,
                Clamp = value is null ? null : (value.Grid.Unit.ToDouble(value.Grid.Lower), value.Grid.Unit.ToDouble(value.Grid.Upper)),
            };
        }
    }
}
