using System.Buffers.Binary;
using System.Security.Cryptography;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Bounding;

/// <summary>The key that ranks contributions: the first 16 bytes of HMAC-SHA256(secret, "dp-bound-v1" || 0x00 || tlv(release)).</summary>
/// <remarks>
/// rank(x1, ..., xm) = SipHash-2-4(key, tlv(x1) || ... || tlv(xm)). Privacy does not rest on the hash: what a unit keeps is a function of that unit's
/// records alone, whatever the ranks. The key keeps the choice free of systematic bias, and different from release to release.
/// </remarks>
public readonly struct BoundKey : IEquatable<BoundKey>
{
    /// <summary>Makes a key from its two halves, for hosts that carry it in a stage description.</summary>
    /// <param name="key0">First 8 bytes, little-endian.</param>
    /// <param name="key1">Last 8 bytes, little-endian.</param>
    public BoundKey(ulong key0, ulong key1)
    {
        Key0 = key0;
        Key1 = key1;
    }

    /// <summary>First 8 bytes, little-endian.</summary>
    public ulong Key0 { get; }

    /// <summary>Last 8 bytes, little-endian.</summary>
    public ulong Key1 { get; }

    /// <summary>Derives the key of a release.</summary>
    /// <param name="secret">The release's secret.</param>
    /// <param name="release">The release's id.</param>
    public static BoundKey Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release)
    {
        var message = new KeyWriter();
        message.WriteRaw("dp-bound-v1\0"u8);
        message.WriteTlv(release);
        Span<byte> mac = stackalloc byte[32];
        HMACSHA256.HashData(secret, message.Written, mac);
        return new BoundKey(BinaryPrimitives.ReadUInt64LittleEndian(mac), BinaryPrimitives.ReadUInt64LittleEndian(mac[8..]));
    }

    /// <summary>The 16 bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Key0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Key1);
        return bytes;
    }

    /// <summary>The state of a rank after its step's name; append tlv(unit), tlv(partition) and so on, then finish.</summary>
    /// <param name="step">Which bounding step ranks.</param>
    public SipHash24 Begin(BoundStep step)
    {
        var state = new SipHash24(Key0, Key1);
        switch (step)
        {
            case BoundStep.L0:
                state.Append("\0\0\0\u0002l0"u8);
                break;
            case BoundStep.L1:
                state.Append("\0\0\0\u0002l1"u8);
                break;
            case BoundStep.LInf:
                state.Append("\0\0\0\u0004linf"u8);
                break;
            case BoundStep.Distinct:
                state.Append("\0\0\0\u0008distinct"u8);
                break;
            case BoundStep.Value:
                state.Append("\0\0\0\u0005value"u8);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }

        return state;
    }

    /// <summary>The rank of a message whose parts are given one by one; each is wrapped in a tlv here.</summary>
    /// <param name="step">Which bounding step ranks.</param>
    /// <param name="unit">Canonical bytes of the unit.</param>
    /// <param name="partition">Canonical bytes of the partition.</param>
    public ulong RankPartition(BoundStep step, ReadOnlySpan<byte> unit, ReadOnlySpan<byte> partition)
    {
        SipHash24 state = Begin(step);
        AppendTlv(ref state, unit);
        AppendTlv(ref state, partition);
        return state.Finish();
    }

    /// <summary>The rank of one record.</summary>
    /// <param name="step">Which bounding step ranks.</param>
    /// <param name="unit">Canonical bytes of the unit.</param>
    /// <param name="partition">Canonical bytes of the partition.</param>
    /// <param name="record">Canonical bytes of the value columns that any aggregate uses.</param>
    /// <param name="occurrence">0, 1, 2, ... among byte-identical (unit, partition, record) triples.</param>
    public ulong RankRecord(
        BoundStep step, ReadOnlySpan<byte> unit, ReadOnlySpan<byte> partition, ReadOnlySpan<byte> record, ulong occurrence)
    {
        SipHash24 state = Begin(step);
        AppendTlv(ref state, unit);
        AppendTlv(ref state, partition);
        AppendTlv(ref state, record);
        AppendOccurrence(ref state, occurrence);
        return state.Finish();
    }

    /// <summary>Appends tlv(content).</summary>
    /// <param name="state">The hash.</param>
    /// <param name="content">The content.</param>
    public static void AppendTlv(ref SipHash24 state, ReadOnlySpan<byte> content)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        state.Append(length);
        state.Append(content);
    }

    /// <summary>Appends tlv(occ), occ being the 8-byte big-endian occurrence number.</summary>
    /// <param name="state">The hash.</param>
    /// <param name="occurrence">The occurrence number.</param>
    public static void AppendOccurrence(ref SipHash24 state, ulong occurrence)
    {
        Span<byte> bytes = stackalloc byte[12];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 8);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[4..], occurrence);
        state.Append(bytes);
    }

    /// <inheritdoc/>
    public bool Equals(BoundKey other) => Key0 == other.Key0 && Key1 == other.Key1;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BoundKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key0, Key1);

    /// <summary>Whether two keys are the same.</summary>
    public static bool operator ==(BoundKey left, BoundKey right) => left.Equals(right);

    /// <summary>Whether two keys differ.</summary>
    public static bool operator !=(BoundKey left, BoundKey right) => !left.Equals(right);
}
