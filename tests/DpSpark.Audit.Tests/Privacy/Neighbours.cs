using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>A release that is wrong on purpose.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Change">Changes the stages' description after planning, so that the plan claims what it did.</param>
/// <param name="OnlyUnit">Whether it changes only what the added unit may do: the releases without the unit are then distributed as the correct ones.</param>
internal sealed record WrongDouble(string Name, Func<StageSpec, StageSpec> Change, bool OnlyUnit = false);

/// <summary>Two tables that differ in one unit, a release of them, and what an attacker looks at.</summary>
internal sealed record Neighbours
{
    public required string Name { get; init; }

    public required ReleaseRequest Request { get; init; }

    /// <summary>The rows of both tables.</summary>
    public required IReadOnlyList<AuditRow> Others { get; init; }

    /// <summary>The rows of the one unit: more of them than L-infinity allows, in more partitions than L0, beyond the clamps.</summary>
    public required IReadOnlyList<AuditRow> Unit { get; init; }

    /// <summary>The rows that the unit has instead in the other table; none where a unit is added or removed.</summary>
    public IReadOnlyList<AuditRow> Instead { get; init; } = [];

    /// <summary>What is released of the plan; the whole unless the audit looks at its first pass alone.</summary>
    public Func<ReleasePlan, ReleasePlan> Pass { get; init; } = plan => plan;

    /// <summary>Whether the released table has no keys, or one that is null: the first row is looked at.</summary>
    public bool IsFirstRow { get; init; }

    /// <summary>The output that is looked at; null for the set of keys alone.</summary>
    public string? Output { get; init; } = "x";

    /// <summary>The keys that the unit may change.</summary>
    public required IReadOnlyList<long> Keys { get; init; }

    /// <summary>The number without the unit, in each key.</summary>
    public double Base { get; init; }

    /// <summary>What the unit would add to it in each key if nothing bounded it but the bounds.</summary>
    public double Change { get; init; } = 1;

    /// <summary>Further outputs that are looked at together with the first; all have the same share of epsilon, so their likelihood ratios add up.</summary>
    public IReadOnlyList<(string Output, double Base, double Change)> More { get; init; } = [];

    /// <summary>A unit of the numbers whose remainders are looked at, too; 0 for none.</summary>
    public double Lattice { get; init; }

    /// <summary>The bound that the audit must reach on the correct release; it shows that the audit sees most of what there is to be seen. 0 where little can be seen.</summary>
    public double Tight { get; init; }

    public IReadOnlyList<WrongDouble> Doubles { get; init; } = [];

    public override string ToString() => Name;

    /// <summary>The likelihood ratio of Laplace noise, that of Gaussian noise, the largest number, the number of keys shown, and the remainder.</summary>
    public double[] Statistics(Func<string, long, double> valueOf)
    {
        var (clamped, total, largest, shown, remainder) = (0.0, 0.0, double.NegativeInfinity, 0, 0.0);
        foreach (var key in Keys)
        {
            var value = valueOf(Output ?? (Request.Aggregates.Count > 0 ? Request.Aggregates[0].Output : ""), key);
            if (double.IsNegativeInfinity(value))
            {
                continue;
            }

            shown++;
            var scaled = (value - Base) / Change;
            clamped += Math.Clamp(scaled, 0, 1);
            total += scaled;
            largest = Math.Max(largest, scaled);
            foreach (var (name, start, change) in More)
            {
                var other = (valueOf(name, key) - start) / change;
                clamped += Math.Clamp(other, 0, 1);
                total += other;
            }

            remainder = Lattice > 0 ? value - (Math.Floor(value / Lattice) * Lattice) : 0;
        }

        return Output is null ? [shown] : [clamped + shown, total, largest, shown, remainder];
    }
}
