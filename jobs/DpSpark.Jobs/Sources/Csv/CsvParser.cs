using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>Parses a block of whole records into columns: finds delimiters, line feeds and quotes 64 bytes at a time and copies only the wanted fields.</summary>
internal ref struct CsvParser
{
    private const int Window = 64;
    private readonly byte[] _data;
    private readonly CsvBlock _block;
    private readonly CsvLayout _layout;
    private readonly Utf8ColumnBuilder[] _builders;
    private readonly byte _delimiter;
    private int _recordStart;
    private int _fieldStart;
    private int _field;
    private int _rows;

    private CsvParser(CsvBlock block, CsvLayout layout, Utf8ColumnBuilder[] builders)
    {
        _data = block.Buffer;
        _block = block;
        _layout = layout;
        _builders = builders;
        _delimiter = layout.Delimiter;
        _recordStart = _fieldStart = block.Position;
    }

    /// <summary>Appends records from the block's position on, and moves that position behind them.</summary>
    /// <param name="block">Whole records.</param>
    /// <param name="layout">Columns of the file and which of them are wanted.</param>
    /// <param name="builders">One per wanted column, with room for <paramref name="maxRows"/> rows.</param>
    /// <param name="maxRows">Rows to append, at most.</param>
    /// <returns>Rows appended; the block is used up when its position is its length.</returns>
    /// <exception cref="SourceFormatException">A record breaks the contract.</exception>
    public static int Parse(CsvBlock block, CsvLayout layout, Utf8ColumnBuilder[] builders, int maxRows)
    {
        var parser = new CsvParser(block, layout, builders);
        parser.Run(maxRows);
        block.Position = parser._recordStart;
        return parser._rows;
    }

    private void Run(int maxRows)
    {
        var end = _block.Length;
        var position = _recordStart;
        while (position < end)
        {
            var marks = Marks(position, end);
            var next = position + Window;
            while (marks != 0)
            {
                var at = position + BitOperations.TrailingZeroCount(marks);
                var b = _data[at];
                if (b == _delimiter)
                {
                    EndField(at);
                    _fieldStart = at + 1;
                }
                else if (b == '\n')
                {
                    EndRecord(at);
                    if (_rows == maxRows)
                    {
                        return;
                    }
                }
                else if (at == _fieldStart)
                {
                    var behind = QuotedField(at, end);
                    if (_rows == maxRows)
                    {
                        return;
                    }

                    if (behind - position >= Window)
                    {
                        next = behind;
                        break;
                    }

                    marks &= ulong.MaxValue << (behind - position);
                    continue;
                }

                marks &= marks - 1;
            }

            position = next;
        }

        if (_field > 0 || _fieldStart < end)
        {
            EndRecord(end); // the last line of the file has no line feed
        }

        _recordStart = end;
    }

    /// <summary>One bit per byte of the window that is a delimiter, a line feed or a quote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ulong Marks(int position, int end)
    {
        ref var data = ref MemoryMarshal.GetArrayDataReference(_data);
        var marks = (ulong)Marks32(ref data, position) | ((ulong)Marks32(ref data, position + 32) << 32);
        var left = end - position;
        return left < Window ? marks & ((1UL << left) - 1) : marks;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint Marks32(ref byte data, int position)
    {
        var bytes = Vector256.LoadUnsafe(ref data, (nuint)position);
        return (Vector256.Equals(bytes, Vector256.Create(_delimiter)) | Vector256.Equals(bytes, Vector256.Create((byte)'\n')) | Vector256.Equals(bytes, Vector256.Create((byte)'"')))
            .ExtractMostSignificantBits();
    }

    /// <summary>Ends an unquoted field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndField(int at)
    {
        var target = Target();
        if (target < 0)
        {
            return;
        }

        var length = at - _fieldStart;
        if (_layout.IsNull(_data, _fieldStart, length))
        {
            _builders[target].AppendNull();
            return;
        }

        CheckLength(length);
        _builders[target].Append(_data, _fieldStart, length);
    }

    /// <summary>Ends an unquoted last field and the record at a line feed or at the end of the file.</summary>
    private void EndRecord(int at)
    {
        var fieldEnd = at > _fieldStart && _data[at - 1] == '\r' ? at - 1 : at;
        if (_field > 0 || fieldEnd > _fieldStart || _layout.FieldCount == 1)
        {
            EndField(fieldEnd);
            EndRow();
        }

        _recordStart = _fieldStart = at + 1;
    }

    private void EndRow()
    {
        if (_field != _layout.FieldCount)
        {
            CsvFaults.WrongFieldCount(_layout.File, _block.LineOf(_recordStart), _field, _layout.FieldCount);
        }

        _field = 0;
        _rows++;
    }

    /// <summary>Takes the field whose opening quote is at <paramref name="open"/>, and its delimiter or line feed.</summary>
    /// <returns>The first byte behind what was taken.</returns>
    private int QuotedField(int open, int end)
    {
        var escapes = false;
        var close = open + 1;
        while (true)
        {
            var found = _data.AsSpan(close, end - close).IndexOf((byte)'"');
            if (found < 0)
            {
                CsvFaults.OpenQuote(_layout.File, _block.LineOf(open));
            }

            close += found;
            if (close + 1 >= end || _data[close + 1] != '"')
            {
                break;
            }

            escapes = true;
            close += 2;
        }

        var target = Target();
        if (target >= 0)
        {
            var length = close - open - 1;
            CheckLength(length);
            if (_layout.IsQuotedNull(_data.AsSpan(open + 1, length), escapes))
            {
                _builders[target].AppendNull();
            }
            else if (escapes)
            {
                _builders[target].AppendUnescaped(_data.AsSpan(open + 1, length));
            }
            else
            {
                _builders[target].Append(_data, open + 1, length);
            }
        }

        var behind = close + 1;
        if (behind < end && _data[behind] == _delimiter)
        {
            _fieldStart = behind + 1;
            return behind + 1;
        }

        behind += behind < end && _data[behind] == '\r' ? 1 : 0;
        if (behind < end && _data[behind] != '\n')
        {
            CsvFaults.TextAfterQuote(_layout.File, _block.LineOf(close));
        }

        EndRow();
        behind = Math.Min(behind + 1, end);
        _recordStart = _fieldStart = behind;
        return behind;
    }

    /// <summary>Counts a field; the column it goes to, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Target()
    {
        var targets = _layout.Targets;
        if ((uint)_field >= (uint)targets.Length)
        {
            CsvFaults.WrongFieldCount(_layout.File, _block.LineOf(_recordStart), _field + 1, _layout.FieldCount);
        }

        return targets[_field++];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void CheckLength(int length)
    {
        if (length > _layout.MaxFieldBytes)
        {
            CsvFaults.FieldTooLong(_layout.File, _block.LineOf(_recordStart), _layout.MaxFieldBytes);
        }
    }
}

/// <summary>What the parser needs to know of a file.</summary>
/// <param name="File">Name for messages.</param>
/// <param name="Delimiter">Separates fields.</param>
/// <param name="NullText">A field of these bytes is null; where there are none, an unquoted one.</param>
/// <param name="MaxFieldBytes">Bytes of one field, at most.</param>
/// <param name="Targets">Per field of the file the wanted column it goes to, or -1.</param>
internal sealed record CsvLayout(string File, byte Delimiter, byte[] NullText, int MaxFieldBytes, int[] Targets)
{
    public int FieldCount => Targets.Length;

    /// <summary>Whether a quoted field is null: quotes tell the empty text from null, and nothing else, as for Spark and other readers.</summary>
    /// <param name="field">What stands between the quotes.</param>
    /// <param name="escapes">Whether quotes in it are doubled.</param>
    public bool IsQuotedNull(ReadOnlySpan<byte> field, bool escapes) => NullText.Length > 0
        && (escapes ? Encoding.UTF8.GetString(field).Replace("\"\"", "\"", StringComparison.Ordinal) == Encoding.UTF8.GetString(NullText) : field.SequenceEqual(NullText));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(byte[] data, int start, int length) =>
        length == NullText.Length && (length == 0 || data.AsSpan(start, length).SequenceEqual(NullText));
}
