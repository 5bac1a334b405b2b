using System.Buffers.Binary;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>A keyset as bytes, for keysets that are too large to travel with every task: per key its 4-byte big-endian length, then its canonical bytes; in release order.</summary>
public static class KeysetFile
{
    /// <summary>The bytes of a keyset.</summary>
    /// <param name="keys">Canonical keys in release order.</param>
    public static byte[] Write(IReadOnlyList<byte[]> keys)
    {
        var writer = new KeyWriter(1024);
        for (var i = 0; i < keys.Count; i++)
        {
            writer.WriteTlv(keys[i]);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="DpSparkException">The bytes are no keyset (DPS6407).</exception>
    public static IReadOnlyList<byte[]> Read(ReadOnlySpan<byte> bytes)
    {
        var keys = new List<byte[]>();
        while (bytes.Length > 0)
        {
            var length = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(bytes);
            if (length < 0 || length > bytes.Length - 4)
            {
                throw new DpSparkException("DPS6407", ExitCodes.Environment, "The keyset's file is damaged.", null, ["Run the job again: the file is shipped anew."]);
            }

            keys.Add(bytes.Slice(4, length).ToArray());
            bytes = bytes[(4 + length)..];
        }

        return keys;
    }
}
