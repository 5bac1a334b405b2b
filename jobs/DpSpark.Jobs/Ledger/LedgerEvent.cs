using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DpSpark.Jobs.Ledger;

/// <summary>One link of the chain: a change of a release's state, or a cap. Never holds the secret.</summary>
internal sealed record LedgerEvent
{
    public const string Resumed = "resumed";
    public const string Cap = "cap";

    public const string ReplaceOne = "replace_one";

    public const int HashBytes = 32;

    /// <summary>Columns in the order in which they are stored and hashed, behind the sequence number.</summary>
    public static readonly string[] Columns =
    [
        "at", "kind", "entry", "dataset", "release_id", "release_key", "job_hash", "job_name", "input_fingerprint", "run_id", "purpose", "epsilon", "delta",
        "principal", "attempt", "expires", "commitment", "stage_path", "output_hash", "record", "copy_hash", "salt", "adjacency",
    ];

    public long Sequence { get; init; }

    public required string At { get; init; }

    /// <summary>Name of the state entered, or <see cref="Resumed"/> or <see cref="Cap"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Number of the release; null for caps.</summary>
    public long? Entry { get; init; }

    public required string Dataset { get; init; }

    public string? ReleaseId { get; init; }

    public string? ReleaseKey { get; init; }

    public string? JobHash { get; init; }

    public string? JobName { get; init; }

    public string? InputFingerprint { get; init; }

    public string? RunId { get; init; }

    public string? Purpose { get; init; }

    public string? Epsilon { get; init; }

    public string? Delta { get; init; }

    public string? Principal { get; init; }

    public long? Attempt { get; init; }

    public string? Expires { get; init; }

    public string? Commitment { get; init; }

    public string? StagePath { get; init; }

    public string? OutputHash { get; init; }

    public string? Record { get; init; }

    public string? CopyHash { get; init; }

    /// <summary>
    /// Random digits that never leave the ledger. Hashes of the chain are printed and published with a release, and an event names the input's fingerprint: without the salt
    /// anyone could test a guess of the data against a published hash.
    /// </summary>
    public required string Salt { get; init; }

    /// <summary>Of a reservation: null for units that are there or not, <see cref="ReplaceOne"/> for units that are replaced.</summary>
    public string? Adjacency { get; init; }

    /// <summary>SHA-256 of the previous hash and everything above; not hashed itself.</summary>
    public byte[] Hash { get; init; } = [];

    /// <summary>The values of <see cref="Columns"/>.</summary>
    public string?[] Values() =>
    [
        At, Kind, Text(Entry), Dataset, ReleaseId, ReleaseKey, JobHash, JobName, InputFingerprint, RunId, Purpose, Epsilon, Delta,
        Principal, Text(Attempt), Expires, Commitment, StagePath, OutputHash, Record, CopyHash, Salt, Adjacency,
    ];

    /// <summary>The event of stored values.</summary>
    /// <exception cref="FormatException">A number is none.</exception>
    public static LedgerEvent FromValues(long sequence, string?[] v, byte[] hash) => new()
    {
        Sequence = sequence,
        At = v[0] ?? "",
        Kind = v[1] ?? "",
        Entry = Number(v[2]),
        Dataset = v[3] ?? "",
        ReleaseId = v[4],
        ReleaseKey = v[5],
        JobHash = v[6],
        JobName = v[7],
        InputFingerprint = v[8],
        RunId = v[9],
        Purpose = v[10],
        Epsilon = v[11],
        Delta = v[12],
        Principal = v[13],
        Attempt = Number(v[14]),
        Expires = v[15],
        Commitment = v[16],
        StagePath = v[17],
        OutputHash = v[18],
        Record = v[19],
        CopyHash = v[20],
        Salt = v[21] ?? "",
        Adjacency = v[22],
        Hash = hash,
    };

    /// <summary>Hash of an event: SHA-256 over a version tag, the previous hash, the sequence number and each value with its length, so that no two contents share an encoding.</summary>
    /// <remarks>The last column came with version 2 of the file; where it is null it is left out, as in the hashes of version 1.</remarks>
    public static byte[] HashOf(ReadOnlySpan<byte> previous, long sequence, string?[] values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        hash.AppendData("dpspark-ledger-event-v1\0"u8);
        hash.AppendData(previous);
        BinaryPrimitives.WriteInt64BigEndian(number, sequence);
        hash.AppendData(number);
        foreach (var value in values[^1] is null ? values[..^1] : values)
        {
            var bytes = value is null ? [] : Encoding.UTF8.GetBytes(value);
            BinaryPrimitives.WriteInt64BigEndian(number, value is null ? -1 : bytes.Length);
            hash.AppendData(number);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    public static string TimeText(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset Time(string? text) =>
        DateTimeOffset.ParseExact(text ?? "", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static long? Number(string? text) => text is null ? null : long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
