using System.Runtime.InteropServices;

namespace DpSpark.Arrow;

/// <summary>The values of one column in one batch, in Arrow's physical layout. Immutable; the buffers belong to the batch that holds the array.</summary>
/// <remarks>
/// The first value of every buffer is row 0: arrays are never sliced by an offset. A dictionary-encoded array holds its indices in <see cref="Values"/>
/// (of the width of <see cref="IndexType"/>) and the decoded values in <see cref="Dictionary"/>; its <see cref="Type"/> is that of the decoded values.
/// </remarks>
public sealed partial class ArrowArray
{
    /// <summary>Type of the (decoded) values.</summary>
    public required ArrowType Type { get; init; }

    /// <summary>Number of rows.</summary>
    public required int Length { get; init; }

    /// <summary>Number of rows that are null (of the indices, for a dictionary-encoded array).</summary>
    public int NullCount { get; init; }

    /// <summary>One bit per row, 1 = present, least significant bit first; empty when no row is null.</summary>
    public ReadOnlyMemory<byte> Validity { get; init; }

    /// <summary>Offsets (<see cref="Length"/> + 1 of 32 or 64 bits) of text, bytes, lists and maps.</summary>
    public ReadOnlyMemory<byte> Offsets { get; init; }

    /// <summary>Fixed-width values, bits of Bool, bytes of text and binary, 16-byte views, or dictionary indices.</summary>
    public ReadOnlyMemory<byte> Values { get; init; }

    /// <summary>Data buffers of the view types.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ViewData { get; init; } = [];

    /// <summary>Arrays of the children of nested types.</summary>
    public IReadOnlyList<ArrowArray> Children { get; init; } = [];

    /// <summary>Values that <see cref="Values"/> index, for a dictionary-encoded array.</summary>
    public ArrowArray? Dictionary { get; init; }

    /// <summary>Type of the indices, for a dictionary-encoded array.</summary>
    public ArrowType? IndexType { get; init; }

    /// <summary>Whether the row is null. Does not look into <see cref="Dictionary"/>.</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    public bool IsNull(int row) => Type.Kind == TypeKind.Null && Dictionary is null
        || (!Validity.IsEmpty && (Validity.Span[row >> 3] & (1 << (row & 7))) == 0);

    /// <summary>The values buffer as fixed-width values.</summary>
    /// <typeparam name="T">A type of the width of the values.</typeparam>
    /// <returns>Length <see cref="Length"/>; unspecified where null.</returns>
    public ReadOnlySpan<T> ValuesAs<T>() where T : unmanaged => MemoryMarshal.Cast<byte, T>(Values.Span)[..Length];

    /// <summary>The offsets of a type with 32-bit offsets.</summary>
    /// <returns>Length <see cref="Length"/> + 1.</returns>
    public ReadOnlySpan<int> Offsets32() => MemoryMarshal.Cast<byte, int>(Offsets.Span)[..(Length + 1)];

    /// <summary>The offsets of a type with 64-bit offsets.</summary>
    /// <returns>Length <see cref="Length"/> + 1.</returns>
    public ReadOnlySpan<long> Offsets64() => MemoryMarshal.Cast<byte, long>(Offsets.Span)[..(Length + 1)];
}
