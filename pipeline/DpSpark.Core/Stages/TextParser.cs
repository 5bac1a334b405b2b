using System.Globalization;
using System.Text;

namespace DpSpark.Core.Stages;

/// <summary>
/// Reads values of the contract's types from UTF-8 text. Both hosts parse text here, so that they agree on every odd value. Blanks around numbers, dates and booleans are ignored;
/// what cannot be read is a null (dp-math.md 0.5).
/// </summary>
internal static class TextParser
{
    private const long MicrosecondsPerDay = 86_400_000_000;

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (text.Length > 0 && text[0] is (byte)' ' or (byte)'\t')
        {
            text = text[1..];
        }

        while (text.Length > 0 && text[^1] is (byte)' ' or (byte)'\t')
        {
            text = text[..^1];
        }

        return text;
    }

    /// <summary>Optional sign and digits; false beyond 64 bits.</summary>
    public static bool TryLong(ReadOnlySpan<byte> text, out long value)
    {
        text = Trim(text);
        value = 0;
        if (text.Length == 0)
        {
            return false;
        }

        var negative = text[0] == (byte)'-';
        if (text[0] is (byte)'-' or (byte)'+')
        {
            text = text[1..];
        }

        if (text.Length == 0)
        {
            return false;
        }

        var sum = 0UL;
        foreach (var c in text)
        {
            var digit = (uint)(c - '0');
            if (digit > 9 || sum > (ulong.MaxValue - 9) / 10)
            {
                return false;
            }

            sum = (sum * 10) + digit;
        }

        if (sum > (negative ? 1UL << 63 : long.MaxValue))
        {
            return false;
        }

        value = negative ? unchecked((long)(0 - sum)) : (long)sum;
        return true;
    }

    public static bool TryInt(ReadOnlySpan<byte> text, out long value) =>
        TryLong(text, out value) && value is >= int.MinValue and <= int.MaxValue;

    public static bool TryBool(ReadOnlySpan<byte> text, out long value)
    {
        text = Trim(text);
        value = 0;
        if (Ascii.EqualsIgnoreCase(text, "true"u8) || Ascii.EqualsIgnoreCase(text, "t"u8) || Ascii.EqualsIgnoreCase(text, "yes"u8)
            || Ascii.EqualsIgnoreCase(text, "y"u8) || text.SequenceEqual("1"u8))
        {
            value = 1;
            return true;
        }

        return Ascii.EqualsIgnoreCase(text, "false"u8) || Ascii.EqualsIgnoreCase(text, "f"u8) || Ascii.EqualsIgnoreCase(text, "no"u8)
            || Ascii.EqualsIgnoreCase(text, "n"u8) || text.SequenceEqual("0"u8);
    }

    public static bool TryDouble(ReadOnlySpan<byte> text, out double value)
    {
        text = Trim(text);
        value = 0;
        if (text.Length == 0)
        {
            return false;
        }

        if (text[^1] is >= (byte)'0' and <= (byte)'9' or (byte)'.')
        {
            return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
        }

        var negative = text[0] == (byte)'-';
        var rest = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(rest, "nan"u8))
        {
            value = double.NaN;
            return true;
        }

        if (Ascii.EqualsIgnoreCase(rest, "inf"u8) || Ascii.EqualsIgnoreCase(rest, "infinity"u8))
        {
            value = negative ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        return false;
    }

    /// <summary>A decimal as an unscaled integer of the column's scale: more digits after the point are rounded half away from zero, more before it than the precision allows are unreadable.
    /// Values beyond 64 bits saturate; every clamping bound lies within.</summary>
    public static bool TryDecimal(ReadOnlySpan<byte> text, int precision, int scale, out long value)
    {
        text = Trim(text);
        value = 0;
        if (text.Length == 0)
        {
            return false;
        }

        var exponent = 0;
        var e = text.IndexOfAny((byte)'e', (byte)'E');
        if (e >= 0)
        {
            if (!TryLong(text[(e + 1)..], out var exponentValue) || Math.Abs(exponentValue) > 100)
            {
                return false;
            }

            exponent = (int)exponentValue;
            text = text[..e];
        }

        var negative = text.Length > 0 && text[0] == (byte)'-';
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            text = text[1..];
        }

        // Digits at positions before (scale) after the point are kept; the first one beyond decides the rounding.
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text.Length : point;
        var keep = whole + exponent + scale;
        var sum = UInt128.Zero;
        var roundUp = false;
        var position = 0;
        var digits = 0;
        foreach (var c in text)
        {
            if (c == (byte)'.')
            {
                if (position != whole || digits != whole)
                {
                    return false;
                }

                continue;
            }

            var digit = (uint)(c - '0');
            if (digit > 9)
            {
                return false;
            }

            digits++;
            if (position < keep)
            {
                if (sum > (UInt128.MaxValue / 10) - 1)
                {
                    return false;
                }

                sum = (sum * 10) + digit;
            }
            else if (position == keep)
            {
                roundUp = digit >= 5;
            }

            position++;
        }

        if (digits == 0 || text.Count((byte)'.') > 1)
        {
            return false;
        }

        for (; position < keep; position++)
        {
            if (sum > (UInt128.MaxValue / 10) - 1)
            {
                return false;
            }

            sum *= 10;
        }

        sum += roundUp ? 1u : 0u;
        if (sum >= PowerOfTen(precision))
        {
            return false;
        }

        value = Saturate(negative ? -(Int128)sum : (Int128)sum);
        return true;
    }

    public static long Saturate(Int128 value) => value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;

    public static UInt128 PowerOfTen(int exponent)
    {
        var power = UInt128.One;
        for (var i = 0; i < exponent; i++)
        {
            power *= 10;
        }

        return power;
    }

    /// <summary>Days since 1970-01-01 of <c>yyyy-MM-dd</c> (a time of day after it is cut off), or of the given format.</summary>
    public static bool TryDate(ReadOnlySpan<byte> text, string? format, out long days)
    {
        days = 0;
        if (format is not null)
        {
            if (!TryFormatted(text, format, out var instant))
            {
                return false;
            }

            days = Math.DivRem(instant - FloorMod(instant, MicrosecondsPerDay), MicrosecondsPerDay).Quotient;
            return true;
        }

        text = Trim(text);
        if (!TryIsoDate(text, out days, out var used))
        {
            return false;
        }

        return used == text.Length || (TryTimestamp(text, null, out _) && text[used] is (byte)'T' or (byte)'t' or (byte)' ');
    }

    /// <summary>Microseconds since the epoch of <c>yyyy-MM-dd[T| ]HH:mm[:ss[.f…]][Z|±HH[:mm]]</c> (UTC where no offset is given; a date alone is its midnight), or of the given format.</summary>
    public static bool TryTimestamp(ReadOnlySpan<byte> text, string? format, out long microseconds)
    {
        microseconds = 0;
        if (format is not null)
        {
            return TryFormatted(text, format, out microseconds);
        }

        text = Trim(text);
        if (!TryIsoDate(text, out var days, out var used))
        {
            return false;
        }

        microseconds = days * MicrosecondsPerDay;
        var rest = text[used..];
        if (rest.Length == 0)
        {
            return true;
        }

        if (rest[0] is not ((byte)'T' or (byte)'t' or (byte)' ') || rest.Length < 6 || rest[3] != (byte)':' || !TwoDigits(rest[1..], 23, out var hour) || !TwoDigits(rest[4..], 59, out var minute))
        {
            return false;
        }

        rest = rest[6..];
        var second = 0;
        var fraction = 0L;
        if (rest.Length > 0 && rest[0] == (byte)':')
        {
            if (!TwoDigits(rest[1..], 59, out second))
            {
                return false;
            }

            rest = rest[3..];
            if (rest.Length > 1 && rest[0] is (byte)'.' or (byte)',')
            {
                rest = rest[1..];
                var count = 0;
                while (rest.Length > 0 && rest[0] is >= (byte)'0' and <= (byte)'9')
                {
                    if (count < 6)
                    {
                        fraction = (fraction * 10) + (rest[0] - '0');
                    }

                    count++;
                    rest = rest[1..];
                }

                if (count == 0)
                {
                    return false;
                }

                for (; count < 6; count++)
                {
                    fraction *= 10;
                }
            }
        }

        if (!TryOffset(rest, out var offsetMinutes))
        {
            return false;
        }

        microseconds += ((((hour * 60L) + minute - offsetMinutes) * 60) + second) * 1_000_000 + fraction;
        return true;
    }

    public static long FloorMod(long value, long modulus)
    {
        var r = value % modulus;
        return r < 0 ? r + modulus : r;
    }

    public static long FloorDiv(long value, long modulus)
    {
        var q = value / modulus;
        return value % modulus < 0 ? q - 1 : q;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        text = Trim(text);
        if (text.Length == 0 || (text.Length == 1 && text[0] is (byte)'Z' or (byte)'z'))
        {
            return true;
        }

        if (Ascii.EqualsIgnoreCase(text, "utc"u8))
        {
            return true;
        }

        if (text[0] is not ((byte)'+' or (byte)'-') || !TwoDigits(text[1..], 18, out var hours))
        {
            return false;
        }

        var rest = text[3..];
        var mins = 0;
        if (rest.Length > 0)
        {
            rest = rest[0] == (byte)':' ? rest[1..] : rest;
            if (rest.Length != 2 || !TwoDigits(rest, 59, out mins))
            {
                return false;
            }
        }

        minutes = ((hours * 60) + mins) * (text[0] == (byte)'-' ? -1 : 1);
        return true;
    }

    private static bool TwoDigits(ReadOnlySpan<byte> text, int max, out int value)
    {
        value = 0;
        if (text.Length < 2 || (uint)(text[0] - '0') > 9 || (uint)(text[1] - '0') > 9)
        {
            return false;
        }

        value = ((text[0] - '0') * 10) + (text[1] - '0');
        return value <= max;
    }

    private static bool TryIsoDate(ReadOnlySpan<byte> text, out long days, out int used)
    {
        days = 0;
        used = 10;
        if (text.Length < 10 || text[4] != (byte)'-' || text[7] != (byte)'-' || !TwoDigits(text, 99, out var century) || !TwoDigits(text[2..], 99, out var year)
            || !TwoDigits(text[5..], 12, out var month) || !TwoDigits(text[8..], 31, out var day))
        {
            return false;
        }

        year += century * 100;
        if (year < 1 || month < 1 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        days = new DateOnly(year, month, day).DayNumber - EpochDay;
        return true;
    }

    /// <summary>Day number of 1970-01-01.</summary>
    public const int EpochDay = 719_162;

    private static bool TryFormatted(ReadOnlySpan<byte> text, string format, out long microseconds)
    {
        const string Epoch = "1970 ";
        const string Year = "yyyy ";
        const int Longest = 256;
        microseconds = 0;
        var pattern = format switch { "t" => "HH:mm", "T" => "HH:mm:ss", "m" or "M" => "MMMM dd", _ => format };

        // What the format does not say comes from the epoch, never from the day of the run: a time of day alone is one of 1970-01-01.
        var noYear = !pattern.Contains('y', StringComparison.Ordinal) && pattern.Length is > 1 and < Longest;
        Span<char> chars = stackalloc char[Epoch.Length + Longest];
        Span<char> full = stackalloc char[Year.Length + (noYear ? pattern.Length : 0)];
        Epoch.CopyTo(chars);
        Year.CopyTo(full);
        if (text.Length > Longest || !Encoding.UTF8.TryGetChars(text, chars[Epoch.Length..], out var length))
        {
            return false;
        }

        if (noYear)
        {
            pattern.CopyTo(full[Year.Length..]);
        }

        if (!DateTime.TryParseExact(noYear ? chars[..(Epoch.Length + length)] : chars.Slice(Epoch.Length, length), noYear ? full : pattern, CultureInfo.InvariantCulture,
            DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value))
        {
            return false;
        }

        microseconds = (value.Ticks - DateTime.UnixEpoch.Ticks) / 10;
        return true;
    }
}
