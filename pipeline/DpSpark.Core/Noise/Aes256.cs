using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using AesX86 = System.Runtime.Intrinsics.X86.Aes;

namespace DpSpark.Core.Noise;

/// <summary>AES-256 on whole blocks, with a key that can be changed cheaply.</summary>
/// <remarks>
/// A stream lives for one or two blocks, so setting the key dominates. With AES instructions the key schedule (FIPS 197, section 5.2)
/// is 13 instructions; elsewhere the platform's AES does the work. Both give the same bytes; a test compares them.
/// </remarks>
internal sealed class Aes256
{
    private RoundKeys _roundKeys;
    private Aes? _platform;

    /// <summary>Whether this processor has the instructions.</summary>
    internal static bool IsAccelerated => AesX86.IsSupported;

    /// <summary>Takes the platform's AES even where instructions exist; for the test that compares both.</summary>
    internal bool ForcePlatform { get; init; }

    internal void SetKey(ReadOnlySpan<byte> key)
    {
        if (AesX86.IsSupported && !ForcePlatform)
        {
            Expand(key, ref _roundKeys);
            return;
        }

        _platform ??= Aes.Create();
        _platform.SetKey(key);
    }

    internal void EncryptBlocks(Span<byte> blocks)
    {
        if (AesX86.IsSupported && !ForcePlatform)
        {
            Span<Vector128<byte>> vectors = MemoryMarshal.Cast<byte, Vector128<byte>>(blocks);
            for (int i = 0; i < vectors.Length; i++)
            {
                Vector128<byte> state = vectors[i] ^ _roundKeys[0];
                for (int round = 1; round < 14; round++)
                {
                    state = AesX86.Encrypt(state, _roundKeys[round]);
                }

                vectors[i] = AesX86.EncryptLast(state, _roundKeys[14]);
            }

            return;
        }

        _platform!.EncryptEcb(blocks, blocks, PaddingMode.None);
    }

    internal void Clear()
    {
        _roundKeys = default;
        _platform?.Dispose();
        _platform = null;
    }

    private static void Expand(ReadOnlySpan<byte> key, ref RoundKeys keys)
    {
        Vector128<byte> even = Vector128.Create(key[..16]);
        Vector128<byte> odd = Vector128.Create(key[16..32]);
        keys[0] = even;
        keys[1] = odd;
        even = keys[2] = NextEven(even, AesX86.KeygenAssist(odd, 0x01));
        odd = keys[3] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        even = keys[4] = NextEven(even, AesX86.KeygenAssist(odd, 0x02));
        odd = keys[5] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        even = keys[6] = NextEven(even, AesX86.KeygenAssist(odd, 0x04));
        odd = keys[7] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        even = keys[8] = NextEven(even, AesX86.KeygenAssist(odd, 0x08));
        odd = keys[9] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        even = keys[10] = NextEven(even, AesX86.KeygenAssist(odd, 0x10));
        odd = keys[11] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        even = keys[12] = NextEven(even, AesX86.KeygenAssist(odd, 0x20));
        odd = keys[13] = NextOdd(odd, AesX86.KeygenAssist(even, 0x00));
        keys[14] = NextEven(even, AesX86.KeygenAssist(odd, 0x40));
    }

    // Word i of the new key is the xor of words 0..i of the old one and of the assist word: a prefix xor over the lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> NextEven(Vector128<byte> previous, Vector128<byte> assist) =>
        PrefixXor(previous) ^ Vector128.Shuffle(assist.AsInt32(), Vector128.Create(3, 3, 3, 3)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> NextOdd(Vector128<byte> previous, Vector128<byte> assist) =>
        PrefixXor(previous) ^ Vector128.Shuffle(assist.AsInt32(), Vector128.Create(2, 2, 2, 2)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> PrefixXor(Vector128<byte> value)
    {
        value ^= System.Runtime.Intrinsics.X86.Sse2.ShiftLeftLogical128BitLane(value, 4);
        return value ^ System.Runtime.Intrinsics.X86.Sse2.ShiftLeftLogical128BitLane(value, 8);
    }

    [InlineArray(15)]
    private struct RoundKeys
    {
        private Vector128<byte> _first;
    }
}
