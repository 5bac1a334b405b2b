using System.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Recomputes the privacy of a first pass from the integers of its stage description alone: histograms, terms and noise.</summary>
/// <remarks>
/// A unit is in one bin of each histogram, so it changes one draw of each by the draw's coefficient: the epsilon of a histogram is the largest coefficient over scale among its bins, and the
/// histograms add up. Source: dp-math.md 5.1, 6.2.
/// </remarks>
internal static class BoundsAudit
{
    /// <summary>Epsilon of the first pass, exact.</summary>
    internal static Rational Recompute(StageSpec spec, List<string> findings)
    {
        var histogramOf = new List<int>();
        for (var h = 0; h < (spec.Profile?.Count ?? 0); h++)
        {
            histogramOf.AddRange(Enumerable.Repeat(h, new ProfileBins(spec.Profile![h].Octaves, spec.Profile[h].IsSigned).Count));
        }

        var largest = new Rational[spec.Profile?.Count ?? 0];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var taken = new HashSet<int>();
        foreach (var node in spec.Nodes)
        {
            var sound = node.Form == NodeForm.Direct && node.Draws.Count == 1 && node.Draws[0] is { Part: FirstPass.Part, SharedWith: null, Shift: 0, Noise.Kind: NoiseKind.DiscreteLaplace, Terms.Count: 1 };
            if (!sound || !seen.Add(node.Output) || node.Draws[0].Terms[0].Accumulator is var at && (at < 0 || at >= histogramOf.Count || !taken.Add(at)))
            {
                findings.Add("A number of the first pass is not one bin with Laplace noise of its own.");
                continue;
            }

            var draw = node.Draws[0];
            var epsilon = new Rational(BigInteger.Abs(draw.Terms[0].Coefficient) * draw.Noise.Denominator, draw.Noise.Numerator);
            ref var most = ref largest[histogramOf[draw.Terms[0].Accumulator]];
            most = epsilon > most ? epsilon : most;
        }

        return largest.Aggregate(Rational.Zero, (sum, e) => sum + e);
    }
}
