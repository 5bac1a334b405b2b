using System.Numerics;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Decodes definition levels of a flat optional column (1 present, 0 null) straight into a validity bitmap.</summary>
internal struct PresenceDecoder
{
    private RunCursor _runs;

    public void Reset(int start, int end) => _runs.Reset(start, end, 1);

    /// <summary>Takes levels if all of them are known to be 1 without looking at each.</summary>
    public bool TryTakePresent(ReadOnlySpan<byte> page, int count)
    {
        _runs.NextRun(page);
        if (_runs.IsPacked || _runs.Value != 1 || _runs.Left < count)
        {
            return false;
        }

        _runs.Take(count);
        return true;
    }

    /// <summary>Decodes levels.</summary>
    /// <param name="page">The page's bytes.</param>
    /// <param name="bitmap">Bits from <paramref name="start"/> on receive the levels; bits before are kept, bits after are unspecified.</param>
    /// <param name="start">First bit.</param>
    /// <param name="count">Number of levels.</param>
    /// <returns>Levels that are 1.</returns>
    public int Read(ReadOnlySpan<byte> page, Span<byte> bitmap, int start, int count)
    {
        var ones = 0;
        while (count > 0)
        {
            _runs.NextRun(page);
            var take = Math.Min(_runs.Left, count);
            if (_runs.IsPacked)
            {
                ones += Bitmap.Copy(page, _runs.PackedStart, _runs.PackedTaken, bitmap, start, take);
            }
            else
            {
                if (_runs.Value > 1)
                {
                    throw new ParquetFormatException($"A definition level is {_runs.Value}, while the column's largest is 1.");
                }

                Bitmap.Fill(bitmap, start, take, _runs.Value != 0);
                ones += _runs.Value != 0 ? take : 0;
            }

            _runs.Take(take);
            start += take;
            count -= take;
        }

        return ones;
    }
}

/// <summary>Bits, least significant first.</summary>
internal static class Bitmap
{
    public static bool Get(ReadOnlySpan<byte> bits, int index) => (bits[index >> 3] & (1 << (index & 7))) != 0;

    public static void Fill(Span<byte> bits, int start, int count, bool value)
    {
        var end = start + count;
        while (start < end && (start & 7) != 0)
        {
            Set(bits, start++, value);
        }

        var whole = (end - start) >> 3;
        if (whole > 0)
        {
            bits.Slice(start >> 3, whole).Fill(value ? (byte)255 : (byte)0);
            start += whole << 3;
        }

        while (start < end)
        {
            Set(bits, start++, value);
        }
    }

    /// <summary>Copies bits between any positions.</summary>
    /// <returns>How many of them are 1.</returns>
    public static int Copy(ReadOnlySpan<byte> source, int sourceByte, int sourceBit, Span<byte> target, int start, int count)
    {
        var ones = 0;
        while (count > 0)
        {
            // As many bits as fill the target's byte, taken from at most two bytes of the source.
            var at = start & 7;
            var take = Math.Min(8 - at, count);
            var from = sourceByte + (sourceBit >> 3);
            var shift = sourceBit & 7;
            var bits = source[from] >> shift;
            if (shift + take > 8)
            {
                bits |= source[from + 1] << (8 - shift);
            }

            bits &= (1 << take) - 1;
            ones += BitOperations.PopCount((uint)bits);
            ref var b = ref target[start >> 3];
            b = (byte)((b & ((1 << at) - 1)) | (bits << at));
            start += take;
            sourceBit += take;
            count -= take;
        }

        return ones;
    }

    private static void Set(Span<byte> bits, int index, bool value)
    {
        ref var b = ref bits[index >> 3];
        b = (byte)(value ? b | (1 << (index & 7)) : b & ~(1 << (index & 7)));
    }
}
