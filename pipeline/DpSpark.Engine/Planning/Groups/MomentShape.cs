namespace DpSpark.Engine.Planning.Groups;

/// <summary>How the aggregates of one column share what is drawn. The planner tries those that make a difference and keeps the one with the smallest predicted error.</summary>
/// <param name="JoinSums">A sum that could be drawn alone is read off the centred sum and the count, or off soft bins.</param>
/// <param name="Split">Laplace noise goes to a centred sum and a count that all columns share, instead of two soft bins per column.</param>
/// <param name="CountFromBins">A requested count is read off a column's soft bins instead of being drawn.</param>
internal sealed record MomentShape(bool JoinSums, bool Split, bool CountFromBins)
{
    /// <summary>All shapes, the plainest first.</summary>
    internal static IReadOnlyList<MomentShape> All { get; } =
    [
        new(false, false, false), new(false, false, true), new(false, true, false),
        new(true, false, false), new(true, false, true), new(true, true, false),
    ];
}
