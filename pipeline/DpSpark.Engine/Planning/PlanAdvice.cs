using System.Globalization;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Warnings about a plan that is possible but may not be what its author wants.</summary>
internal static class PlanAdvice
{
    private const double MeaninglessEpsilon = 50;
    private const double LargeDelta = 1e-3;

    /// <summary>From this many public keys on it is likely that some have hardly a row: fewer, and a reader sees them all.</summary>
    private const int ManyKeys = 100;

    /// <summary>A sum is called hopeless when its noise is as large as what this many units can add.</summary>
    private const double ManyUnits = 1000;

    internal static List<PlanDiagnostic> For(ReleasePlan plan, PlanAttempt attempt)
    {
        var request = plan.Request;
        var list = new List<PlanDiagnostic>();
        if (plan.Epsilon.ToDouble() > MeaninglessEpsilon)
        {
            list.Add(new("DPS3101", "privacy.epsilon", $"epsilon {plan.Epsilon} gives no meaningful privacy.", ["Use an epsilon of about 1; above 10 little is promised."]));
        }

        if (plan.Delta.ToDouble() > LargeDelta)
        {
            list.Add(new("DPS3103", "privacy.delta", $"delta {plan.Delta} is large: with that chance a unit may be exposed outright.", ["Use a delta well below one over the number of units, for example 1e-9."]));
        }

        if (request.Delta.Sign > 0 && plan.Delta.Sign == 0)
        {
            list.Add(new("DPS3109", "privacy.delta", "Nothing in this release needs a delta; none is charged.", ["Set delta to 0.", "With noise: auto or gaussian it may lower the noise."]));
        }

        if (request.Keyset is { } keys)
        {
            if (keys.Keys.Count >= ManyKeys)
            {
                list.Add(new(
                    "DPS3102", "keyset", $"All {Number(keys.Keys.Count)} keys are published, also those without any row; such rows are pure noise.", ["Compare each value with its noise before reading it.", "Leave out keys that cannot occur."]));
            }

            if (request.Unit.IdColumns.Count > 0 && request.Unit.MaxPartitionsContributed is { } l0 && l0 > keys.Keys.Count)
            {
                list.Add(new(
                    "DPS3104", "privacy_unit.max_partitions_contributed", $"{Number(l0)} partitions per unit are more than the keyset's {Number(keys.Keys.Count)}; the smaller number is used.", [$"Set max_partitions_contributed to {keys.Keys.Count}."]));
            }
        }

        if (request.Unit is { IdColumns.Count: > 0, MaxPartitionsContributed: null })
        {
            list.Add(new(
                "DPS3105", "privacy_unit.max_contributions", "Partitions per unit are bounded through max_contributions alone: every row of a unit may fall into one partition, and the noise is made for that.",
                ["Set max_partitions_contributed and max_contributions_per_partition as well if units spread over partitions."]));
        }

        for (var i = 0; i < attempt.Values.Count; i++)
        {
            if (attempt.Values[i] is { } value)
            {
                Values(plan, attempt, i, value, list);
            }
        }

        return list;
    }

    private static void Values(ReleasePlan plan, PlanAttempt attempt, int index, ValueQuery value, List<PlanDiagnostic> list)
    {
        var path = $"aggregates[{index}]";
        var key = value.PerPartition ? path + ".max_sum_per_partition" : path + ".max_value";
        var unit = value.Grid.Unit;
        if (!value.BoundsAreOnGrid)
        {
            list.Add(new(
                "DPS3107", key, $"The bounds have more digits than the column; {unit.ToDouble(value.Grid.Lower).ToString("R", CultureInfo.InvariantCulture)} and {unit.ToDouble(value.Grid.Upper).ToString("R", CultureInfo.InvariantCulture)} are used.",
                ["Write bounds with the digits of the column.", "Declare the column as double."]));
        }

        if (value.IsPublic(plan.Request.Aggregates[index].Kind))
        {
            list.Add(new("DPS3108", key, $"The bounds alone decide '{plan.Request.Aggregates[index].Output}': it is a public value, released without noise and without cost.", ["Set min_value below max_value."]));
        }
        else if (value.HasEqualBounds && attempt.Structure.Outputs[index] is EqualSumOutput)
        {
            list.Add(new("DPS3108", key, $"The bounds of '{plan.Request.Aggregates[index].Output}' are equal, so it is that value times the released count, without cost.", ["Set min_value below max_value.", "Leave it out and multiply the count."]));
        }
        else if (value.HasEqualBounds)
        {
            list.Add(new(
                "DPS3108", key, $"The bounds of '{plan.Request.Aggregates[index].Output}' are equal, so it is that value times a noisy count.", ["Ask for a count, too: then it is read off it and costs nothing."]));
        }
        else if (plan.Request.Aggregates[index].Kind == AggregateKind.Sum && attempt.Draws[index][0][0] is var draw)
        {
            var most = (double)draw.PerPartition * draw.Spec.Grid.ToDouble(1);
            if (draw.Spec.StandardDeviation > ManyUnits * most)
            {
                list.Add(new(
                    "DPS3106", key, $"The noise of '{plan.Request.Aggregates[index].Output}' (sd {PlanText.Short(draw.Spec.StandardDeviation)}) is larger than what {Number((long)ManyUnits)} units can add to a partition.",
                    ["Tighten the bounds or max_partitions_contributed.", "Give it a larger share of the budget.", "Use coarser partitions."]));
            }
        }
    }

    private static string Number(long value) => PlanText.Grouped(value);
}
