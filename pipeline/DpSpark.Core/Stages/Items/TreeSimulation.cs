using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using DpSpark.Core.Noise;

namespace DpSpark.Core.Stages.Items;

/// <summary>Reads the quantiles of given values off a tree again and again, each time with other noise of the plan's law: the very walk of a release, under a key of its own that is not secret.</summary>
/// <remarks>For predictions: what is simulated is the plan's noise, never that of a release. The same seed gives the same numbers. Not thread safe.</remarks>
internal sealed class TreeSimulation : IDisposable
{
    private readonly StageSpec _spec;
    private readonly TreeKeys _keys;
    private readonly List<int> _which = [];
    private readonly KeyedStream _stream = new();
    private readonly StreamKeys? _totalKeys;
    private readonly NoiseSampler? _total;
    private readonly TreeRelease _exactly;
    private readonly TreeRelease _noisily;
    private readonly Int128[] _drawn;
    private readonly (double Value, double Low, double High)[] _numbers;
    private readonly SortedDictionary<long, long> _byLeaf = [];
    private ulong[] _words = [];
    private long[] _leaves = [];
    private long[] _before = [];
    private long _count;
    private ulong _done;

    /// <summary>Prepares a tree.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="tree">Index of the tree.</param>
    /// <param name="seed">Of the noise.</param>
    public TreeSimulation(StageSpec spec, int tree, int seed)
    {
        _spec = spec;
        Span<byte> material = stackalloc byte[20];
        "simulated quantile"u8[..16].CopyTo(material);
        BinaryPrimitives.WriteInt32LittleEndian(material[16..], seed);
        var secret = SHA256.HashData(material);
        _keys = new TreeKeys(spec, spec.Trees[tree], secret, "simulation"u8);
        var of = spec.Trees[tree].TotalDraw;
        _drawn = new Int128[of + 1];
        if (of >= 0)
        {
            _total = new NoiseSampler(TreeKeys.DrawOf(spec, of).Noise);
            _totalKeys = new StreamKeys(secret, "simulation"u8, MetricBytes.Of("total", "count"));
        }

        for (var n = 0; n < spec.Nodes.Count; n++)
        {
            if (spec.Nodes[n].Form == NodeForm.Quantile && spec.Nodes[n].Tree == tree)
            {
                _which.Add(n);
            }
        }

        _which.Sort((a, b) => TreeReaders.Order(spec.Nodes[a]).CompareTo(TreeReaders.Order(spec.Nodes[b])));
        _numbers = new (double Value, double Low, double High)[spec.Nodes.Count];
        _exactly = new TreeRelease(_keys, false, null, _stream);
        _noisily = new TreeRelease(_keys, true, null, _stream);
    }

    /// <summary>The nodes that are read, in the order of their ranks: indices into <see cref="StageSpec.Nodes"/>.</summary>
    public IReadOnlyList<int> Nodes => _which;

    /// <summary>Number of values.</summary>
    public long Count => _count;

    /// <summary>Takes the values of a partition.</summary>
    /// <param name="values">In real units, in any order; those beyond the bounds count as the bounds.</param>
    public void Take(ReadOnlySpan<double> values)
    {
        _byLeaf.Clear();
        foreach (var value in values)
        {
            var leaf = LeafOf(value);
            _byLeaf[leaf] = _byLeaf.GetValueOrDefault(leaf) + 1;
        }

        _count = values.Length;
        _words = new ulong[_byLeaf.Count];
        _leaves = new long[_byLeaf.Count];
        _before = new long[_byLeaf.Count + 1];
        var i = 0;
        foreach (var (leaf, count) in _byLeaf)
        {
            _words[i] = ItemLog.Pack(leaf, count);
            _leaves[i] = leaf;
            _before[++i] = _before[i - 1] + count;
        }
    }

    /// <summary>The cumulative count that a node asks for: that of its rank, or of the end that a minimum or maximum leaves out.</summary>
    /// <param name="at">Index into <see cref="Nodes"/>.</param>
    public double Target(int at) => _exactly.RankOf(_spec.Nodes[_which[at]], _count) * _count;

    /// <summary>What is released without noise, per node of <see cref="Nodes"/>.</summary>
    /// <param name="numbers">Receives them.</param>
    public void Exactly(Span<double> numbers) => Read(_exactly, [], numbers, Int128.Zero);

    /// <summary>What is released with the next noise, per node of <see cref="Nodes"/>.</summary>
    /// <param name="numbers">Receives them.</param>
    public void Next(Span<double> numbers)
    {
        Span<byte> draw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(draw, _done++);
        var noise = Int128.Zero;
        if (_total is not null)
        {
            _totalKeys!.Open(draw, _stream);
            noise = _total.Sample(_stream);
        }

        Read(_noisily, draw, numbers, noise);
    }

    /// <summary>The cumulative count that a released number stands for: the one nearest to a rank where several values share it, linear within a leaf of several values as the walk is.</summary>
    /// <param name="value">A number within the bounds.</param>
    /// <param name="near">A cumulative count.</param>
    public double RankOf(double value, double near)
    {
        var leaf = LeafOf(value);
        var at = Array.BinarySearch(_leaves, leaf);
        if (at < 0)
        {
            return _before[~at];
        }

        var (first, last) = (Real(_keys.Leaves.First(leaf)), Real(_keys.Leaves.Last(leaf)));
        return last > first
            ? _before[at] + (Math.Clamp((value - first) / (last - first), 0, 1) * (_before[at + 1] - _before[at]))
            : Math.Clamp(near, _before[at], _before[at + 1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _totalKeys?.Dispose();
    }

    private void Read(TreeRelease tree, ReadOnlySpan<byte> partition, Span<double> numbers, Int128 noise)
    {
        if (_total is not null)
        {
            _drawn[^1] = (Int128)Math.Round(_count / _keys.TotalGrid!.ToDouble(BigInteger.One)) + noise;
        }

        tree.Release(partition, _words, _drawn, _spec.Nodes, _which, _numbers);
        for (var i = 0; i < _which.Count; i++)
        {
            numbers[i] = _numbers[_which[i]].Value;
        }
    }

    private long LeafOf(double value)
    {
        // A released number is computed from whole units: what is a millionth of one below it, is it.
        var units = Math.Floor((value / Real(Int128.One)) + 1e-6);
        return _keys.Leaves.Of((long)Math.Clamp(units, _keys.Item.Lower, _keys.Item.Upper));
    }

    private double Real(Int128 units) => _keys.Item.Grid.ToDouble((BigInteger)units);
}
