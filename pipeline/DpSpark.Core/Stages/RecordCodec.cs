using System.Buffers.Binary;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Canonical bytes of a record: the tuple of all value columns that any aggregate uses, in plan order (dp-math.md 2.3).</summary>
internal sealed class RecordCodec
{
    private readonly ColumnSpec[] _columns;
    private readonly bool _oneDouble;

    public RecordCodec(StageSpec spec)
    {
        _columns = new ColumnSpec[spec.RecordColumns.Count];
        for (var i = 0; i < _columns.Length; i++)
        {
            foreach (var column in spec.Columns)
            {
                if (column.Name == spec.RecordColumns[i])
                {
                    _columns[i] = column;
                }
            }
        }

        _oneDouble = _columns.Length == 1 && _columns[0].Type is ColumnType.Double or ColumnType.Float;
        MaxBytes = 17 * Math.Max(1, _columns.Length);
    }

    /// <summary>Most bytes a record takes.</summary>
    public int MaxBytes { get; }

    /// <summary>Writes a record; gives its length.</summary>
    public int Write(ReadOnlySpan<ulong> words, Span<byte> destination)
    {
        var length = 0;
        for (var i = 0; i < _columns.Length; i++)
        {
            var word = (long)words[i];
            var rest = destination[length..];
            length += _columns[i].Type switch
            {
                ColumnType.Double or ColumnType.Float => CanonicalKey.WriteDouble(BitConverter.Int64BitsToDouble(word), rest),
                ColumnType.Decimal => CanonicalKey.WriteDecimal(word, _columns[i].Scale, rest),
                ColumnType.Date => CanonicalKey.WriteDate((int)word, rest),
                ColumnType.Timestamp => CanonicalKey.WriteTimestamp(word, rest),
                ColumnType.Bool => CanonicalKey.WriteBool(word != 0, rest),
                _ => CanonicalKey.WriteInt64(word, rest),
            };
        }

        return length;
    }

    /// <summary>Appends tlv(record) to a rank.</summary>
    public void AppendTlv(ref SipHash24 state, ReadOnlySpan<ulong> words, Span<byte> scratch)
    {
        if (_oneDouble)
        {
            // The 17 bytes 0,0,0,13, 0,0,0,9, 3, then the bits big-endian.
            state.AppendWord(0x09000000_0d000000UL);
            state.AppendByte((byte)KeyTag.Double);
            state.AppendWord(BinaryPrimitives.ReverseEndianness(words[0]));
            return;
        }

        BoundKey.AppendTlv(ref state, scratch[..Write(words, scratch)]);
    }
}
