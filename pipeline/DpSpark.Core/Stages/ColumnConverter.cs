using System.Buffers.Binary;
using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>
/// Turns a column of the source into words of the contract's type and applies the contract's policies. One converter serves one thread.
/// </summary>
/// <remarks>
/// Words: bool 0 or 1; int, long; double bits with one zero; decimal unscaled at the column's scale, saturated at 64 bits; date days; timestamp microseconds UTC.
/// Text and binary have no word: their bytes are read from the array through <see cref="TextColumn"/>.
/// </remarks>
internal sealed class ColumnConverter
{
    private const byte Usable = 0;
    private const byte Missing = 1;

    private readonly ColumnSpec _spec;
    private readonly long _nullWord;
    private readonly byte[] _nullText;
    private readonly long _nanWord;
    private byte[] _state = [];

    public ColumnConverter(ColumnSpec spec)
    {
        _spec = spec;
        _nullText = [];
        if (spec.Nulls == ValuePolicy.Replace)
        {
            var text = System.Text.Encoding.UTF8.GetBytes(spec.NullReplacement ?? "");
            if (IsText)
            {
                _nullText = text;
            }
            else if (!TryParseWord(text, out _nullWord))
            {
                throw new DataContractException("DPS5009", $"column '{spec.Name}': the replacement of nulls is not a value of the column's type.");
            }
        }

        if (spec.NaN == ValuePolicy.Replace && !TryParseWord(System.Text.Encoding.UTF8.GetBytes(spec.NaNReplacement ?? ""), out _nanWord))
        {
            throw new DataContractException("DPS5009", $"column '{spec.Name}': the replacement of NaN is not a value of the column's type.");
        }
    }

    public ColumnSpec Spec => _spec;

    public bool IsText => _spec.Type is ColumnType.String or ColumnType.Binary;

    /// <summary>One word per row after <see cref="Convert"/>; unspecified where <see cref="IsNull"/> or dropped.</summary>
    public long[] Words { get; private set; } = [];

    /// <summary>Bytes per row after <see cref="Convert"/>, for text and binary.</summary>
    public TextColumn Text { get; private set; } = TextColumn.Empty;

    /// <summary>Whether the batch holds nulls that are keys of their own.</summary>
    public bool HasNulls { get; private set; }

    /// <summary>Bytes that replace a null text.</summary>
    public ReadOnlySpan<byte> NullText => _nullText;

    /// <summary>Whether the row is null (only where the policy keeps nulls).</summary>
    public bool IsNull(int row) => HasNulls && _state[row] == Missing;

    /// <summary>Whether the row's text is the replacement.</summary>
    public bool IsReplacedText(int row) => _spec.Nulls == ValuePolicy.Replace && _state[row] == Missing;

    /// <summary>Converts a column.</summary>
    /// <param name="array">The source's array.</param>
    /// <param name="keep">Set to 0 for rows that the policies leave out; length of the batch.</param>
    /// <returns>Rows newly left out.</returns>
    public int Convert(ArrowArray array, Span<byte> keep)
    {
        var n = array.Length;
        if (_state.Length < n)
        {
            _state = new byte[n];
            Words = IsText ? [] : new long[n];
        }

        HasNulls = false;
        var state = _state.AsSpan(0, n);
        state.Clear();
        if (array.Dictionary is null && array.NullCount == 0 && TryConvertFast(array, n))
        {
            return _spec.Type is ColumnType.Double or ColumnType.Float ? ApplyFloatPolicies(keep) : 0;
        }

        MarkNulls(array, state);
        if (IsText)
        {
            Text = TextColumn.Of(array);
            if (array.Dictionary is { } dictionary && dictionary.NullCount > 0)
            {
                for (var i = 0; i < n; i++)
                {
                    if (state[i] == Usable && dictionary.IsNull(Text.IndexOf(i)))
                    {
                        state[i] = Missing;
                    }
                }
            }
        }
        else
        {
            ConvertWords(array, state);
        }

        var dropped = ApplyNullPolicy(state, keep);
        return _spec.Type is ColumnType.Double or ColumnType.Float ? dropped + ApplyFloatPolicies(keep) : dropped;
    }

    private static void MarkNulls(ArrowArray array, Span<byte> state)
    {
        if (array.Type.Kind == TypeKind.Null && array.Dictionary is null)
        {
            state.Fill(Missing);
        }
        else if (!array.Validity.IsEmpty && array.NullCount != 0)
        {
            var bits = array.Validity.Span;
            for (var i = 0; i < state.Length; i++)
            {
                state[i] = (bits[i >> 3] & (1 << (i & 7))) == 0 ? Missing : Usable;
            }
        }
    }

