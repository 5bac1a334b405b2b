using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>The ways in which the audited releases are broken: each leaves the rest of the plan as it is.</summary>
internal static class Wrongs
{
    internal static WrongDouble L0(int bound) => new($"L0 is {bound}", s => s with { MaxPartitionsContributed = bound }, true);

    internal static WrongDouble LInf(int bound) => new($"Linf is {bound}", s => s with { MaxContributionsPerPartition = bound }, true);

    /// <summary>The clamps are twice as wide.</summary>
    internal static WrongDouble Clamp() => new(
        "clamps twice as wide", s => s with { Accumulators = [.. s.Accumulators.Select(a => a with { Lower = 2 * a.Lower, Upper = 2 * a.Upper })] }, true);

    /// <summary>Half the scale, or half of sigma, in every draw and in the selection.</summary>
    internal static WrongDouble Scale(int factor = 2) => new($"noise divided by {factor}", s => s with
    {
        Nodes = [.. s.Nodes.Select(n => n with { Draws = [.. n.Draws.Select(d => d with { Noise = Narrow(d.Noise, factor) })] })],
        Selection = s.Selection is { Noise: { } noise } selection ? selection with { Noise = Narrow(noise, factor) } : s.Selection,
    });

    /// <summary>The selection's noise alone is narrower; its threshold stays.</summary>
    internal static WrongDouble SelectionScale(int factor) => new($"selection noise divided by {factor}", s => s with { Selection = s.Selection! with { Noise = Narrow(s.Selection.Noise!, factor) } });

    /// <summary>The threshold is lower by one unit of a privacy id count.</summary>
    internal static WrongDouble Threshold() => new(
        "threshold one lower", s => s with { Selection = s.Selection! with { Threshold = s.Selection.Threshold - (BigInteger.One << -s.Selection.NoiseGrid.BinaryExponent) } });

    /// <summary>The table is read one entry too far.</summary>
    internal static WrongDouble Table() => new("table one entry ahead", s => s with { Selection = s.Selection! with { Table = [.. s.Selection.Table.Skip(1)] } });

    internal static WrongDouble PreThreshold(int bound) => new($"pre-threshold is {bound}", s => s with { Selection = s.Selection! with { PreThreshold = bound } });

    private static NoiseSpec Narrow(NoiseSpec noise, int factor) =>
        noise with { Denominator = noise.Denominator * (noise.Kind == NoiseKind.DiscreteLaplace ? factor : factor * factor) };
}
