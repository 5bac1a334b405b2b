using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Gives the canonical bytes of units or partitions that rows carry as one 64-bit word.</summary>
public interface IKeyBytes
{
    /// <summary>Appends tlv(canonical bytes of the key) to a rank.</summary>
    /// <param name="state">The rank.</param>
    /// <param name="word">The key's word.</param>
    void AppendTlv(ref SipHash24 state, ulong word);

    /// <summary>The canonical bytes.</summary>
    /// <param name="word">The key's word.</param>
    /// <param name="scratch">At least 16 bytes; used where the bytes are not stored.</param>
    ReadOnlySpan<byte> Bytes(ulong word, Span<byte> scratch);
}

/// <summary>Keys of one fixed-width element: the word is its payload.</summary>
/// <param name="Tag">Type of the element.</param>
public readonly record struct FixedKey(KeyTag Tag) : IKeyBytes
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendTlv(ref SipHash24 state, ulong word)
    {
        if (Tag == KeyTag.Int64)
        {
            state.AppendInt64Tuple((long)word);
            return;
        }

        AppendOther(ref state, word);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(ulong word, Span<byte> scratch)
    {
        var length = Tag switch
        {
            KeyTag.Int64 => CanonicalKey.WriteInt64((long)word, scratch),
            KeyTag.Double => CanonicalKey.WriteDouble(BitConverter.UInt64BitsToDouble(word), scratch),
            KeyTag.Timestamp => CanonicalKey.WriteTimestamp((long)word, scratch),
            KeyTag.Date => CanonicalKey.WriteDate((int)(long)word, scratch),
            KeyTag.Bool => CanonicalKey.WriteBool(word != 0, scratch),
            KeyTag.Null => 0,
            _ => throw new InvalidOperationException("DPS9002: a key of this type has no fixed width."),
        };
        return scratch[..length];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AppendOther(ref SipHash24 state, ulong word)
    {
        Span<byte> scratch = stackalloc byte[16];
        BoundKey.AppendTlv(ref state, Bytes(word, scratch));
    }
}

/// <summary>Keys that are stored as bytes, one after the other; the word is the key's number.</summary>
public sealed class StoredKeys : IKeyBytes
{
    private byte[] _bytes = new byte[1024];
    private int[] _ends = new int[64];
    private ulong[] _hashes = new ulong[64];
    private int[] _table = new int[128];

    /// <summary>Number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes held, roughly.</summary>
    public long MemoryBytes => _bytes.Length + (12L * _ends.Length) + (4L * _table.Length);

    /// <summary>Forgets all keys; keeps the buffers.</summary>
    public void Clear()
    {
        Count = 0;
        Array.Clear(_table);
    }

    /// <summary>The number of a key, added when it is new.</summary>
    /// <param name="hash">A hash of the bytes; the same for equal bytes.</param>
    /// <param name="key">Canonical bytes.</param>
    public int IdOf(ulong hash, ReadOnlySpan<byte> key)
    {
        var mask = _table.Length - 1;
        var slot = (int)hash & mask;
        while (_table[slot] is var entry and not 0)
        {
            if (_hashes[entry - 1] == hash && Key(entry - 1).SequenceEqual(key))
            {
                return entry - 1;
            }

            slot = (slot + 1) & mask;
        }

        return Add(hash, key, slot);
    }

    /// <summary>Bytes of a key.</summary>
    /// <param name="id">Its number.</param>
    public ReadOnlySpan<byte> Key(int id)
    {
        var start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }

    /// <summary>Hash of a key.</summary>
    /// <param name="id">Its number.</param>
    public ulong Hash(int id) => _hashes[id];

    /// <inheritdoc/>
    public void AppendTlv(ref SipHash24 state, ulong word) => BoundKey.AppendTlv(ref state, Key((int)word));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(ulong word, Span<byte> scratch) => Key((int)word);

    private int Add(ulong hash, ReadOnlySpan<byte> key, int slot)
    {
        var start = Count == 0 ? 0 : _ends[Count - 1];
        var end = checked(start + key.Length);
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _bytes.Length)));
        }

        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, 2 * Count);
            Array.Resize(ref _hashes, 2 * Count);
        }

        key.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = end;
        _hashes[Count] = hash;
        _table[slot] = ++Count;
        if (Count * 2 > _table.Length)
        {
            Rehash();
        }

        return Count - 1;
    }

    private void Rehash()
    {
        _table = new int[_table.Length * 4];
        var mask = _table.Length - 1;
        for (var i = 0; i < Count; i++)
        {
            var slot = (int)_hashes[i] & mask;
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _table[slot] = i + 1;
        }
    }
}

/// <summary>Keys of a keyset: the word is the key's index.</summary>
/// <param name="Keys">Canonical bytes of each key.</param>
public readonly record struct KeysetKey(IReadOnlyList<byte[]> Keys) : IKeyBytes
{
    /// <inheritdoc/>
    public void AppendTlv(ref SipHash24 state, ulong word) => BoundKey.AppendTlv(ref state, Keys[(int)word]);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(ulong word, Span<byte> scratch) => Keys[(int)word];
}