    private int ApplyNullPolicy(Span<byte> state, Span<byte> keep)
    {
        var dropped = 0;
        if (state.IndexOf(Missing) < 0)
        {
            return 0;
        }

        switch (_spec.Nulls)
        {
            case ValuePolicy.Keep:
                HasNulls = true;
                break;
            case ValuePolicy.Error:
                throw new DataContractException("DPS5010", $"column '{_spec.Name}' holds a null or an unreadable value, and its contract says nulls: error.",
                    fixes: ["Mend the source, or write nulls: drop or nulls: { replace: … }."]);
            case ValuePolicy.Replace:
                for (var i = 0; i < state.Length; i++)
                {
                    if (state[i] == Missing && !IsText)
                    {
                        Words[i] = _nullWord;
                    }
                }

                break;
            default:
                for (var i = 0; i < state.Length; i++)
                {
                    if (state[i] == Missing)
                    {
                        dropped += keep[i];
                        keep[i] = 0;
                    }
                }

                break;
        }

        return dropped;
    }

    private int ApplyFloatPolicies(Span<byte> keep)
    {
        var dropped = 0;
        var words = Words.AsSpan(0, keep.Length);
        for (var i = 0; i < words.Length; i++)
        {
            const long Exponent = 0x7ff0000000000000;
            if ((words[i] & Exponent) != Exponent || keep[i] == 0)
            {
                continue;
            }

            var isNaN = (words[i] & ~long.MinValue) != Exponent;
            var policy = isNaN ? _spec.NaN : _spec.Infinity;
            if (policy == ValuePolicy.Drop)
            {
                keep[i] = 0;
                dropped++;
            }
            else if (policy == ValuePolicy.Error)
            {
                throw new DataContractException("DPS5011", $"column '{_spec.Name}' holds {(isNaN ? "NaN" : "an infinity")}, and its contract says {(isNaN ? "nan" : "inf")}: error.",
                    fixes: [isNaN ? "Mend the source, or write nan: drop." : "Mend the source, or write inf: clamp or inf: drop."]);
            }
            else if (policy == ValuePolicy.Replace)
            {
                words[i] = _nanWord;
            }
        }

        return dropped;
    }

    /// <summary>The commonest physical types without nulls: a straight copy.</summary>
    private bool TryConvertFast(ArrowArray array, int n)
    {
        var words = IsText ? [] : Words.AsSpan(0, n);
        switch (_spec.Type, array.Type.Kind, array.Type.BitWidth)
        {
            case (ColumnType.Long, TypeKind.Int, 64) when array.Type.IsSigned:
                array.ValuesAs<long>().CopyTo(words);
                return true;
            case (ColumnType.Long or ColumnType.Int, TypeKind.Int, 32) when array.Type.IsSigned:
                var ints = array.ValuesAs<int>();
                for (var i = 0; i < words.Length; i++)
                {
                    words[i] = ints[i];
                }

                return true;
            case (ColumnType.Double, TypeKind.FloatingPoint, 64):
                var doubles = array.ValuesAs<long>();
                for (var i = 0; i < words.Length; i++)
                {
                    // -0.0 is the one value whose bits shifted left are zero and that is not zero itself.
                    words[i] = doubles[i] == long.MinValue ? 0 : doubles[i];
                }

                return true;
            case (ColumnType.String or ColumnType.Binary, _, _):
                Text = TextColumn.Of(array);
                return true;
            default:
                return false;
        }
    }

    private void ConvertWords(ArrowArray array, Span<byte> state)
    {
        if (array.Dictionary is { } dictionary)
        {
            var values = new ColumnConverter(_spec with { Nulls = ValuePolicy.Keep, NaN = ValuePolicy.Clamp, Infinity = ValuePolicy.Clamp });
            var all = new byte[dictionary.Length];
            all.AsSpan().Fill(1);
            values.Convert(dictionary, all);
            for (var i = 0; i < state.Length; i++)
            {
                if (state[i] == Usable)
                {
                    var at = array.IndexAt(i);
                    Words[i] = values.Words[at];
                    state[i] = values.IsNull(at) ? Missing : Usable;
                }
            }

            return;
        }

        if (array.Type.IsVariableLength)
        {
            var text = TextColumn.Of(array);
            for (var i = 0; i < state.Length; i++)
            {
                if (state[i] == Usable && !TryParseWord(text[i], out Words[i]))
                {
                    state[i] = Missing;
                }
            }

            return;
        }

        for (var i = 0; i < state.Length; i++)
        {
            if (state[i] == Usable && !TryReadWord(array, i, out Words[i]))
            {
                state[i] = Missing;
            }
        }
    }

    private bool TryParseWord(ReadOnlySpan<byte> text, out long word)
    {
        switch (_spec.Type)
        {
            case ColumnType.Bool:
                return TextParser.TryBool(text, out word);
            case ColumnType.Int:
                return TextParser.TryInt(text, out word);
            case ColumnType.Long:
                return TextParser.TryLong(text, out word);
            case ColumnType.Float:
                var readFloat = TextParser.TryDouble(text, out var single);
                word = (long)CanonicalKey.CanonicalBits((float)single);
                return readFloat;
            case ColumnType.Double:
                var read = TextParser.TryDouble(text, out var number);
                word = (long)CanonicalKey.CanonicalBits(number);
                return read;
            case ColumnType.Decimal:
                return TextParser.TryDecimal(text, _spec.Precision, _spec.Scale, out word);
            case ColumnType.Date:
                return TextParser.TryDate(text, _spec.Format, out word);
            case ColumnType.Timestamp:
                return TextParser.TryTimestamp(text, _spec.Format, out word);
            default:
                word = 0;
                return false;
        }
    }

