using System.Buffers;
using System.Globalization;
using System.Text;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sinks.Csv;

/// <summary>Writes batches as CSV: UTF-8, a header line, lines end with LF. The same rows always give the same bytes.</summary>
/// <remarks>
/// Numbers are in the invariant culture, in the shortest form that reads back the same; dates <c>2026-11-20</c>, instants <c>2026-11-20T14:02:07Z</c> with a fraction of a
/// second only where there is one. A null is an empty field, empty text is <c>""</c>; otherwise only fields with a delimiter, a quote or a line break in them are quoted.
/// </remarks>
public sealed class CsvWriter : IDisposable
{
    private static readonly SearchValues<byte> s_quoted = SearchValues.Create(",\"\r\n"u8);
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);
    private readonly Schema _schema;

    /// <summary>Creates a writer and writes the header.</summary>
    /// <param name="stream">Receives the bytes.</param>
    /// <param name="schema">Columns of every batch.</param>
    /// <param name="leaveOpen">Whether <see cref="Dispose"/> leaves the stream open.</param>
    /// <exception cref="ArrowUnsupportedException">A column has a type that CSV cannot hold (binary, nested).</exception>
    public CsvWriter(Stream stream, Schema schema, bool leaveOpen = false)
    {
        _stream = stream;
        _schema = schema;
        _leaveOpen = leaveOpen;
        for (var i = 0; i < schema.Fields.Count; i++)
        {
            RefuseUnlessText(schema.Fields[i]);
            Separate(i);
            WriteText(Encoding.UTF8.GetBytes(schema.Fields[i].Name));
        }

        _buffer.Write("\n"u8);
    }

    /// <summary>Writes the rows of a batch.</summary>
    /// <param name="batch">Of the schema given at the start.</param>
    public void Write(RecordBatch batch)
    {
        if (batch.Columns.Count != _schema.Fields.Count)
        {
            throw new ArgumentException("The batch has another number of columns than the schema.", nameof(batch));
        }

        for (var row = 0; row < batch.Length; row++)
        {
            for (var i = 0; i < batch.Columns.Count; i++)
            {
                Separate(i);
                WriteValue(batch.Columns[i], row);
            }

            _buffer.Write("\n"u8);
            if (_buffer.WrittenCount >= 1 << 16)
            {
                Flush();
            }
        }
    }

    /// <summary>Hands everything written so far to the stream.</summary>
    public void Flush()
    {
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private static void RefuseUnlessText(Field field)
    {
        var type = field.Type;
        var supported = type.Kind is TypeKind.Null or TypeKind.Bool or TypeKind.Int or TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Date or TypeKind.Timestamp
            || (type.Kind == TypeKind.FloatingPoint && type.BitWidth is 32 or 64)
            || (type.Kind == TypeKind.Decimal && type.BitWidth == 128 && type.Scale >= 0);
        if (!supported)
        {
            throw new ArrowUnsupportedException($"column '{field.Name}' of type {type.Kind} in a CSV file");
        }
    }

    private void Separate(int column)
    {
        if (column > 0)
        {
            _buffer.Write(","u8);
        }
    }

    private void WriteValue(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return;
        }

        if (array.Dictionary is { } dictionary)
        {
            WriteValue(dictionary, array.IndexAt(row));
            return;
        }

        var type = array.Type;
        switch (type.Kind)
        {
            case TypeKind.Bool:
                _buffer.Write((array.Values.Span[row >> 3] & (1 << (row & 7))) != 0 ? "true"u8 : "false"u8);
                break;
            case TypeKind.Int:
                Format(array.IntegerAt(row), default);
                break;
            case TypeKind.FloatingPoint when type.BitWidth == 32:
                Format(array.ValuesAs<float>()[row], "R");
                break;
            case TypeKind.FloatingPoint:
                Format(array.ValuesAs<double>()[row], "R");
                break;
            case TypeKind.Decimal:
                WriteDecimal(array.ValuesAs<Int128>()[row], type.Scale);
                break;
            case TypeKind.Date:
                WriteDate(type.Unit == TimeUnit.Day ? array.ValuesAs<int>()[row] : Math.DivRem(array.ValuesAs<long>()[row], 86_400_000).Quotient);
                break;
            case TypeKind.Timestamp:
                WriteTimestamp(array.ValuesAs<long>()[row], type);
                break;
            case TypeKind.Utf8:
                var offsets = array.Offsets32();
                WriteText(array.Values.Span[offsets[row]..offsets[row + 1]]);
                break;
            default:
                var wide = array.Offsets64();
                WriteText(array.Values.Span[(int)wide[row]..(int)wide[row + 1]]);
                break;
        }
    }

    private void Format<T>(T value, ReadOnlySpan<char> format) where T : IUtf8SpanFormattable
    {
        var target = _buffer.GetSpan(64);
        value.TryFormat(target, out var written, format, CultureInfo.InvariantCulture);
        _buffer.Advance(written);
    }

    /// <summary>All digits after the point are written: the scale is part of the type.</summary>
    private void WriteDecimal(Int128 unscaled, int scale)
    {
        Span<byte> digits = stackalloc byte[48];
        var magnitude = unscaled < 0 ? unchecked((UInt128)(-unscaled)) : (UInt128)unscaled;
        magnitude.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        if (unscaled < 0)
        {
            _buffer.Write("-"u8);
        }

        var whole = Math.Max(0, count - scale);
        _buffer.Write(whole == 0 ? "0"u8 : digits[..whole]);
        if (scale > 0)
        {
            _buffer.Write("."u8);
            for (var i = count; i < scale; i++)
            {
                _buffer.Write("0"u8);
            }

            _buffer.Write(digits[whole..count]);
        }
    }

    private void WriteDate(long days)
    {
        if (days < -719_162 || days > 2_932_896)
        {
            throw new ArgumentOutOfRangeException(nameof(days), "A date lies outside of the years 1 to 9999.");
        }

        Format(DateOnly.FromDayNumber((int)(days + 719_162)), "O");
    }

    private void WriteTimestamp(long value, ArrowType type)
    {
        var perSecond = type.Unit switch { TimeUnit.Second => 1L, TimeUnit.Millisecond => 1_000, TimeUnit.Microsecond => 1_000_000, _ => 1_000_000_000 };
        var (seconds, fraction) = FloorDivide(value, perSecond);
        var (days, second) = FloorDivide(seconds, 86_400);
        WriteDate(days);
        Format(new TimeOnly(second * TimeSpan.TicksPerSecond), "'T'HH':'mm':'ss");
        if (fraction != 0)
        {
            var places = (int)Math.Log10(perSecond);
            while (fraction % 10 == 0)
            {
                fraction /= 10;
                places--;
            }

            _buffer.Write("."u8);
            Format(fraction, "D" + places.ToString(CultureInfo.InvariantCulture));
        }

        if (type.Timezone is not null)
        {
            _buffer.Write("Z"u8);
        }
    }

    private static (long Quotient, long Remainder) FloorDivide(long value, long divisor)
    {
        var quotient = Math.DivRem(value, divisor, out var remainder);
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder);
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text.IndexOfAny(s_quoted) < 0)
        {
            _buffer.Write(text);
            return;
        }

        _buffer.Write("\""u8);
        for (var quote = text.IndexOf((byte)'"'); quote >= 0; quote = text.IndexOf((byte)'"'))
        {
            _buffer.Write(text[..(quote + 1)]);
            _buffer.Write("\""u8);
            text = text[(quote + 1)..];
        }

        _buffer.Write(text);
        _buffer.Write("\""u8);
    }
}
