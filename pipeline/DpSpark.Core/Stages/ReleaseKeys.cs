using DpSpark.Core.Noise;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>What steps 5 and 6 share between threads: samplers, selection rule and stream keys of every draw of a release. Dispose it to clear the secret.</summary>
/// <remarks>Every draw has its own metric bytes, so no two draws of a release use one stream (dp-math.md 1.2).</remarks>
public sealed class ReleaseKeys : IDisposable
{
    /// <summary>Reserved metric name of a selection that draws for itself.</summary>
    public const string SelectionMetric = "partition_selection";

    private const string CountPart = "count";

    private readonly Dictionary<string, StreamKeys> _streams = [];

    /// <summary>Prepares the draws of a release.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="secret">32 bytes.</param>
    /// <param name="release">Bytes of the release id.</param>
    public ReleaseKeys(StageSpec spec, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release)
    {
        Spec = spec;
        var draws = new List<Draw>();
        var known = new Dictionary<string, int>();
        var nodes = new int[spec.Nodes.Count][];
        for (var n = 0; n < nodes.Length; n++)
        {
            nodes[n] = new int[spec.Nodes[n].Draws.Count];
            for (var d = 0; d < nodes[n].Length; d++)
            {
                // Nodes that use one number of one stream draw it once.
                var draw = spec.Nodes[n].Draws[d];
                var output = draw.SharedWith ?? spec.Nodes[n].Output;
                var number = $"{output}\0{draw.Part}\0{draw.Shift}\0{string.Join(',', draw.Terms)}";
                if (!known.TryGetValue(number, out nodes[n][d]))
                {
                    known[number] = nodes[n][d] = draws.Count;
                    draws.Add(new Draw(draw, new NoiseSampler(draw.Noise), StreamOf(output, draw.Part, secret, release)));
                }
            }
        }

        Trees = new TreeKeys[spec.Trees.Count];
        for (var t = 0; t < Trees.Length; t++)
        {
            Trees[t] = new TreeKeys(spec, spec.Trees[t], secret, release);
        }

        DrawsOf = nodes;
        Draws = draws;
        var rounds = new List<StreamKeys>();
        for (var round = 0; round < (spec.TopK?.K ?? 0); round++)
        {
            var stream = new StreamKeys(secret, release, MetricBytes.Of(TopKSpec.Metric, "select", (ulong)round));
            _streams[TopKSpec.Metric + "\0select\0" + round.ToString(System.Globalization.CultureInfo.InvariantCulture)] = stream;
            rounds.Add(stream);
        }

        TopKStreams = rounds;
        if (spec.Selection is not { } selection)
        {
            return;
        }

        if (selection.Strategy == SelectionStrategy.TruncatedGeometric)
        {
            Table = new TruncatedGeometricTable(selection.Table);
            SelectionStream = StreamOf(SelectionMetric, "select", secret, release);
        }
        else if (selection.SharedOutput is { } shared)
        {
            SharedDraw = -1;
            for (var n = 0; n < nodes.Length; n++)
            {
                for (var d = 0; d < spec.Nodes[n].Draws.Count && spec.Nodes[n].Output == shared; d++)
                {
                    SharedDraw = spec.Nodes[n].Draws[d].Part == CountPart ? nodes[n][d] : SharedDraw;
                }
            }

            if (SharedDraw < 0)
            {
                throw new InvalidOperationException("DPS9005: the selection shares the count of an output that the release does not have.");
            }
        }
        else
        {
            SelectionSampler = new NoiseSampler(selection.Noise ?? throw new InvalidOperationException("DPS9006: a threshold without noise."));
            SelectionStream = selection.Round > 0 ? RoundOf(selection.Round, secret, release) : StreamOf(SelectionMetric, "select", secret, release);
        }
    }

    /// <summary>The release.</summary>
    public StageSpec Spec { get; }

    /// <summary>Per node, which of <see cref="Draws"/> its draws are.</summary>
    internal int[][] DrawsOf { get; }

    internal IReadOnlyList<Draw> Draws { get; }

    internal TreeKeys[] Trees { get; }

    internal TruncatedGeometricTable? Table { get; }

    internal NoiseSampler? SelectionSampler { get; }

    internal StreamKeys? SelectionStream { get; }

    /// <summary>One stream for each round of a top-k draw.</summary>
    internal IReadOnlyList<StreamKeys> TopKStreams { get; }

    /// <summary>Index of the draw that is also the selection's count, or -1.</summary>
    internal int SharedDraw { get; } = -1;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var stream in _streams.Values)
        {
            stream.Dispose();
        }

        foreach (var tree in Trees)
        {
            tree.Dispose();
        }
    }

    private StreamKeys RoundOf(int round, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release) =>
        _streams[$"{SelectionMetric}\0round\0{round}"] = new StreamKeys(secret, release, MetricBytes.Of(SelectionMetric, "round", (ulong)round));

    private StreamKeys StreamOf(string output, string part, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release)
    {
        var name = output + "\0" + part;
        if (!_streams.TryGetValue(name, out var stream))
        {
            _streams[name] = stream = new StreamKeys(secret, release, MetricBytes.Of(output, part));
        }

        return stream;
    }

    internal sealed record Draw(DrawSpec Spec, NoiseSampler Sampler, StreamKeys Stream);
}
