using System.Numerics;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;

namespace DpSpark.Tests.Engine.Local;

/// <summary>A random table and a release of it, run by the engine and, plainly, by the reference.</summary>
internal sealed record EngineCase
{
    private static readonly byte[] s_release = "test"u8.ToArray();

    public int? L0 { get; init; }

    public int? LInf { get; init; }

    public int? L1 { get; init; }

    public bool TextUnits { get; init; }

    public bool TextPartitions { get; init; }

    public bool Keyset { get; init; }

    /// <summary>Whether the keys of the keyset are those that are left out, as in a later round of selection.</summary>
    public bool LeavesOut { get; init; }

    public bool Sums { get; init; } = true;

    public bool TwoValues { get; init; }

    /// <summary>Distinct values of one unit in a partition that count; 0 for no items. Needs both values.</summary>
    public int MaxValues { get; init; }

    /// <summary>Whether units are weighted by the number of their partitions, and the sum of the weights is the last output.</summary>
    public bool Weights { get; init; }

    public int Seed { get; init; } = 1;

    public int Rows { get; init; } = 4000;

    public int Units { get; init; } = 60;

    public int Partitions { get; init; } = 25;

    /// <summary>Share of the rows that belong to unit 0.</summary>
    public double HeavyShare { get; init; }

    public byte[] Secret { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private (long Unit, long Partition, double Value, long Second)[]? _rows;

    private (long Unit, long Partition, double Value, long Second)[] Data => _rows ??= MakeRows();

    private (long, long, double, long)[] MakeRows()
    {
        var random = new Random(Seed);
        var rows = new (long, long, double, long)[Rows];
        for (var i = 0; i < rows.Length; i++)
        {
            var unit = random.NextDouble() < HeavyShare ? 0 : random.Next(Units);
            var partition = (long)(Math.Pow(random.NextDouble(), 2) * Partitions);
            rows[i] = (unit - 5, partition - 3, Math.Round((random.NextDouble() * 14) - 2, random.Next(3)), random.Next(-4, 5));
        }

        return rows;
    }

    private static string TextOf(long number) => "k" + number + new string('x', (int)(Math.Abs(number) % 11));

    public StageSpec Spec()
    {
        ColumnSpec[] columns =
        [
            new() { Name = "unit", SourceName = "unit", Type = TextUnits ? ColumnType.String : ColumnType.Long },
            new() { Name = "part", SourceName = "part", Type = TextPartitions ? ColumnType.String : ColumnType.Long },
            new() { Name = "value", SourceName = "value", Type = ColumnType.Double },
            new() { Name = "second", SourceName = "second", Type = ColumnType.Long },
        ];
        var noise = new NoiseSpec(NoiseKind.DiscreteLaplace, 3, 1, SamplerVersion.Cks);
        List<AccumulatorSpec> accumulators = [new() { Kind = AccumulatorKind.Count }];
        List<NodeSpec> nodes =
        [
            Node("units", AggregateKind.PrivacyIdCount, -1, "count", noise, GridUnit.One),
            Node("rows", AggregateKind.Count, 0, "count", noise, GridUnit.One),
        ];
        if (Sums)
        {
            accumulators.Add(new() { Kind = AccumulatorKind.Sum, Column = "value", Grid = new GridUnit(-20), Lower = 0, Upper = 10L << 20 });
            accumulators.Add(new() { Kind = AccumulatorKind.PartitionSum, Column = "value", Grid = new GridUnit(-10), Lower = -(1L << 10), Upper = 7L << 10 });
            nodes.Add(Node("sum", AggregateKind.Sum, 1, "sum", noise, new GridUnit(-20)));
            nodes.Add(Node("clamped", AggregateKind.Sum, 2, "sum", noise, new GridUnit(-10)));
        }

        if (TwoValues)
        {
            accumulators.Add(new() { Kind = AccumulatorKind.Sum, Column = "second", Lower = -3, Upper = 3 });
            nodes.Add(Node("second", AggregateKind.Sum, accumulators.Count - 1, "sum", noise, GridUnit.One));
        }

        if (MaxValues > 0)
        {
            nodes.Add(new NodeSpec { Output = "quantile", Aggregate = AggregateKind.Quantile, Form = NodeForm.Quantile, Draws = [], Tree = 0, Rank = "0.371" });
            nodes.Add(Node("seconds", AggregateKind.CountDistinct, Term.OfItem(1), "distinct", noise, GridUnit.One));
            nodes.Add(Node("values", AggregateKind.CountDistinct, Term.OfItem(2), "distinct", noise, GridUnit.One));
        }

        if (Weights)
        {
            accumulators.Add(new() { Kind = AccumulatorKind.Weight });
            nodes.Add(Node("weights", AggregateKind.Count, accumulators.Count - 1, "weights", noise, GridUnit.One));
        }

        return new StageSpec
        {
            Items = MaxValues == 0 ? [] :
            [
                new() { Kind = ItemKind.Leaf, Column = "second", Lower = -3, Upper = 3, Leaves = 7 },
                new() { Kind = ItemKind.Distinct, Column = "second", MaxValues = MaxValues },
                new() { Kind = ItemKind.Distinct, Column = "value", MaxValues = MaxValues },
            ],
            Trees = MaxValues == 0 ? [] : [new() { Output = "quantile", Item = 0, Branching = 7, Levels = [new() { Noise = noise }] }],
            Columns = columns,
            UnitColumns = ["unit"],
            PartitionBy = [new() { Name = "part", Column = "part", KeyType = TextPartitions ? ColumnType.String : ColumnType.Long }],
            PublicPartitions = Keyset && !LeavesOut,
            LeavesOutKeys = Keyset && LeavesOut,
            MaxPartitionsContributed = L0,
            MaxContributionsPerPartition = LInf,
            MaxContributions = L1,
            RecordColumns = Sums ? TwoValues ? ["value", "second"] : ["value"] : TwoValues ? ["second"] : [],
            Accumulators = accumulators,
            Selection = Keyset && !LeavesOut ? null : new() { Strategy = SelectionStrategy.LaplaceThreshold, Threshold = 1, Noise = noise },
            Nodes = nodes,
        };
    }

    private static NodeSpec Node(string output, AggregateKind kind, int accumulator, string part, NoiseSpec noise, GridUnit grid) => new()
    {
        Output = output,
        Aggregate = kind,
        Form = NodeForm.Direct,
        IsInteger = grid == GridUnit.One,
        Draws = [new() { Part = part, Terms = [new Term(accumulator, BigInteger.One)], Grid = grid, Noise = noise, StandardDeviation = 1 }],
    };

    public List<byte[]>? KeysetKeys()
    {
        if (!Keyset)
        {
            return null;
        }

        var keys = Enumerable.Range(-1, 12).Select(k => PartitionBytes(k)).ToList();
        var codec = new PartitionKeyCodec(Spec().PartitionBy);
        keys.Sort((a, b) => codec.Compare(a, b));
        return keys;
    }

    private byte[] UnitBytes(long unit) => Element(TextUnits, unit);

    private byte[] PartitionBytes(long partition) => Element(TextPartitions, partition);

    private static byte[] Element(bool text, long number)
    {
        var writer = new KeyWriter();
        if (text)
        {
            writer.WriteString(Encoding.UTF8.GetBytes(TextOf(number)));
        }
        else
        {
            writer.WriteInt64(number);
        }

        return writer.Written.ToArray();
    }

    public byte[] ReleaseId => s_release;

    /// <summary>The rows as a source gives them.</summary>
    public (Schema Schema, RecordBatch[] Batches) Batches(int splits, int shuffle)
    {
        var data = Data.ToArray();
        new Random(shuffle).Shuffle(data);
        var fields = new[] { "unit", "part", "value", "second" };
        var types = new[] { TextUnits ? ArrowType.Utf8 : ArrowType.Int64, TextPartitions ? ArrowType.Utf8 : ArrowType.Int64, ArrowType.Double, ArrowType.Int64 };
        var schema = new Schema([.. fields.Zip(types, (n, t) => new Field(n, t))]);
        var batches = data.Chunk(Math.Max(1, data.Length / splits / 2)).Select(c => new RecordBatch(schema,
            [
                TextUnits ? ArrowArrays.Utf8(c.Select(r => TextOf(r.Unit))) : ArrowArrays.Int64(c.Select(r => r.Unit).ToArray()),
                TextPartitions ? ArrowArrays.Utf8(c.Select(r => TextOf(r.Partition))) : ArrowArrays.Int64(c.Select(r => r.Partition).ToArray()),
                ArrowArrays.Double(c.Select(r => r.Value).ToArray()),
                ArrowArrays.Int64(c.Select(r => r.Second).ToArray()),
            ], c.Length)).ToArray();
        return (schema, batches);
    }

    public RecordBatch Run(RunMode mode, int threads = 2, int splits = 3, int shuffle = 0, long? rowBytes = null, long? bucketBytes = null, long? tableBytes = null, CountingSpillStore? store = null)
    {
        var (schema, batches) = Batches(splits, shuffle);
        var source = new MemorySource(schema, [.. batches.Chunk(2).Select(b => (IReadOnlyList<RecordBatch>)b)]);
        var backend = new LocalBackend(new LocalOptions
        {
            MemoryBytes = 64 << 20,
            Threads = threads,
            SpillStore = store ?? new CountingSpillStore(),
            RowBytes = rowBytes,
            BucketBytes = bucketBytes,
            TableBytes = tableBytes,
        });
        return backend.Run(Plan(), source, new RunKey(Secret, s_release), mode, null, CancellationToken.None).Table;
    }

    private ReleasePlan Plan() => UncheckedPlan.Of(Spec(), KeysetKeys());

    /// <summary>The table that the reference gives: bounded, clamped, without noise.</summary>
    public string[] ReferenceLines()
    {
        var spec = Spec();
        var keyset = KeysetKeys();
        var rows = new List<ReferenceRow<(double Value, long Second)>>();
        foreach (var row in Data)
        {
            var partition = PartitionBytes(row.Partition);
            if (keyset is not null && keyset.Any(k => k.SequenceEqual(partition)) == LeavesOut)
            {
                continue;
            }

            var record = new KeyWriter();
            foreach (var column in spec.RecordColumns)
            {
                if (column == "value")
                {
                    record.WriteDouble(row.Value);
                }
                else
                {
                    record.WriteInt64(row.Second);
                }
            }

            rows.Add(new(UnitBytes(row.Unit), partition, record.Written.ToArray(), (row.Value, row.Second)));
        }

        var kept = BottomKReference.Bound(rows, BoundKey.Derive(Secret, s_release), L1, LInf, L0);
        var codec = new PartitionKeyCodec(spec.PartitionBy);
        var groups = kept.GroupBy(k => Convert.ToHexString(k.Row.Partition)).ToDictionary(g => g.Key, g => g.ToArray());
        var keys = keyset is not null && !LeavesOut ? keyset : [.. groups.Keys.Select(Convert.FromHexString)];
        keys.Sort((a, b) => codec.Compare(a, b));
        var spread = kept.GroupBy(k => Convert.ToHexString(k.Row.Unit)).ToDictionary(u => u.Key, u => u.Select(k => Convert.ToHexString(k.Row.Partition)).Distinct().Count());
        return [.. keys.Select(key => Line(key, groups.GetValueOrDefault(Convert.ToHexString(key), []), spread))];
    }

    private string Line(byte[] key, KeptRow<(double Value, long Second)>[] kept, Dictionary<string, int> partitionsOf)
    {
        var units = kept.GroupBy(k => Convert.ToHexString(k.Row.Unit)).ToArray();
        var parts = new List<string> { Convert.ToHexString(key), units.Length.ToString(), kept.Length.ToString() };
        if (Sums)
        {
            parts.Add(kept.Sum(k => UnitsOf(k.Row.Payload.Value, 20, 0, 10)).ToString());
            parts.Add(units.Sum(u => Math.Clamp(u.Sum(k => (long)Math.Round(k.Row.Payload.Value * 1024)), -1024, 7 * 1024)).ToString());
        }

        if (TwoValues)
        {
            parts.Add(kept.Sum(k => Math.Clamp(k.Row.Payload.Second, -3, 3)).ToString());
        }

        if (MaxValues > 0)
        {
            // The smallest value that 37.1 % of all do not exceed; without data the place of the rank in the range.
            var sorted = kept.Select(k => Math.Clamp(k.Row.Payload.Second, -3, 3)).Order().ToArray();
            parts.Add(sorted.Length == 0 ? "0" : sorted[(int)Math.Ceiling(0.371 * sorted.Length) - 1].ToString());
            parts.Add(DistinctOf(kept, r => (ulong)r.Second).ToString());
            parts.Add(DistinctOf(kept, r => (ulong)BitConverter.DoubleToInt64Bits(r.Value == 0 ? 0 : r.Value)).ToString());
        }

        if (Weights)
        {
            // One unit of each, and its share of 2^40 in squares.
            parts.Add(units.Sum(u => (long)Math.Floor(Math.Sqrt(Math.ScaleB(1, 40) / partitionsOf[u.Key]))).ToString());
        }

        return string.Join('|', parts);
    }

    /// <summary>Of each unit the values with the smallest ranks, then all of them together.</summary>
    private int DistinctOf(KeptRow<(double Value, long Second)>[] kept, Func<(double Value, long Second), ulong> word)
    {
        var key = BoundKey.Derive(Secret, s_release);
        return kept.GroupBy(k => Convert.ToHexString(k.Row.Unit)).SelectMany(unit => unit.Select(k => HashOf(word(k.Row.Payload))).Distinct().OrderBy(h => RankOf(unit.First().Row, h)).Take(MaxValues)).Distinct().Count();

        ulong HashOf(ulong value)
        {
            var state = key.Begin(BoundStep.Value);
            state.AppendWord(value);
            return state.Finish();
        }

        ulong RankOf(ReferenceRow<(double Value, long Second)> row, ulong hash)
        {
            var state = key.Begin(BoundStep.Distinct);
            BoundKey.AppendTlv(ref state, row.Unit);
            BoundKey.AppendTlv(ref state, row.Partition);
            state.AppendWord(hash);
            return state.Finish();
        }
    }

    private static long UnitsOf(double value, int bits, double low, double high) => (long)Math.Clamp(Math.Round(Math.ScaleB(value, bits)), Math.ScaleB(low, bits), Math.ScaleB(high, bits));

    /// <summary>A released table in the reference's lines.</summary>
    public string[] LinesOf(RecordBatch table)
    {
        var codec = new PartitionKeyCodec(Spec().PartitionBy);
        var lines = new string[table.Length];
        for (var row = 0; row < lines.Length; row++)
        {
            var key = TextPartitions
                ? codec.Encode([table.Columns[0].Values.Span[table.Columns[0].Offsets32()[row]..table.Columns[0].Offsets32()[row + 1]].ToArray()])
                : codec.Encode([table.Columns[0].ValuesAs<long>()[row]]);
            var parts = new List<string> { Convert.ToHexString(key) };
            for (var c = 1; c < table.Columns.Count; c++)
            {
                var scale = table.Schema.Fields[c].Name switch { "sum" => 20, "clamped" => 10, _ => 0 };
                parts.Add(table.Columns[c].Type.Kind == TypeKind.Int
                    ? table.Columns[c].ValuesAs<long>()[row].ToString()
                    : ((long)Math.ScaleB(table.Columns[c].ValuesAs<double>()[row], scale)).ToString());
            }

            lines[row] = string.Join('|', parts);
        }

        return lines;
    }
}
