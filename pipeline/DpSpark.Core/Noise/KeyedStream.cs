using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DpSpark.Core.Noise;

/// <summary>
/// The words of AES-256 in counter mode under a 32-byte key: initial counter block of 16 zero bytes, 128-bit big-endian increment,
/// every word the next 8 bytes read little-endian.
/// </summary>
/// <remarks>
/// Guarantee: AES-CTR is a pseudo-random generator, so replacing these words by true randomness changes an efficient adversary's advantage by
/// at most Adv_PRP(AES) + blocks^2 / 2^128 per stream; with keys from <see cref="StreamKeys"/> a release is computationally differentially private
/// (Mironov, Pandey, Reingold and Vadhan, "Computational Differential Privacy", CRYPTO 2009). The same key gives the same words, so a task that runs
/// twice draws the same noise and an observer of both attempts learns nothing new.
/// Cost: the first block is made alone, because most consumers take one or two words; later ones come in batches of <c>16</c>.
/// Not thread safe: one stream has one consumer. Reuse one object with <see cref="Rekey"/> rather than allocate one per partition.
/// </remarks>
public sealed class KeyedStream : IRandomWords
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private const int BatchBlocks = 16;
    private readonly byte[] _buffer = new byte[BatchBlocks * 16];
    private readonly Aes256 _cipher = new();
    private ulong _counter;
    private int _position;
    private int _filled;
    private bool _keyed;

    /// <summary>Makes a stream without a key; call <see cref="Rekey"/> before the first word.</summary>
    public KeyedStream()
    {
    }

    /// <summary>Makes a stream at its first word.</summary>
    /// <param name="key">32 bytes.</param>
    public KeyedStream(ReadOnlySpan<byte> key) => Rekey(key);

    /// <summary>Words given since the key was set.</summary>
    public long WordsConsumed { get; private set; }

    /// <summary>Starts over at the first word of another key.</summary>
    /// <param name="key">32 bytes.</param>
    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public void Rekey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException("A stream key has 32 bytes.", nameof(key));
        }

        _cipher.SetKey(key);
        _counter = 0;
        _position = 0;
        _filled = 0;
        _keyed = true;
        WordsConsumed = 0;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No key was set.</exception>
    public ulong NextWord()
    {
        if (_position == _filled)
        {
            Fill();
        }

        ulong word = BinaryPrimitives.ReadUInt64LittleEndian(_buffer.AsSpan(_position));
        _position += 8;
        WordsConsumed++;
        return word;
    }

    /// <summary>Forgets the key and the unread words.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _cipher.Clear();
        _keyed = false;
        _filled = 0;
        _position = 0;
    }

    private void Fill()
    {
        if (!_keyed)
        {
            throw new InvalidOperationException("The stream has no key.");
        }

        // The counter stays below 2^64 blocks, so the upper half of the 128-bit counter block is always zero.
        int blocks = _counter == 0 ? 1 : BatchBlocks;
        Span<byte> batch = _buffer.AsSpan(0, blocks * 16);
        for (int i = 0; i < blocks; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(batch[(i * 16)..], 0);
            BinaryPrimitives.WriteUInt64BigEndian(batch[((i * 16) + 8)..], checked(_counter + (ulong)i));
        }

        _cipher.EncryptBlocks(batch);
        _counter += (ulong)blocks;
        _position = 0;
        _filled = batch.Length;
    }
}