    private bool TryReadWord(ArrowArray array, int row, out long word)
    {
        var type = array.Type;
        word = 0;
        switch (type.Kind)
        {
            case TypeKind.Bool:
                word = (array.Values.Span[row >> 3] >> (row & 7)) & 1;
                return _spec.Type == ColumnType.Bool;
            case TypeKind.FloatingPoint:
                var number = type.BitWidth switch
                {
                    16 => (double)array.ValuesAs<Half>()[row],
                    32 => array.ValuesAs<float>()[row],
                    _ => array.ValuesAs<double>()[row],
                };
                word = (long)CanonicalKey.CanonicalBits(number);
                return _spec.Type is ColumnType.Double or ColumnType.Float;
            case TypeKind.Int:
                return TryInteger(array.IntegerAt(row), out word);
            case TypeKind.Decimal:
                return TryDecimalWord(array, row, out word);
            case TypeKind.Date:
                var days = type.Unit == TimeUnit.Day ? array.ValuesAs<int>()[row] : TextParser.FloorDiv(array.ValuesAs<long>()[row], 86_400_000);
                word = _spec.Type == ColumnType.Timestamp ? days * 86_400_000_000 : days;
                return _spec.Type is ColumnType.Date or ColumnType.Timestamp;
            case TypeKind.Timestamp:
                if (!TryMicroseconds(array.ValuesAs<long>()[row], type.Unit, out word))
                {
                    return false;
                }

                word = _spec.Type == ColumnType.Date ? TextParser.FloorDiv(word, 86_400_000_000) : word;
                return _spec.Type is ColumnType.Date or ColumnType.Timestamp;
            default:
                return false;
        }
    }

    private static bool TryMicroseconds(long value, TimeUnit unit, out long microseconds)
    {
        microseconds = 0;
        var factor = unit switch { TimeUnit.Second => 1_000_000L, TimeUnit.Millisecond => 1_000L, _ => 1L };
        if (Int128.Abs((Int128)value * factor) > long.MaxValue)
        {
            return false;
        }

        microseconds = unit == TimeUnit.Nanosecond ? TextParser.FloorDiv(value, 1000) : value * factor;
        return true;
    }

    private bool TryInteger(Int128 value, out long word)
    {
        word = 0;
        switch (_spec.Type)
        {
            case ColumnType.Int when value >= int.MinValue && value <= int.MaxValue:
            case ColumnType.Long when value >= long.MinValue && value <= long.MaxValue:
                word = (long)value;
                return true;
            case ColumnType.Double or ColumnType.Float:
                word = (long)CanonicalKey.CanonicalBits(_spec.Type == ColumnType.Float ? (float)value : (double)value);
                return true;
            case ColumnType.Decimal:
                return TryRescale(value, 0, out word);
            default:
                return false;
        }
    }

    private bool TryDecimalWord(ArrowArray array, int row, out long word)
    {
        var width = array.Type.BitWidth / 8;
        var bytes = array.Values.Span.Slice(row * width, width);
        Int128 unscaled;
        switch (width)
        {
            case 4:
                unscaled = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                break;
            case 8:
                unscaled = BinaryPrimitives.ReadInt64LittleEndian(bytes);
                break;
            case 16:
                unscaled = BinaryPrimitives.ReadInt128LittleEndian(bytes);
                break;
            default:
                var wide = new BigInteger(bytes);
                unscaled = wide > Int128.MaxValue ? Int128.MaxValue : wide < Int128.MinValue ? Int128.MinValue : (Int128)wide;
                break;
        }

        if (_spec.Type == ColumnType.Decimal)
        {
            return TryRescale(unscaled, array.Type.Scale, out word);
        }

        word = (long)CanonicalKey.CanonicalBits((double)unscaled / (double)TextParser.PowerOfTen(Math.Min(array.Type.Scale, 38)));
        return _spec.Type is ColumnType.Double or ColumnType.Float;
    }

    private bool TryRescale(Int128 unscaled, int scale, out long word)
    {
        word = 0;
        if (scale < _spec.Scale)
        {
            var factor = (Int128)TextParser.PowerOfTen(_spec.Scale - scale);
            if (Int128.Abs(unscaled) > Int128.MaxValue / factor)
            {
                return false;
            }

            unscaled *= factor;
        }
        else if (scale > _spec.Scale)
        {
            var factor = (Int128)TextParser.PowerOfTen(scale - _spec.Scale);
            var half = unscaled < 0 ? -(factor / 2) : factor / 2;
            unscaled = (unscaled + half) / factor;
        }

        if (_spec.Precision < 38 && (UInt128)Int128.Abs(unscaled) >= TextParser.PowerOfTen(_spec.Precision))
        {
            return false;
        }

        word = TextParser.Saturate(unscaled);
        return true;
    }
}
