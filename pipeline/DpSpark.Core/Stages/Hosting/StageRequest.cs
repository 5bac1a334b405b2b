using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using DpSpark.Core.Bounding;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>The steps that a host can be asked to run on one slice of rows.</summary>
public enum StageStep
{
    /// <summary>Gives its input back: shows where a worker runs and that every type survives the journey.</summary>
    Echo,

    /// <summary>Source columns to contributions: column contract, keys, keyset filter.</summary>
    Project,

    /// <summary>All rows of each unit of the slice to accumulators per partition.</summary>
    Bound,

    /// <summary>All accumulators of each partition of the slice to released rows.</summary>
    Release,
}

/// <summary>What the rows of a <see cref="StageStep.Bound"/> step are.</summary>
public enum StageInput
{
    /// <summary>Columns of the source; the step projects them itself.</summary>
    Source,

    /// <summary>Contributions as <see cref="StageStep.Project"/> gives them: <see cref="StageSchemas.Projected"/>.</summary>
    Projected,

    /// <summary>
    /// Where <see cref="StageSchemas.CanBePartial"/>: the source's columns of unit and partition, then per accumulator (<see cref="StageSchemas.PartialSum"/>) what it adds up over rows that are
    /// alike in them: their number, their values clamped one by one, or their values, in grid units. The host's own engine made them, and applied the policies of all other columns before. Alike
    /// rows may stay several: they add up.
    /// </summary>
    Partial,
}

/// <summary>
/// What a host is asked to run, as a versioned description that travels with every task. Written by the side that plans, read by the side that runs; neither needs more of the other.
/// </summary>
/// <remarks>
/// Only <see cref="StageStep.Release"/> carries the run's secret. The description begins with its version and step, so a log that shows the first bytes of it shows nothing. It ends with its own
/// SHA-256: one that changed on its way is refused, never released with another scale of noise, threshold or bound. That is against damage, not against a peer that can write a description.
/// </remarks>
public sealed record StageRequest
{
    /// <summary>The version this code writes and reads.</summary>
    public const int CurrentVersion = 2;

    /// <summary>Bytes of a keyset up to which it should travel inside the description (it is repeated in every task); beyond, as a file.</summary>
    public const int InlineKeysetBytes = 64 * 1024;

    /// <summary>Version of the layout.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The step.</summary>
    public required StageStep Step { get; init; }

    /// <summary>What the rows are, for <see cref="StageStep.Bound"/>.</summary>
    public StageInput Input { get; init; }

    /// <summary>The release; null for <see cref="StageStep.Echo"/> only.</summary>
    public StageSpec? Spec { get; init; }

    /// <summary>False for raw test runs: nothing is bounded or clamped.</summary>
    public bool Bounded { get; init; } = true;

    /// <summary>False for test runs without noise.</summary>
    public bool Noisy { get; init; } = true;

    /// <summary>Whether <see cref="StageStep.Release"/> gives the canonical key as a last column, for a client that sorts by it.</summary>
    public bool EmitKey { get; init; }

    /// <summary>Bytes one task may hold for rows; null for what the host thinks right.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Canonical keys of a keyset that is small, in release order; null when there is none or it is a file.</summary>
    public IReadOnlyList<byte[]>? Keyset { get; init; }

    /// <summary>Name of a file with the keyset (<see cref="KeysetFile"/>) beside the task's other files: a plain name, no folder.</summary>
    public string? KeysetFile { get; init; }

    /// <summary>SHA-256 of that file.</summary>
    public byte[]? KeysetSha256 { get; init; }

    /// <summary>The 16 bytes of the bounding key, for <see cref="StageStep.Bound"/>.</summary>
    public byte[]? BoundKey { get; init; }

    /// <summary>Bytes of the release id, for <see cref="StageStep.Release"/>.</summary>
    public byte[]? ReleaseId { get; init; }

    /// <summary>The run's secret, for <see cref="StageStep.Release"/>: 32 bytes.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>The description as UTF-8 JSON, then the SHA-256 of that.</summary>
    /// <exception cref="DpSparkException">Something is missing, or the secret would travel where it is not needed (DPS6404).</exception>
    public byte[] ToBytes()
    {
        Check();
        return Seal(JsonSerializer.SerializeToUtf8Bytes(this, StageRequestJson.Default.StageRequest));
    }

