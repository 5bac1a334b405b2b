using System.Globalization;
using System.Text;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;

namespace DpSpark.Engine.Planning;

/// <summary>A plan as text for a terminal: what is protected, the steps with their stability and noise, the budget, the chance that a partition is shown. Warnings are left to the caller, who knows lines and columns.</summary>
public static class PlanText
{
    private const int StepWidth = 58;
    private const int StabilityWidth = 12;
    private const int ErrorWidth = 13;

    /// <summary>The text; lines end with a line feed.</summary>
    /// <param name="plan">The plan.</param>
    public static string Write(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var text = new StringBuilder();
        text.Append(plan.Request.Name).Append("\n\n");
        Protects(plan, text);
        FirstPassText.Write(plan, text);
        Steps(plan, text);
        Budget(plan, text);
        Errors(plan, text);
        Chances(plan, text);
        return text.ToString();
    }

    /// <summary>The plan's warnings, one line each and one per fix, without file names.</summary>
    /// <param name="plan">The plan.</param>
    public static string WriteWarnings(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var text = new StringBuilder();
        foreach (var diagnostic in plan.Diagnostics)
        {
            text.Append(CultureInfo.InvariantCulture, $"{diagnostic.Path}: warning {diagnostic.Code}: {diagnostic.Message} {string.Join(' ', diagnostic.Fixes)}\n");
        }

        return text.ToString();
    }

    /// <summary>A number with four significant digits, thousands apart.</summary>
    internal static string Short(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return value.ToString(CultureInfo.InvariantCulture);
        }

        var magnitude = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        if (magnitude is < -4 or > 14)
        {
            return value.ToString("0.###e0", CultureInfo.InvariantCulture);
        }

