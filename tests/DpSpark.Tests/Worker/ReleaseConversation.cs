using System.Buffers.Binary;
using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Core.Bounding;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Testing;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>
/// The second step of a release as Spark sends it: a recorded header with the release step in place of its function, and accumulators, which our own bounding step made, as the rows behind it.
/// </summary>
internal sealed class ReleaseConversation : IDisposable
{
    /// <summary>Begins every key that is not empty; part of no message of ours.</summary>
    public const string KeyText = "Zwetschgenkuchen";

    private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)((i * 37) + 11))];
    private static readonly byte[] s_release = "rel-hostile"u8.ToArray();

    private static readonly byte[] s_continuation = [0xFF, 0xFF, 0xFF, 0xFF];

    private static readonly Schema s_source = new([new("who", ArrowType.Int64), new("cake", ArrowType.Utf8), new("spend", ArrowType.Double)]);

    private readonly ReleasePlan _plan;

    /// <summary>Keeps the tables of the noise, which are computed once for all that use them at a time.</summary>
    private readonly ReleaseKeys _keys;

    private ReleaseConversation(string text)
    {
        var job = ManifestReader.ReadText($$"""
            version: 1
            name: cakes
            source: { csv: cakes.csv, columns: { who: long, cake: string, spend: double } }
            privacy_unit: { id: who, max_partitions_contributed: 3, max_contributions_per_partition: 2 }
            partition_by: [cake]
            {{text}}
            output: { path: out/, ci: 0.9 }
            ledger: { file: ledger.db, dataset: cakes }

            """.ReplaceLineEndings("\n")).EnsureJob();
        _plan = Planner.Plan(job.Request);
        _keys = new ReleaseKeys(_plan.Spec, s_secret, s_release);
        Accumulators = Bound();
        Secrets =
        [
            KeyText,
            "rel-hostile",
            .. Chunks(Convert.ToBase64String(s_secret)),
            .. Chunks(Convert.ToHexString(s_secret)),

            // What is in the accumulators, as a number of five digits or more would be written.
            .. Accumulators.SelectMany(SumsOf).Where(s => BigInteger.Abs(s) > 9999).Select(s => s.ToString()).Distinct(),
        ];
    }

    /// <summary>Public keys and Laplace noise; private keys and Gaussian noise, with items; the largest of public keys.</summary>
    public static ReleaseConversation[] All() =>
    [
        new($$"""
            keyset: { values: { cake: ["", {{KeyText}}1, {{KeyText}}2, {{KeyText}}3, {{KeyText}}99] }, source: the menu }
            aggregates: [{ privacy_id_count: "*", as: eaters }, { count: "*", as: pieces }, { mean: spend, min_value: 0, max_value: 60000, as: spend }]
            privacy: { epsilon: "1.0", delta: "0", noise: laplace }
            """),
        new("""
            partition_selection: { strategy: gaussian_threshold, pre_threshold: 5 }
            aggregates:
              - { count: "*", as: pieces }
              - { variance: spend, min_value: 0, max_value: 60000, as: spend }
              - { quantile: spend, ranks: [0.25, 0.75], min_value: 0, max_value: 60000, as: spend }
              - { count_distinct: spend, max_values: 2, as: prices }
            privacy: { epsilon: "4.0", delta: "1e-6", noise: gaussian }
            """),
        new($$"""
            keyset: { values: { cake: ["", {{KeyText}}1, {{KeyText}}2, {{KeyText}}3, {{KeyText}}4] }, source: the menu }
            top_k: { k: 2, by: eaters, budget: 20% }
            aggregates: [{ privacy_id_count: "*", as: eaters }, { sum: spend, min_value: 0, max_value: 60000, as: spend }]
            privacy: { epsilon: "1.0", delta: "0", noise: laplace }
            """),
    ];

    /// <summary>What no error may tell.</summary>
    public string[] Secrets { get; }

    /// <summary>The rows of the step, in two batches.</summary>
    public IReadOnlyList<RecordBatch> Accumulators { get; }

    /// <summary>The step, as it stands in the header.</summary>
    public byte[] Command() => new StageRequest { Step = StageStep.Release, Spec = _plan.Spec, EmitKey = true, Secret = s_secret, ReleaseId = s_release }.ToBytes();

    /// <summary>What Spark would write: header, Arrow stream, end of the task.</summary>
    /// <param name="recording">Whose header.</param>
    /// <param name="command">The function in the header.</param>
    /// <param name="rowsAt">Where the Arrow stream begins.</param>
    public byte[] Bytes(Recording recording, byte[] command, out int rowsAt)
    {
        var header = recording.WithCommand(command);
        rowsAt = header.AsSpan().LastIndexOf(command) + command.Length;
        rowsAt += header.AsSpan(rowsAt).IndexOf(s_continuation);
        using var bytes = new MemoryStream();
        bytes.Write(header.AsSpan(0, rowsAt));
        using (var writer = new ArrowStreamWriter(bytes, StructColumn.Around(StageSchemas.Accumulators), leaveOpen: true))
        {
            writer.Start();
            foreach (var batch in Accumulators)
            {
                writer.Write([StructColumn.Around(batch)], batch.Length);
            }

            writer.Finish();
        }

        Span<byte> end = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(end, Marker.EndOfStream);
        bytes.Write(end);
        return bytes.ToArray();
    }

    /// <summary>Rows of the answer, without the canonical key.</summary>
    public static string[] RowsOf(Conversation conversation, Recording recording)
    {
        var written = conversation.Written;
        byte[] marker = [0xFF, 0xFF, 0xFF, unchecked((byte)Marker.ArrowStream)];
        var at = written.AsSpan().IndexOf(marker);
        Assert.True(at >= 0, recording.Version + " got no rows");
        using var reader = new ArrowStreamReader(new MemoryStream(written, at + 4, written.Length - at - 4));
        var inner = StructColumn.Inside(reader.Schema);
        var rows = new List<string>();
        while (reader.ReadNext() is { } batch)
        {
            using var columns = StructColumn.Inside(inner, batch);
            rows.AddRange(Lines(columns, columns.Columns.Count - 1));
        }

        return [.. rows];
    }

    /// <summary>Rows that the local engine releases with the same secret.</summary>
    public string[] Expected()
    {
        var source = new MemorySource(s_source, [[Rows()]]);
        var backend = new LocalBackend(new LocalOptions { MemoryBytes = 64 << 20, Threads = 1, SpillStore = new CountingSpillStore() });
        using var table = backend.Run(_plan, source, new RunKey([.. s_secret], s_release), RunMode.Seeded, null, CancellationToken.None).Table;
        return [.. Lines(table, table.Columns.Count)];
    }

    public void Dispose() => _keys.Dispose();

    /// <summary>What the bounding step makes of the rows, and an empty accumulator of every public key.</summary>
    private RecordBatch[] Bound()
    {
        var request = new StageRequest
        {
            Step = StageStep.Bound,
            Input = StageInput.Source,
            Spec = _plan.Spec,
            Keyset = _plan.Request.Keyset?.Keys,
            BoundKey = BoundKey.Derive(s_secret, s_release).ToBytes(),
        };
        using var task = StageTask.Open(request, s_source, new StageResources
        {
            SpillStore = new CountingSpillStore(),
            MemoryBytes = 64 << 20,
            Keyset = request.Keyset is { } keys ? new KeysetIndex(keys) : null,
        });
        var bound = Assert.Single(task.Run([Rows()], CancellationToken.None).ToArray());
        var empty = _plan.Request.Keyset?.Keys ?? [];
        var sums = new byte[16 * (_plan.Spec.Accumulators.Count + _plan.Spec.Items.Count)];
        return empty.Count == 0 ? [bound] :
        [
            bound,
            new RecordBatch(StageSchemas.Accumulators, [ArrowArrays.Binary(empty), ArrowArrays.Int64(new long[empty.Count]), ArrowArrays.Binary(empty.Select(_ => sums)), ArrowArrays.Binary(empty.Select(_ => Array.Empty<byte>()))], empty.Count),
        ];
    }

    private static RecordBatch Rows()
    {
        var numbers = Enumerable.Range(0, 600).ToArray();
        return new RecordBatch(s_source,
        [
            ArrowArrays.Int64([.. numbers.Select(i => (long)i / 3)]),
            ArrowArrays.Utf8(numbers.Select(i => i % 5 == 0 ? "" : KeyText + (i % 5))),
            ArrowArrays.Double([.. numbers.Select(i => 1234.5 + (i * 7919 % 58_000))]),
        ], numbers.Length);
    }

    private static IEnumerable<string> Lines(RecordBatch batch, int columns) =>
        Enumerable.Range(0, batch.Length).Select(row => string.Join('|', Enumerable.Range(0, columns).Select(c => Text(batch.Columns[c], row))));

    private static string Text(ArrowArray array, int row) => array.IsNull(row) ? "null" : array.Type.Kind switch
    {
        TypeKind.Utf8 => System.Text.Encoding.UTF8.GetString(array.BytesAt(row)),
        _ => Convert.ToHexString(array.Values.Span.Slice(row * array.Type.FixedWidth, array.Type.FixedWidth)),
    };

    private static IEnumerable<BigInteger> SumsOf(RecordBatch batch)
    {
        for (var row = 0; row < batch.Length; row++)
        {
            var sums = batch.Columns[2].BytesAt(row).ToArray();
            for (var at = 0; at < sums.Length; at += 16)
            {
                yield return (BigInteger)BinaryPrimitives.ReadInt128LittleEndian(sums.AsSpan(at));
            }
        }
    }

    /// <summary>Pieces of a text that are too long to stand in another one by chance.</summary>
    private static IEnumerable<string> Chunks(string text) => Enumerable.Range(0, text.Length - 9).Select(i => text.Substring(i, 10));
}
