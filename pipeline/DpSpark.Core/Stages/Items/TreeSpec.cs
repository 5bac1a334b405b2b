namespace DpSpark.Core.Stages.Items;

/// <summary>
/// A tree of counts over the leaves of an item list: every family of <see cref="Branching"/> siblings is measured with noise, families without data as well; every quantile is read off it
/// (dp-math.md 3.8, 7.3).
/// </summary>
public sealed record TreeSpec
{
    /// <summary>Name of the output that pays for it: the noise of family i of the tree is drawn under (Output, "node", i), families numbered level by level from the root.</summary>
    public required string Output { get; init; }

    /// <summary>Index into <see cref="StageSpec.Items"/>.</summary>
    public required int Item { get; init; }

    /// <summary>
    /// Index of a draw of the release, counted over the nodes in order, that is the noisy number of all rows, so of all values of the tree; -1 for none. It is there anyway: reading it is
    /// post-processing, and a better total makes better ranks.
    /// </summary>
    public int TotalDraw { get; init; } = -1;

    /// <summary>Children per node.</summary>
    public required int Branching { get; init; }

    /// <summary>The levels below the root; leaves = Branching^Levels.</summary>
    public required IReadOnlyList<TreeLevelSpec> Levels { get; init; }
}

/// <summary>How the families of one level are measured.</summary>
public sealed record TreeLevelSpec
{
    /// <summary>
    /// First column c of the integer matrix C that a family's counts x are multiplied with before noise: C[i][j] = c[i - j] for j at most i, else -c[i - j + Branching]. Empty for the identity:
    /// the counts themselves. Every column has the norms of c, so one value changes C x by l2 norm |c|.
    /// </summary>
    public IReadOnlyList<long> Coefficients { get; init; } = [];

    /// <summary>The noise on every entry of C x.</summary>
    public required NoiseSpec Noise { get; init; }
}
