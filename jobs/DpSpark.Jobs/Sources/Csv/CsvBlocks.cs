using System.Buffers;
using System.IO.Compression;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>Whole records of a file in one rented buffer, with <see cref="Slack"/> readable bytes behind them.</summary>
internal sealed class CsvBlock(byte[] buffer, int length, long firstLine)
{
    /// <summary>Bytes behind the records that may be read (not used): one vector window.</summary>
    public const int Slack = 64;

    public byte[] Buffer { get; } = buffer;

    /// <summary>End of the records.</summary>
    public int Length { get; } = length;

    /// <summary>Line of the first byte, from 1.</summary>
    public long FirstLine { get; } = firstLine;

    /// <summary>Records before this byte have been delivered.</summary>
    public int Position { get; set; }

    /// <summary>Line of a byte.</summary>
    public long LineOf(int position) => FirstLine + Buffer.AsSpan(0, position).Count((byte)'\n');

    public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}

/// <summary>
/// Cuts a stream into blocks of whole records. One pass over the quotes alone decides exactly where records end, so that blocks can be parsed by several threads whatever
/// the fields hold: a quote opens a field only where a field starts, and only a line feed outside of quotes ends a record. Not thread-safe.
/// </summary>
internal sealed class CsvBlocks : IDisposable
{
    private readonly Stream _stream;
    private readonly string _file;
    private readonly CsvOptions _options;
    private readonly byte _delimiter;
    private readonly bool _gzip;
    private byte[] _carry = [];
    private int _carried;
    private long _line = 1;
    private bool _atEnd;
    private bool _started;

    public CsvBlocks(Stream stream, string file, bool gzip, CsvOptions options)
    {
        _file = file;
        _options = options;
        _delimiter = (byte)options.Delimiter;
        _gzip = gzip;
        _stream = gzip ? new GZipStream(new EndMarkedGzip(stream), CompressionMode.Decompress) : stream;
    }

    /// <summary>The next block, or null at the end of the file.</summary>
    public CsvBlock? Next()
    {
        if (_atEnd && _carried == 0)
        {
            return null;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(_options.BlockBytes, _carried) + CsvBlock.Slack);
        try
        {
            _carry.AsSpan(0, _carried).CopyTo(buffer);
            var length = _carried;
            _carried = 0;
            var scan = default(RecordScan);
            while (true)
            {
                length = Fill(buffer, length);
                if (!_started)
                {
                    length = SkipByteOrderMark(buffer, length);
                }

                scan.Advance(buffer.AsSpan(0, length), _delimiter, _atEnd);
                if (_atEnd)
                {
                    if (scan.InQuotes)
                    {
                        CsvFaults.OpenQuote(_file, LineAt(buffer, scan.QuoteStart));
                    }

                    return length == 0 ? ReturnNothing(buffer) : Cut(buffer, length, length);
                }

                if (scan.LastEnd > 0)
                {
                    return Cut(buffer, scan.LastEnd, length);
                }

                if (scan.InQuotes && length - scan.QuoteStart > _options.MaxFieldBytes + 2L)
                {
                    CsvFaults.FieldTooLong(_file, LineAt(buffer, scan.QuoteStart), _options.MaxFieldBytes);
                }

                if (length > _options.MaxRecordBytes)
                {
                    CsvFaults.RecordTooLong(_file, _line, _options.MaxRecordBytes);
                }

                buffer = Grow(buffer, length);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    public void Dispose() => _stream.Dispose();

    private static CsvBlock? ReturnNothing(byte[] buffer)
    {
        ArrayPool<byte>.Shared.Return(buffer);
        return null;
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked((2 * (buffer.Length - CsvBlock.Slack)) + CsvBlock.Slack));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private long LineAt(byte[] buffer, int position) => _line + buffer.AsSpan(0, position).Count((byte)'\n');

    private CsvBlock Cut(byte[] buffer, int end, int length)
    {
        _carried = length - end;
        if (_carry.Length < _carried)
        {
            _carry = new byte[Math.Max(_carried, Math.Min(_options.BlockBytes, 2 * _carried))];
        }

        buffer.AsSpan(end, _carried).CopyTo(_carry);
        var block = new CsvBlock(buffer, end, _line);
        _line = block.LineOf(end);
        return block;
    }

    private int Fill(byte[] buffer, int length)
    {
        var capacity = buffer.Length - CsvBlock.Slack;
        try
        {
            while (length < capacity && !_atEnd)
            {
                var read = _stream.Read(buffer, length, capacity - length);
                _atEnd = read == 0;
                length += read;
            }
        }
        catch (InvalidDataException e) when (_gzip)
        {
            CsvFaults.DamagedGzip(_file, e);
        }

        return _gzip && _atEnd ? WithoutEndMark(buffer, length) : length;
    }

    /// <summary>Takes the mark away that stands behind the content of an undamaged file. It holds no line feed, so it is in one piece behind what was carried over.</summary>
    private int WithoutEndMark(byte[] buffer, int length)
    {
        if (!buffer.AsSpan(0, length).EndsWith(EndMarkedGzip.Mark))
        {
            CsvFaults.DamagedGzip(_file, null);
        }

        return length - EndMarkedGzip.Mark.Length;
    }

    private int SkipByteOrderMark(byte[] buffer, int length)
    {
        _started = true;
        var start = buffer.AsSpan(0, length);
        if (start.StartsWith("\uFEFF"u8))
        {
            start[3..].CopyTo(start);
            return length - 3;
        }

        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, 0, 0xFE, 0xFF, ..])
        {
            CsvFaults.NotUtf8(_file);
        }

        return length;
    }

    /// <summary>Finds record ends in a growing buffer that starts with a record.</summary>
    private struct RecordScan
    {
        private int _position;

        /// <summary>End of the last whole record (behind its line feed), or 0.</summary>
        public int LastEnd { get; private set; }

        public bool InQuotes { get; private set; }

        /// <summary>The opening quote, while <see cref="InQuotes"/>.</summary>
        public int QuoteStart { get; private set; }

        public void Advance(ReadOnlySpan<byte> data, byte delimiter, bool last)
        {
            while (_position < data.Length)
            {
                var next = data[_position..].IndexOf((byte)'"');
                if (InQuotes)
                {
                    if (next < 0)
                    {
                        _position = data.Length;
                        return;
                    }

                    var quote = _position + next;
                    if (quote + 1 == data.Length && !last)
                    {
                        _position = quote; // whether it is doubled shows in the next bytes
                        return;
                    }

                    var doubled = quote + 1 < data.Length && data[quote + 1] == '"';
                    InQuotes = doubled;
                    _position = quote + (doubled ? 2 : 1);
                    continue;
                }

                var end = next < 0 ? data.Length : _position + next;
                var feed = data[_position..end].LastIndexOf((byte)'\n');
                if (feed >= 0)
                {
                    LastEnd = _position + feed + 1;
                }

                _position = end;
                if (next >= 0)
                {
                    InQuotes = end == 0 || data[end - 1] == '\n' || data[end - 1] == delimiter;
                    QuoteStart = end;
                    _position++;
                }
            }
        }
    }
}
