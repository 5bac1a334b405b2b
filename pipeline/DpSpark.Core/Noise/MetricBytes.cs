using System.Buffers.Binary;
using System.Text;

namespace DpSpark.Core.Noise;

/// <summary>The bytes that name one noise draw of a partition: UTF-8(output name) || 0x00 || UTF-8(part) [|| 0x00 || 8-byte big-endian index].</summary>
/// <remarks>
/// Output names are unique within a release and hold no NUL, which makes the encoding injective. Two draws with one name would carry the same
/// noise, and their difference would be exact.
/// </remarks>
public static class MetricBytes
{
    /// <summary>Names a single draw.</summary>
    /// <param name="outputName">Name of the output column.</param>
    /// <param name="part">Which draw of that column: <c>count</c>, <c>sum</c>, <c>select</c>, <c>bin0</c>, ...</param>
    /// <exception cref="ArgumentException">A name is empty or holds a NUL.</exception>
    public static byte[] Of(string outputName, string part)
    {
        Check(outputName);
        Check(part);
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(outputName) + 1 + Encoding.UTF8.GetByteCount(part)];
        int length = Encoding.UTF8.GetBytes(outputName, bytes);
        Encoding.UTF8.GetBytes(part, bytes.AsSpan(length + 1));
        return bytes;
    }

    /// <summary>Names one draw of a vector.</summary>
    /// <param name="outputName">Name of the output column.</param>
    /// <param name="part">Which vector of that column.</param>
    /// <param name="index">Node, bin or coordinate.</param>
    /// <exception cref="ArgumentException">A name is empty or holds a NUL.</exception>
    public static byte[] Of(string outputName, string part, ulong index)
    {
        byte[] head = Of(outputName, part);
        byte[] bytes = new byte[head.Length + 9];
        head.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(head.Length + 1), index);
        return bytes;
    }

    private static void Check(string name)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A name of an output or of its part is not empty and holds no NUL.", nameof(name));
        }
    }
}