    /// <summary>Ends a description with its SHA-256.</summary>
    internal static byte[] Seal(byte[] json) => [.. json, .. SHA256.HashData(json)];

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="DpSparkException">The bytes are no such description (DPS6404), or of another version (DPS7005).</exception>
    public static StageRequest FromBytes(ReadOnlySpan<byte> bytes)
    {
        var utf8 = bytes[..Math.Max(0, bytes.Length - SHA256.HashSizeInBytes)];
        if (!SHA256.HashData(utf8).AsSpan().SequenceEqual(bytes[utf8.Length..]))
        {
            throw VersionOf(bytes) is { } version && version != CurrentVersion ? OtherVersion(version) : Fault("It was damaged, or written by another program.");
        }

        var request = Read(utf8) ?? throw Fault("It is empty.");
        if (request.Version != CurrentVersion)
        {
            throw OtherVersion(request.Version);
        }

        if (request.Spec is { } spec && spec.Version != StageSpec.CurrentVersion)
        {
            throw OtherVersion(spec.Version);
        }

        request.Check();
        return request;
    }

    /// <summary>Describes who has which version, when client and worker differ.</summary>
    private static DpSparkException OtherVersion(int found) => new("DPS7005", ExitCodes.Environment,
        $"The stage description is of version {found}; this worker reads version {CurrentVersion}.", "The program that planned the release and the worker differ.",
        ["Ship the worker that came with this dpspark: remove spark.archives and worker paths that name another one."]);

    private static StageRequest? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonSerializer.Deserialize(utf8, StageRequestJson.Default.StageRequest);
        }
        catch (JsonException)
        {
            // The text of the exception may quote the description, so it goes no further.
            throw VersionOf(utf8) is { } version && version != CurrentVersion ? OtherVersion(version) : Fault("It was damaged, or written by another program.");
        }
    }

    private static int? VersionOf(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject
                && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("version"u8)
                && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version)
                ? version
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Check()
    {
        if (Step != StageStep.Echo && Spec is null)
        {
            throw Fault("It names no release.");
        }

        if ((Secret is not null || ReleaseId is not null) != (Step == StageStep.Release))
        {
            throw Fault("The secret of a run belongs to the release step and to no other.");
        }

        if (Step == StageStep.Release && (Secret is not { Length: 32 } || ReleaseId is null))
        {
            throw Fault("The release step needs a secret of 32 bytes and a release id.");
        }

        if ((BoundKey is not null) != (Step == StageStep.Bound) || BoundKey is { Length: not 16 })
        {
            throw Fault("The bounding key of 16 bytes belongs to the bounding step and to no other.");
        }

        if ((KeysetFile is null) != (KeysetSha256 is null) || (Keyset is not null && KeysetFile is not null))
        {
            throw Fault("A keyset is given as keys, or as a file with its SHA-256.");
        }

        if (KeysetFile is { } name && (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal) || name is "." or ".."))
        {
            throw Fault("The keyset's file is not a plain name.");
        }

        if (Step is StageStep.Project or StageStep.Bound && Spec!.PublicPartitions && Keyset is null && KeysetFile is null)
        {
            throw Fault("The release has public partitions, and no keyset is given.");
        }

        if (Step is StageStep.Project or StageStep.Bound && Spec!.LeavesOutKeys && Keyset is null && KeysetFile is null)
        {
            throw Fault("The release leaves keys out, and none are given.");
        }
    }

    private static DpSparkException Fault(string why) =>
        new("DPS6404", ExitCodes.Bug, "The stage description cannot be used.", why, ["Use the same version of DpSpark everywhere; if it is the same, please report this."]);

    /// <summary>The bounding key.</summary>
    internal BoundKey BoundKeyValue() => new(
        System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(BoundKey),
        System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(BoundKey.AsSpan(8)));
}

/// <summary>The serialised form of a <see cref="StageRequest"/>, in the manner of <see cref="StageSpecJson"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(BigIntegerJsonConverter)])]
[JsonSerializable(typeof(StageRequest))]
internal sealed partial class StageRequestJson : JsonSerializerContext;
