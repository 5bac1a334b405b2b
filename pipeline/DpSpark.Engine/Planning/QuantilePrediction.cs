using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning;

/// <summary>The predicted error of one quantile, minimum or maximum.</summary>
/// <param name="Output">The released column.</param>
/// <param name="Value">Root mean square error in the column's unit.</param>
/// <param name="Rank">Root mean square error in ranks, that is in rows: how far the cumulative count at the released number is from the rank that was asked for.</param>
public sealed record QuantileError(string Output, double Value, double Rank);

/// <summary>Predicts the errors of the numbers that are read off one tree of counts, at given values: the walk of a release under simulated noise of the plan's law.</summary>
/// <remarks>
/// The walk, its least squares, its total, its fallback where a partition looks empty and the place of a minimum or maximum are the release's own code. With n simulations a prediction has a
/// relative standard error of about 1/sqrt(2n). The same seed and the same calls give the same numbers. Not thread safe.
/// </remarks>
public sealed class QuantilePrediction : IDisposable
{
    private readonly TreeSimulation _tree;
    private readonly double[] _exact;
    private readonly double[] _ranks;
    private readonly double[] _numbers;

    internal QuantilePrediction(StageSpec spec, TreeSimulation tree)
    {
        _tree = tree;
        var length = tree.Nodes.Count;
        (_exact, _ranks, _numbers) = (new double[length], new double[length], new double[length]);
        Outputs = [.. tree.Nodes.Select(n => spec.Nodes[n].Output)];
    }

    /// <summary>The columns that are read off the tree, a minimum first, then by rank, a maximum last.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Takes the values of a partition.</summary>
    /// <param name="values">The bounded rows' values, in any order; those beyond the bounds count as the bounds.</param>
    public void Take(ReadOnlySpan<double> values)
    {
        _tree.Take(values);
        _tree.Exactly(_exact);
        for (var i = 0; i < _exact.Length; i++)
        {
            _ranks[i] = _tree.Target(i);
        }
    }

    /// <summary>What is released of the values without noise.</summary>
    /// <param name="output">One of <see cref="Outputs"/>.</param>
    public double Exact(string output) => _exact[IndexOf(output)];

    /// <summary>How many rows a number is off the rank that was asked for: by cumulative counts, linear within a leaf as the walk is, and 0 where the rank falls among equal values.</summary>
    /// <param name="output">One of <see cref="Outputs"/>.</param>
    /// <param name="released">A number.</param>
    public double RankError(string output, double released)
    {
        var i = IndexOf(output);
        return _tree.RankOf(released, _ranks[i]) - _ranks[i];
    }

    /// <summary>The predicted errors at the values that were taken.</summary>
    /// <param name="simulations">How often noise is simulated; further calls go on with further noise.</param>
    /// <returns>One for each of <see cref="Outputs"/>.</returns>
    public IReadOnlyList<QuantileError> Predict(int simulations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(simulations, 1);
        var values = new double[_exact.Length];
        var ranks = new double[_exact.Length];
        for (var s = 0; s < simulations; s++)
        {
            _tree.Next(_numbers);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] += Math.Pow(_numbers[i] - _exact[i], 2);
                ranks[i] += Math.Pow(_tree.RankOf(_numbers[i], _ranks[i]) - _ranks[i], 2);
            }
        }

        return [.. Outputs.Select((o, i) => new QuantileError(o, Math.Sqrt(values[i] / simulations), Math.Sqrt(ranks[i] / simulations)))];
    }

    /// <inheritdoc/>
    public void Dispose() => _tree.Dispose();

    private int IndexOf(string output)
    {
        for (var i = 0; i < Outputs.Count; i++)
        {
            if (Outputs[i] == output)
            {
                return i;
            }
        }

        throw new ArgumentException($"{output} is not read off this tree.", nameof(output));
    }
}
