using System.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Recomputes the privacy of a first pass from the integers of its stage description alone: histograms, terms and noise.</summary>
/// <remarks>
/// A unit is in one bin of each histogram: one that is added changes one draw of each by the draw's coefficient, one that is replaced two. What a histogram costs is decided by the largest
/// coefficient over scale, or its square over variance, among its bins. Source: dp-math.md 5.1, 5.3, 6.2.
/// </remarks>
internal static class BoundsAudit
{
    /// <summary>The cost of every histogram.</summary>
    /// <param name="spec">The first pass.</param>
    /// <param name="isReplaced">Whether a unit is replaced, not added or removed.</param>
    /// <param name="findings">Receives what is no bin with noise of its own.</param>
    internal static List<AuditCost> Recompute(StageSpec spec, bool isReplaced, List<string> findings)
    {
        var histogramOf = new List<int>();
        for (var h = 0; h < (spec.Profile?.Count ?? 0); h++)
        {
            histogramOf.AddRange(Enumerable.Repeat(h, new ProfileBins(spec.Profile![h].Octaves, spec.Profile[h].IsSigned).Count));
        }

        var laplace = new Rational[spec.Profile?.Count ?? 0];
        var gaussian = new Rational[laplace.Length];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var taken = new HashSet<int>();
        foreach (var node in spec.Nodes)
        {
            var sound = node.Form == NodeForm.Direct && node.Draws.Count == 1
                && node.Draws[0] is { Part: FirstPass.Part, SharedWith: null, Shift: 0, Terms.Count: 1, Noise: { Kind: NoiseKind.DiscreteLaplace or NoiseKind.DiscreteGaussian, Numerator.Sign: > 0, Denominator.Sign: > 0 } };
            if (!sound || !seen.Add(node.Output) || node.Draws[0].Terms[0].Accumulator is var at && (at < 0 || at >= histogramOf.Count || !taken.Add(at)))
            {
                findings.Add("A number of the first pass is not one bin with noise of its own.");
                continue;
            }

            var draw = node.Draws[0];
            var change = BigInteger.Abs(draw.Terms[0].Coefficient);
            var isLaplace = draw.Noise.Kind == NoiseKind.DiscreteLaplace;
            var cost = new Rational((isLaplace ? change : change * change) * draw.Noise.Denominator, draw.Noise.Numerator);
            ref var most = ref (isLaplace ? laplace : gaussian)[histogramOf[draw.Terms[0].Accumulator]];
            most = cost > most ? cost : most;
        }

        var changes = isReplaced ? 2 : 1;
        return [.. laplace.Where(e => e.Sign > 0).Select(e => AuditCost.Profile(e, changes)), .. gaussian.Where(m => m.Sign > 0).Select(m => AuditCost.GaussianProfile(m, changes))];
    }
}