        var decimals = Math.Clamp(3 - magnitude, 0, 8);
        return value.ToString("#,##0." + new string('#', decimals), CultureInfo.InvariantCulture).Replace(',', ' ');
    }

    /// <summary>A number with two significant digits: what is known of a simulated one.</summary>
    private static string Rough(double value) => value == 0 ? "0" : Short(Math.Round(value / Math.Pow(10, Math.Floor(Math.Log10(value)) - 1)) * Math.Pow(10, Math.Floor(Math.Log10(value)) - 1));

    internal static string Grouped(long value) => value.ToString("#,##0", CultureInfo.InvariantCulture).Replace(',', ' ');

    private static string Chance(double probability) => probability >= 1 ? "always"
        : probability > 0.99 ? $"all but {Short((1 - probability) * 100)} %"
        : $"{Short(probability * 100)} %";

    private static void Protects(ReleasePlan plan, StringBuilder text)
    {
        var unit = plan.Request.Unit;
        var spec = plan.Spec;
        if (unit.IdColumns.Count == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"Protects   one row, {Relation(plan.Request)}\n\n");
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"Protects   one unit ({string.Join(", ", unit.IdColumns)}), {Relation(plan.Request)}\n           at most {Bounds(spec)}\n\n");
    }

    private static string Relation(ReleaseRequest request) => request.Adjacency == NeighbouringRelation.ReplaceOne ? "replaced by another" : "add/remove";

    private static string Bounds(StageSpec spec)
    {
        var parts = new List<string>();
        if (spec.MaxPartitionsContributed is { } l0)
        {
            parts.Add($"{Grouped(l0)} {(l0 == 1 ? "partition" : "partitions")}" + (spec.MaxContributionsPerPartition is { } m ? $" x {Grouped(m)} {(m == 1 ? "row" : "rows")} each" : string.Empty));
        }
        else if (spec.MaxContributionsPerPartition is { } m)
        {
            parts.Add($"{Grouped(m)} {(m == 1 ? "row" : "rows")} per partition");
        }

        if (spec.MaxContributions is { } l1)
        {
            parts.Add($"{Grouped(l1)} {(l1 == 1 ? "row" : "rows")} in all");
        }

        return string.Join(", ", parts);
    }

    private static void Steps(ReleasePlan plan, StringBuilder text)
    {
        var spec = plan.Spec;
        Line(text, "Plan", "stability", "noise");
        Line(text, "  read and check the columns", "1", string.Empty);
        Rounds(plan, text);
        if (plan.Rounds.Count > 0 && spec.Nodes.Count == 0)
        {
            text.Append('\n');
            return;
        }

        if (plan.Rounds.Count > 0)
        {
            Line(text, "  +- keep rows of the keys shown", "1", string.Empty);
        }
        else if (spec.PublicPartitions)
        {
            Line(text, $"  +- keep rows of the keyset: {Grouped(plan.Request.Keyset!.Keys.Count)} keys", "1", string.Empty);
        }

        if (spec.UnitColumns.Count > 0)
        {
            var rows = Planner.NormsOf(plan.Request);
            Line(text, $"  +- bound: {Bounds(spec)} (random)", rows.RowsPerPartition is null ? $"{Grouped((long)rows.Partitions)} partitions" : $"{Grouped((long)rows.RowsL1)} rows", string.Empty);
        }

        var first = true;
        foreach (var row in plan.Mechanisms)
        {
            if (row.Node == RequestCheck.SelectionName && plan.Rounds.Count > 0)
            {
                continue;
            }

            if (row.Node == RequestCheck.SelectionName)
            {
                var floor = spec.Selection!.PreThreshold > 1 ? $", at least {Grouped(spec.Selection.PreThreshold)} units" : string.Empty;
                Line(text, $"  +- select: {row.Mechanism}{floor}", $"L0 {Short(row.L0)}", row.SharedWith is { } with ? $"the noisy count of {with}" : row.Noise is null ? "table of chances" : Noise(row));
                continue;
            }

            if (row.Node == TopKSpec.Metric)
            {
                Line(text, $"  +- keep the {Grouped(spec.TopK!.K)} keys with the largest {plan.Request.TopK!.By}: {row.Mechanism}", $"each {Short(row.LInf)}", "chances");
                continue;
            }

            if (first)
            {
                Line(text, "  +- aggregate per partition", "-", string.Empty);
                first = false;
            }

            if (row.RankDeviation is not null && row.Part != "node1")
            {
                continue;
            }

            var name = row.Part is "bin1" or "ns" or "count" && row.Aggregate == "mean" ? $"     |     .{row.Part}" : $"     |- {row.Aggregate} -> {row.Node}";
            if (row.Aggregate == "mean" && row.Part is "bin0" or "ns")
            {
                name = $"     |- mean -> {row.Node}";
            }

            name += row.Clamp is { } clamp && row.Part is not ("bin1" or "count") ? $"  [{Short(clamp.Lower)}, {Short(clamp.Upper)}]" : string.Empty;
            name += row.Aggregate == "mean" && row.Part is "bin0" or "ns" ? $"  .{row.Part}" : string.Empty;
            var gaussian = row.Noise?.Kind == NoiseKind.DiscreteGaussian;
            var stability = row.Noise is null ? "public" : gaussian ? $"L2 {Short(row.L2)}" : $"L1 {Short(row.L1)}";
            Line(text, name, stability, row.SharedWith is { } other ? $"the same draw as {other}" : row.Noise is null ? "none" : Noise(row));
        }

        text.Append('\n');
    }

    private static void Rounds(ReleasePlan plan, StringBuilder text)
    {
        for (var i = 0; i < plan.Rounds.Count; i++)
        {
            var row = plan.Mechanisms[i];
            var floor = plan.Rounds[i].Selection!.PreThreshold is > 1 and var least ? $", at least {Grouped(least)} units" : string.Empty;
            Line(text, $"  +- select, round {i + 1} of {plan.Rounds.Count}{(i == 0 ? string.Empty : ": keys not shown before")}{floor}", $"L0 {Short(row.L0)}", Noise(row));
        }
    }

    private static string Noise(PlannedMechanism row) => row.RankDeviation is { } deviation
        ? $"{(row.Noise!.Kind == NoiseKind.DiscreteLaplace ? "laplace" : "gaussian")}, one tree, rank sd {Short(deviation)}"
        :
        $"{(row.Noise!.Kind == NoiseKind.DiscreteLaplace ? "laplace" : "gaussian")} sd {Short(row.StandardDeviation)}, +-{Short(row.HalfWidth)}";

    private static void Budget(ReleasePlan plan, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"Budget     {(plan.Request.Rho is { } rho ? $"rho {rho}, that is " : string.Empty)}epsilon {plan.Epsilon}, delta {plan.Delta}, accountant {plan.Accountant}\n");
        foreach (var question in plan.Bounds?.Questions ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $"           first pass, {question.Name}: {(question.Rho is { } part ? $"rho {Short(part.ToDouble())}" : $"epsilon {Short(question.Epsilon.ToDouble())}")}, {(plan.Bounds!.IsComposed ? "composed with all others" : "before all others")}\n");
        }

        foreach (var row in plan.Mechanisms)
        {
            if (row.Epsilon.Sign > 0 || row.Delta.Sign > 0)
            {
                var delta = row.Delta.Sign > 0 ? $", delta {Short(row.Delta.ToDouble())}" : string.Empty;
                var epsilon = row.Epsilon.Sign > 0 ? $"epsilon {Short(row.Epsilon.ToDouble())}" : "the epsilon of its count";
                var part = row.Part.StartsWith("round", StringComparison.Ordinal) ? $", {row.Part}" : string.Empty;
                text.Append(CultureInfo.InvariantCulture, $"           {row.Node}{part}: {epsilon}{delta}\n");
            }
        }

        foreach (var reason in plan.Reasons)
        {
            text.Append(CultureInfo.InvariantCulture, $"           {reason}\n");
        }

        var level = plan.Request.ConfidenceLevel?.ToDouble() ?? 0.95;
        text.Append(CultureInfo.InvariantCulture, $"           +- is the half-width of the {Short(level * 100)} % interval around the bounded value\n");
        foreach (var row in plan.Mechanisms)
        {
            if (row.SmallestWithin10Percent is { } smallest && row.SharedWith is null)
            {
                text.Append(CultureInfo.InvariantCulture, $"           {row.Node}: within 10 % where the value is at least {Short(smallest)}\n");
            }
        }

        text.Append('\n');
    }

    /// <summary>What a mean, a variance or a quantile is off depends on how many rows it is made of: at some numbers of rows.</summary>
    private static void Errors(ReleasePlan plan, StringBuilder text)
    {
        var errors = ReferenceError.Of(plan);
        if (errors.Count == 0)
        {
            return;
        }

        text.Append("Error".PadRight(StepWidth));
        foreach (var rows in ReferenceError.ShownRows)
        {
            text.Append($"{Grouped(rows)} rows".PadLeft(ErrorWidth));
        }

        text.Append('\n');
        foreach (var column in errors.GroupBy(e => e.Output))
        {
            Row(column.Key, column.Select(e => e.Error));
            if (column.First().RankError is not null)
            {
                Row("  in ranks", column.Select(e => e.RankError!.Value));
            }
        }

        text.Append("           expected (root mean square) where values are spread evenly over the bounds\n\n");

        void Row(string name, IEnumerable<double> numbers)
        {
            text.Append(("           " + name).PadRight(StepWidth));
            foreach (var number in numbers)
            {
                text.Append(Rough(number).PadLeft(ErrorWidth));
            }

            text.Append('\n');
        }
    }

    private static void Chances(ReleasePlan plan, StringBuilder text)
    {
        if (plan.KeepChances.Count == 0)
        {
            return;
        }

        var each = (plan.Rounds.Count > 0 || plan.Spec.Selection is { Strategy: SelectionStrategy.WeightedGaussian }) && plan.Mechanisms[0].L0 > 1 ? string.Create(CultureInfo.InvariantCulture, $", each in {Short(plan.Mechanisms[0].L0)} partitions") : string.Empty;
        text.Append(CultureInfo.InvariantCulture, $"Units in a partition{each} -> chance it is shown\n");
        foreach (var chance in plan.KeepChances)
        {
            text.Append(Grouped(chance.Units).PadLeft(12)).Append("   ").Append(Chance(chance.Probability)).Append('\n');
        }

        text.Append('\n');
    }

    private static void Line(StringBuilder text, string step, string stability, string noise) =>
        text.Append((step.PadRight(StepWidth - 1) + " " + stability.PadRight(StabilityWidth) + " " + noise).TrimEnd()).Append('\n');
}
