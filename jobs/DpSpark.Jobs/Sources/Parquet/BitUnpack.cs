using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Unpacks numbers that are stored least significant bit first with a fixed number of bits each.</summary>
internal static class BitUnpack
{
    /// <summary>Widest numbers that the vector path takes: such a number and its offset in a byte fit 32 bits.</summary>
    private const int MaxVectorWidth = 25;
    private static readonly Vector256<byte>[] s_shuffles = MakeShuffles();
    private static readonly Vector256<uint>[] s_shifts = MakeShifts();

    /// <summary>Unpacks numbers of at most 32 bits from the start of a byte.</summary>
    /// <param name="source">At least ⌈length of destination · width / 8⌉ bytes.</param>
    /// <param name="width">Bits a number, 0 to 32.</param>
    /// <param name="destination">Receives the numbers.</param>
    public static void Unpack(ReadOnlySpan<byte> source, int width, Span<uint> destination)
    {
        if (width == 0)
        {
            destination.Clear();
            return;
        }

        var done = Avx2.IsSupported && width <= MaxVectorWidth ? UnpackVector(source, width, destination) : 0;
        UnpackScalar(source, width, destination, done);
    }

    /// <summary>Unpacks numbers of at most 64 bits from the start of a byte.</summary>
    /// <param name="source">At least ⌈length of destination · width / 8⌉ bytes.</param>
    /// <param name="width">Bits a number, 0 to 64.</param>
    /// <param name="destination">Receives the numbers.</param>
    public static void Unpack(ReadOnlySpan<byte> source, int width, Span<ulong> destination)
    {
        if (width == 0)
        {
            destination.Clear();
            return;
        }

        var mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        for (var i = 0; i < destination.Length; i++)
        {
            var bit = (long)i * width;
            var at = (int)(bit >> 3);
            var shift = (int)(bit & 7);
            var value = Load(source, at) >> shift;
            if (shift + width > 64)
            {
                value |= (ulong)source[at + 8] << (64 - shift);
            }

            destination[i] = value & mask;
        }
    }

    /// <summary>The plain form of <see cref="Unpack(ReadOnlySpan{byte}, int, Span{uint})"/>, from the number at an index on.</summary>
    internal static void UnpackScalar(ReadOnlySpan<byte> source, int width, Span<uint> destination, int start)
    {
        var mask = (1UL << width) - 1;
        for (var i = start; i < destination.Length; i++)
        {
            var bit = (long)i * width;
            destination[i] = (uint)((Load(source, (int)(bit >> 3)) >> (int)(bit & 7)) & mask);
        }
    }

    private static ulong Load(ReadOnlySpan<byte> source, int at)
    {
        if (source.Length - at >= 8)
        {
            return Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(source), at));
        }

        var value = 0UL;
        for (var i = source.Length - 1; i >= at; i--)
        {
            value = (value << 8) | source[i];
        }

        return value;
    }

    /// <summary>Eight numbers a step: bytes to 32-bit lanes, shift each lane, mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int UnpackVector(ReadOnlySpan<byte> source, int width, Span<uint> destination)
    {
        var shuffle = s_shuffles[width];
        var shifts = s_shifts[width];
        var mask = Vector256.Create((1u << width) - 1);
        var second = (4 * width) >> 3;
        var groups = Math.Min(destination.Length / 8, Math.Max(0, (source.Length - second - 16 + width) / width));
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(destination);
        for (var i = 0; i < groups; i++)
        {
            var bytes = Vector256.Create(Vector128.LoadUnsafe(ref from), Vector128.LoadUnsafe(ref from, (nuint)second));
            var lanes = Avx2.ShiftRightLogicalVariable(Avx2.Shuffle(bytes, shuffle).AsUInt32(), shifts) & mask;
            lanes.StoreUnsafe(ref to);
            from = ref Unsafe.Add(ref from, width);
            to = ref Unsafe.Add(ref to, 8);
        }

        return groups * 8;
    }

    private static Vector256<byte>[] MakeShuffles()
    {
        var result = new Vector256<byte>[MaxVectorWidth + 1];
        Span<byte> indices = stackalloc byte[32];
        for (var width = 1; width <= MaxVectorWidth; width++)
        {
            for (var i = 0; i < 8; i++)
            {
                var bit = LaneBit(width, i);
                for (var b = 0; b < 4; b++)
                {
                    indices[(i * 4) + b] = (byte)Math.Min(15, (bit >> 3) + b);
                }
            }

            result[width] = Vector256.Create<byte>(indices);
        }

        return result;
    }

    private static Vector256<uint>[] MakeShifts()
    {
        var result = new Vector256<uint>[MaxVectorWidth + 1];
        Span<uint> shifts = stackalloc uint[8];
        for (var width = 1; width <= MaxVectorWidth; width++)
        {
            for (var i = 0; i < 8; i++)
            {
                shifts[i] = (uint)(LaneBit(width, i) & 7);
            }

            result[width] = Vector256.Create<uint>(shifts);
        }

        return result;
    }

    /// <summary>Bit of number i within the 16 bytes that are loaded for its half.</summary>
    private static int LaneBit(int width, int i) => i < 4 ? i * width : (i * width) - (4 * width / 8 * 8);
}
