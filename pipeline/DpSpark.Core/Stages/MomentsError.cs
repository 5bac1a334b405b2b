using System.Numerics;
using DpSpark.Core.Aggregation;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Stages;

/// <summary>The expected squared error of a number that is read off noisy moments, at given exact moments: the reading itself, with its cut-offs, over the law of every draw.</summary>
/// <remarks>
/// A sum over the product of the draws' <see cref="NoiseNodes"/>; the draws of a node are independent. Nothing is linearised, so that it holds for counts near zero, too.
/// Cost: nodes per draw to the power of draws, at most 3·10^6 readings of some 5 ns. Thread safe.
/// </remarks>
internal sealed class MomentsError
{
    private readonly MomentsNode _node;
    private readonly NoisyMoments[][] _steps;
    private readonly double[][] _weights;

    /// <summary>Prepares a node.</summary>
    /// <param name="node">A node of the form <see cref="NodeForm.Moments"/>.</param>
    /// <param name="perPanel">Nodes per panel of each draw; null for as many as are enough.</param>
    public MomentsError(NodeSpec node, int? perPanel = null)
    {
        _node = new MomentsNode(node, null);

        // Draws that the number does not read are left out: the squares, where a mean shares its sum with a variance.
        int[] read = node.Aggregate switch
        {
            AggregateKind.Count or AggregateKind.PrivacyIdCount => [0],
            AggregateKind.Sum or AggregateKind.Mean => [0, 1],
            _ => [0, 1, 2, 3],
        };
        var draws = new List<int>();
        for (var d = 0; d < node.Draws.Count; d++)
        {
            if (Array.Exists(read, m => _node.Rows[m][d] != 0))
            {
                draws.Add(d);
            }
        }

        _steps = new NoisyMoments[draws.Count][];
        _weights = new double[draws.Count][];
        for (var i = 0; i < draws.Count; i++)
        {
            var d = draws[i];
            var (nodes, weights) = NoiseNodes.Of(node.Draws[d].Noise, perPanel ?? (draws.Count > 2 ? 2 : 6));
            var unit = node.Draws[d].Grid.ToDouble(BigInteger.One);
            _weights[i] = weights;
            _steps[i] = new NoisyMoments[nodes.Length];
            for (var k = 0; k < nodes.Length; k++)
            {
                var x = nodes[k] * unit;
                _steps[i][k] = new NoisyMoments { Count = _node.Rows[0][d] * x, First = _node.Rows[1][d] * x, Second = _node.Rows[2][d] * x, Product = _node.Rows[3][d] * x };
            }
        }
    }

    /// <summary>E (released - exact)², where exact is what the same reading gives without noise.</summary>
    /// <param name="count">Rows, at least 0.</param>
    /// <param name="mean">Mean of the first column, within its bounds.</param>
    /// <param name="secondMean">Mean of the second column; not looked at where there is one.</param>
    /// <param name="covariance">Covariance of the two; the variance where there is one column.</param>
    /// <param name="isPair">Whether there are two columns.</param>
    public double MeanSquare(double count, double mean, double secondMean, double covariance, bool isPair)
    {
        var first = mean - _node.Middle;
        var second = isPair ? secondMean - _node.SecondMiddle : first;
        var exact = new NoisyMoments { Count = count, First = count * first, Second = count * second, Product = count * (covariance + (first * second)) };
        return Sum(0, exact, _node.ValueOf(exact));
    }

    private double Sum(int draw, in NoisyMoments at, double exact)
    {
        var steps = _steps[draw];
        var weights = _weights[draw];
        double sum = 0;
        if (draw + 1 < _steps.Length)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                sum += weights[i] * Sum(draw + 1, Plus(at, steps[i]), exact);
            }

            return sum;
        }

        for (var i = 0; i < steps.Length; i++)
        {
            var error = _node.ValueOf(Plus(at, steps[i])) - exact;
            sum += weights[i] * error * error;
        }

        return sum;
    }

    private static NoisyMoments Plus(in NoisyMoments a, in NoisyMoments b) =>
        new() { Count = a.Count + b.Count, First = a.First + b.First, Second = a.Second + b.Second, Product = a.Product + b.Product };
}
