namespace DpSpark.Jobs.Sources.Csv;

/// <summary>Tells whether a csv file can be cut at any line break: whether each of them ends a record.</summary>
internal static class CsvLines
{
    /// <summary>Reads a file for its quotes and line breaks.</summary>
    /// <param name="stream">The file; not compressed.</param>
    /// <param name="delimiter">Separates fields.</param>
    /// <returns>False where a quoted field holds a line break, is never closed, or a carriage return stands alone.</returns>
    public static bool EndRecords(Stream stream, char delimiter)
    {
        var buffer = new byte[1 << 20];
        var before = (byte)'\n';
        var (isQuoted, afterQuote, afterReturn, isStart) = (false, false, false, true);
        while (stream.Read(buffer) is > 0 and var read)
        {
            var data = buffer.AsSpan(0, read);
            var at = isStart && data.StartsWith("\uFEFF"u8) ? 3 : 0;
            isStart = false;
            while (at < read)
            {
                if (afterReturn)
                {
                    if (data[at] != '\n')
                    {
                        return false;
                    }

                    (afterReturn, before) = (false, (byte)'\n');
                    at++;
                }
                else if (afterQuote)
                {
                    // A doubled quote is one of the text; any other byte is behind the field.
                    afterQuote = false;
                    isQuoted = data[at] == '"';
                    at += isQuoted ? 1 : 0;
                    before = (byte)'"';
                }
                else if (isQuoted)
                {
                    var found = data[at..].IndexOfAny((byte)'"', (byte)'\n', (byte)'\r');
                    if (found < 0)
                    {
                        break;
                    }

                    at += found + 1;
                    if (data[at - 1] != '"')
                    {
                        return false;
                    }

                    afterQuote = true;
                }
                else
                {
                    var found = data[at..].IndexOfAny((byte)'"', (byte)'\r');
                    if (found < 0)
                    {
                        before = data[^1];
                        break;
                    }

                    before = found > 0 ? data[at + found - 1] : before;
                    at += found + 1;
                    afterReturn = data[at - 1] == '\r';

                    // A quote opens a field where it is its first byte; elsewhere it is a character like any other.
                    isQuoted = !afterReturn && (before == '\n' || before == delimiter);
                    before = data[at - 1];
                }
            }
        }

        return (!isQuoted || afterQuote) && !afterReturn;
    }
}
