using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Quantiles;

/// <summary>What is computed once per tree to read ranks off its noisy measurements. Immutable and thread safe.</summary>
/// <remarks>
/// The cells (first level; the first two where families are measured as they are) are solved together by least squares; below them a walk joins each family with what is known of its parent.
/// </remarks>
public sealed class TreeDecoder
{
    /// <summary>Prepares a tree.</summary>
    /// <param name="spec">The tree.</param>
    /// <param name="totalVariance">Variance of the noise of a total that is known besides, or null for none.</param>
    /// <exception cref="ArgumentException">The tree has no level, or a level's code does not determine its counts.</exception>
    public TreeDecoder(TreeSpec spec, double? totalVariance = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Levels.Count == 0 || spec.Branching < 2)
        {
            throw new ArgumentException("A tree has levels, and at least two children per node.", nameof(spec));
        }

        Spec = spec;
        Branching = spec.Branching;
        Height = spec.Levels.Count;
        CellLevels = Height > 1 && spec.Levels[0].Coefficients.Count == 0 && spec.Levels[1].Coefficients.Count == 0 ? 2 : 1;
        Families = new FamilyDecoder[Height];
        for (var level = 0; level < Height; level++)
        {
            var known = level > 0 && Same(spec.Levels[level], spec.Levels[level - 1]) && level > CellLevels;
            Families[level] = level == 0 && CellLevels == 2 ? Joint(spec) : known ? Families[level - 1] : Single(spec.Levels[level], Branching);
        }

        if (totalVariance is { } variance)
        {
            Families[0] = Families[0].WithTotal(variance);
        }
    }

    /// <summary>Levels below the root.</summary>
    public int Height { get; }

    /// <summary>Children per node.</summary>
    public int Branching { get; }

    /// <summary>Cells that are solved together.</summary>
    public int Cells => Families[0].Cells;

    internal TreeSpec Spec { get; }

    /// <summary>Levels above which cells are solved together: 1 or 2.</summary>
    internal int CellLevels { get; }

    /// <summary>Decoders per level; the first one is that of the cells.</summary>
    internal FamilyDecoder[] Families { get; }

    /// <summary>Standard deviation of (values below) - rank · (all values), at the cell that holds this share of the range.</summary>
    /// <param name="rank">0 to 1.</param>
    /// <param name="place">Share of the range, 0 to 1.</param>
    public double RankDeviation(double rank, double place) => Math.Sqrt(Math.Max(0, RankVariance(Math.Clamp((int)(place * Cells), 1, Cells) - 1, rank)));

    /// <summary>As <see cref="RankDeviation(double, double)"/>, with the total measured once more beside the tree.</summary>
    /// <param name="rank">0 to 1.</param>
    /// <param name="place">Share of the range.</param>
    /// <param name="totalVariance">Variance of that measurement's noise.</param>
    internal double RankDeviation(double rank, double place, double totalVariance)
    {
        // Least squares: what the second total and the tree's disagree about is taken off, by the part that their errors have in common.
        var (cells, cell) = (Families[0], Math.Clamp((int)(place * Cells), 1, Cells) - 1);
        var all = cells.Covariance(Cells - 1, Cells - 1);
        var common = cells.Covariance(cell, Cells - 1) - (rank * all);
        return Math.Sqrt(Math.Max(0, RankVariance(cell, rank) - (common * common / (all + totalVariance))));
    }

    internal double RankVariance(int cell, double rank)
    {
        var cells = Families[0];
        var all = cells.Cells - 1;
        return cells.Covariance(cell, cell) - (2 * rank * cells.Covariance(cell, all)) + (rank * rank * cells.Covariance(all, all));
    }

    private static bool Same(TreeLevelSpec left, TreeLevelSpec right)
    {
        if (left.Noise != right.Noise || left.Coefficients.Count != right.Coefficients.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Coefficients.Count; i++)
        {
            if (left.Coefficients[i] != right.Coefficients[i])
            {
                return false;
            }
        }

        return true;
    }

    internal static double VarianceOf(NoiseSpec noise)
    {
        var parameter = (double)noise.Numerator / (double)noise.Denominator;
        return noise.Kind == NoiseKind.DiscreteLaplace ? 2 * parameter * parameter : parameter;
    }

    private static FamilyDecoder Single(TreeLevelSpec level, int branching)
    {
        if (level.Coefficients.Count != 0 && level.Coefficients.Count != branching)
        {
            throw new ArgumentException("A level's code has another length than its families.");
        }

        var rows = new double[branching][];
        var variances = new double[branching];
        Array.Fill(variances, VarianceOf(level.Noise));
        for (var i = 0; i < branching; i++)
        {
            rows[i] = new double[branching];
            for (var j = 0; j < branching; j++)
            {
                rows[i][j] = level.Coefficients.Count > 0 ? PrefixCode.Entry(level.Coefficients, i, j) : i == j ? 1 : 0;
            }
        }

        return new FamilyDecoder(rows, variances);
    }

    private static FamilyDecoder Joint(TreeSpec spec)
    {
        var b = spec.Branching;
        var rows = new double[b + (b * b)][];
        var variances = new double[rows.Length];
        for (var r = 0; r < rows.Length; r++)
        {
            rows[r] = new double[b * b];
            variances[r] = VarianceOf(spec.Levels[r < b ? 0 : 1].Noise);
            if (r < b)
            {
                Array.Fill(rows[r], 1, r * b, b);
            }
            else
            {
                rows[r][r - b] = 1;
            }
        }

        return new FamilyDecoder(rows, variances);
    }
}
