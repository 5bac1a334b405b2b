using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>Sums of several columns whose rows are clipped together to a norm and rounded toward zero on one grid (dp-math.md 3.7).</summary>
internal sealed class VectorGroup : NumberGroup
{
    /// <summary>Least and most bits of the norm on the grid.</summary>
    private const int LeastBits = 14;
    private const int MostBits = 45;
    private readonly AggregateRequest _request;
    private GridUnit _grid = GridUnit.One;

    internal VectorGroup(PlanContext context, AggregateRequest request)
        : base(context) => _request = request;

    private Rational MaxNorm => Rational.From(_request.MaxNorm!.Value);

    private int Dimension => _request.Columns!.Count;

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level)
    {
        // A joint norm must not be rounded after summation, so with Gaussian noise the grid itself leaves sigma narrow.
        var noise = (int)Math.Floor(Math.Log2(Variance(level.Kind, level.Value)) / 2);
        var norm = MaxNorm.FloorLog2();
        _grid = new GridUnit(Math.Clamp(noise - (level.Kind == NoiseKind.DiscreteLaplace ? 40 : 22), norm - MostBits, norm - LeastBits));
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var bound = (MaxNorm / BoundsGrid.UnitValue(_grid)).Floor();
        var (l1, l2Squared) = RowNorms(bound);
        var first = Context.AppendAccumulators(_request.Columns!.Select((column, i) => new AccumulatorSpec
        {
            Kind = AccumulatorKind.Coordinate,
            Column = column,
            Grid = _grid,
            Lower = (long)-bound,
            Upper = (long)bound,
            Index = i,
            Norm = _request.Norm,
        }));
        return [.. Enumerable.Range(0, Dimension).Select(i =>
            Draw(Context.JointQuery("sum", [new(first + i, BigInteger.One)], _grid, bound, l1, l2Squared), level, One))];
    }

    /// <inheritdoc/>
    internal override bool IsWhole => false;

    /// <inheritdoc/>
    internal override double Reference(AggregateRequest request) => MaxNorm.ToDouble() * (double)Context.Norms.RowsPerPartition!.Value;

    /// <inheritdoc/>
    internal override double Variance(NoiseKind kind, double amount)
    {
        var norm = MaxNorm.ToDouble();
        var (l1, l2Squared) = _request.Norm switch
        {
            VectorNorm.L1 => (1.0, 1.0),
            VectorNorm.L2 => (Math.Sqrt(Dimension), 1.0),
            _ => (Dimension, (double)Dimension),
        };
        return norm * norm * (kind == NoiseKind.DiscreteLaplace ? l1 * l1 * Context.LaplaceVariance(amount) : l2Squared * Context.GaussianVariance(amount, false));
    }

    /// <summary>l1 and squared l2 norm of a vector within the bound, in units.</summary>
    private (BigInteger L1, BigInteger L2Squared) RowNorms(BigInteger bound) => _request.Norm switch
    {
        VectorNorm.L1 => (bound, bound * bound),
        VectorNorm.L2 => (CeilingRoot(bound * bound * Dimension), bound * bound),
        _ => (bound * Dimension, bound * bound * Dimension),
    };

    private static BigInteger CeilingRoot(BigInteger square)
    {
        var root = (BigInteger)Math.Sqrt((double)square);
        while (root * root < square)
        {
            root++;
        }

        while (root > 0 && (root - 1) * (root - 1) >= square)
        {
            root--;
        }

        return root;
    }
}
