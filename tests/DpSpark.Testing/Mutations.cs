using System.Buffers.Binary;

namespace DpSpark.Testing;

/// <summary>Bytes of a conversation as a peer sends them that truncates, lies about lengths, repeats itself and mixes up the order. The same random source gives the same bytes.</summary>
public static class Mutations
{
    /// <summary>One to four changes.</summary>
    /// <param name="original">The bytes; they stay as they are.</param>
    /// <param name="random">Where the changes come from.</param>
    /// <param name="from">Where they may begin.</param>
    public static byte[] Of(ReadOnlySpan<byte> original, Random random, int from = 0)
    {
        var bytes = original.ToArray();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Length > from; changes--)
        {
            bytes = Changed(bytes, random, random.Next(from, bytes.Length), from);
        }

        return bytes;
    }

    private static byte[] Changed(byte[] bytes, Random random, int at, int from)
    {
        var until = Math.Min(bytes.Length, at + random.Next(1, 64));
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                bytes.AsSpan(at, Math.Min(4, bytes.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F);
                return bytes;
            case 3:
                return Lie(bytes, random, at);
            case 4:
                return [.. bytes[..at], .. bytes[until..]];
            case 5:
                return [.. bytes[..until], .. bytes[at..until], .. bytes[until..]];
            case 6:
                var later = random.Next(until, bytes.Length + 1);
                return [.. bytes[..at], .. bytes[until..later], .. bytes[at..until], .. bytes[later..]];
            case 7:
                var piece = random.Next(from, bytes.Length);
                return [.. bytes[..at], .. bytes[piece..Math.Min(bytes.Length, piece + random.Next(1, 400))], .. bytes[at..]];
            default:
                return bytes[..at];
        }
    }

    /// <summary>A number of four bytes, in either order, that is likely to be a length: a claim of much more, of less, or of less than nothing.</summary>
    private static byte[] Lie(byte[] bytes, Random random, int at)
    {
        for (var place = at; place + 4 <= bytes.Length; place++)
        {
            var number = bytes.AsSpan(place, 4);
            var claim = random.Next(6) switch { 0 => int.MaxValue, 1 => 1 << 30, 2 => -1, 3 => random.Next(1 << 20), 4 => 0, _ => random.Next() };
            if (BinaryPrimitives.ReadInt32BigEndian(number) is > 0 and < 1 << 16)
            {
                BinaryPrimitives.WriteInt32BigEndian(number, claim);
                return bytes;
            }

            if (BinaryPrimitives.ReadInt32LittleEndian(number) is > 0 and < 1 << 16)
            {
                BinaryPrimitives.WriteInt32LittleEndian(number, claim);
                return bytes;
            }
        }

        return bytes;
    }
}
