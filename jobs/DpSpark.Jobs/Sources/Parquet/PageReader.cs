using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Reads one column chunk page after page. Memory: a read-ahead window and one decompressed page.</summary>
internal sealed class PageReader : IDisposable
{
    private const int WindowBytes = (1 << 20) - 16;
    private const int MaxHeaderBytes = 16 << 20;
    private readonly ByteSource _source;
    private readonly ParquetColumn _column;
    private readonly ParquetReadOptions _options;
    private readonly ParquetCodec _codec;
    private readonly long _end;
    private SharedBuffer? _window;
    private long _windowOffset;
    private int _windowAt;
    private int _windowCount;
    private SharedBuffer? _body;
    private SharedBuffer? _page;
    private bool _dictionaryAllowed = true;

    public PageReader(ByteSource source, long footerStart, ParquetColumn column, ColumnChunkMetadata chunk, ParquetReadOptions options)
    {
        _source = source;
        _column = column;
        _options = options;
        _codec = PageCodec.Check(chunk.Codec, column.Path);
        ValuesLeft = chunk.ValueCount;
        if (chunk.ValueCount == 0)
        {
            return;
        }

        var start = chunk.DictionaryPageOffset >= 4 && chunk.DictionaryPageOffset < chunk.DataPageOffset ? chunk.DictionaryPageOffset : chunk.DataPageOffset;
        if (start < 4 || start > footerStart || chunk.CompressedSize < 0 || chunk.CompressedSize > footerStart - start)
        {
            throw new ParquetFormatException($"Column '{column.Path}': its chunk does not lie between the file's head and its footer.");
        }

        _windowOffset = start;
        _end = start + chunk.CompressedSize;
    }

    /// <summary>Values of pages that were not yet begun.</summary>
    public long ValuesLeft { get; private set; }

    /// <summary>Bytes of the current page.</summary>
    public SharedBuffer Page => _page!;

    /// <summary>Number of values, nulls included, of the current page.</summary>
    public int PageValues { get; private set; }

    public ParquetEncoding Encoding { get; private set; }

    /// <summary>Where the definition levels of the current page lie; only for an optional column.</summary>
    public (int Start, int End) Levels { get; private set; }

    /// <summary>Where the values of the current page lie.</summary>
    public (int Start, int End) Values { get; private set; }

    /// <summary>Goes to the next data page.</summary>
    /// <param name="dictionary">Called with a dictionary page's bytes, the range in them and its number of values.</param>
    public void NextPage(Action<byte[], int, int, int> dictionary)
    {
        while (true)
        {
            var header = ReadHeader();
            switch ((PageType)header.Type)
            {
                case PageType.Data:
                    CheckValues(header);
                    StartDataPage(header);
                    return;
                case PageType.DataV2:
                    CheckValues(header);
                    StartDataPageV2(header);
                    return;
                case PageType.Dictionary:
                    ReadDictionary(header, dictionary);
                    break;
                default:
                    TakeBody(header);
                    break;
            }
        }
    }

    /// <summary>Gives the memory of the pages back; called when all values were taken, before the reader is disposed.</summary>
    public void Dispose()
    {
        ReleasePage();
        _window?.Release();
        _window = null;
    }

    private void ReleasePage()
    {
        _page?.Release();
        _page = null;
        _body = null;
    }

    private ParquetFormatException Error(string what) => new($"Column '{_column.Path}': {what}");

    private void CheckValues(in PageHeader header)
    {
        _dictionaryAllowed = false;
        if (header.ValueCount > ValuesLeft)
        {
            throw Error("a page holds more values than are left in its chunk.");
        }

        ValuesLeft -= header.ValueCount;
        PageValues = header.ValueCount;
        Encoding = (ParquetEncoding)header.Encoding;
    }

    private void StartDataPage(in PageHeader header)
    {
        var (start, end) = Decompress(header, TakeBody(header), header.CompressedSize, header.UncompressedSize, true);
        if (_column.MaxDefinition > 0)
        {
            start = ReadLevelRange(header, start, end);
        }

        Values = (start, end);
    }

    private int ReadLevelRange(in PageHeader header, int start, int end)
    {
        switch ((ParquetEncoding)header.DefinitionEncoding)
        {
            case ParquetEncoding.Rle:
                if (header.ValueCount == 0 && end - start < 4)
                {
                    Levels = (start, start);
                    return start;
                }

                var length = end - start < 4 ? uint.MaxValue : BitConverter.ToUInt32(_page!.Array, start);
                if (length > (uint)Math.Max(0, end - start - 4))
                {
                    throw Error("the definition levels go past the end of their page.");
                }

                Levels = (start + 4, start + 4 + (int)length);
                return Levels.End;
            case ParquetEncoding.BitPacked:
                // Deprecated since 2013, and read in two different bit orders by other readers: refused rather than guessed.
                throw new ArrowUnsupportedException($"definition levels in the deprecated encoding BIT_PACKED (column '{_column.Path}')");
            default:
                throw Error($"definition levels have encoding {header.DefinitionEncoding}.");
        }
    }

    private void StartDataPageV2(in PageHeader header)
    {
        var levels = (long)header.RepetitionBytes + header.DefinitionBytes;
        if (levels > header.CompressedSize || levels > header.UncompressedSize)
        {
            throw Error("the levels go past the end of their page.");
        }

        if (header.NullCount > header.ValueCount || header.RowCount != header.ValueCount)
        {
            throw Error("a page's counts of rows, values and nulls contradict each other.");
        }

        var body = TakeBody(header);
        var skip = (int)levels;
        var packed = header.CompressedSize - skip;
        var size = header.UncompressedSize - skip;

        // The levels stay where they are stored; only the values are decompressed, behind a copy of the levels.
        if (!header.IsCompressed || _codec == ParquetCodec.Uncompressed || size == 0 || packed == 0)
        {
            if (packed == 0 && size != 0)
            {
                throw Error("a page promises values, but stores none.");
            }

            HoldBody();
            Levels = (body + header.RepetitionBytes, body + skip);
            Values = (body + skip, body + skip + (size == 0 ? 0 : packed));
            return;
        }

        var source = _body!;
        CheckSize(source.Array.AsSpan(body + skip, packed), header.UncompressedSize, size);
        var page = SharedBuffer.Rent(header.UncompressedSize + 16);
        _page = page;
        source.Array.AsSpan(body, skip).CopyTo(page.Array);
        PageCodec.Decompress(_codec, source.Array, body + skip, packed, page.Array.AsSpan(skip, size));
        Levels = (header.RepetitionBytes, skip);
        Values = (skip, header.UncompressedSize);
    }

    private void ReadDictionary(in PageHeader header, Action<byte[], int, int, int> dictionary)
    {
        if (!_dictionaryAllowed)
        {
            throw Error("a dictionary page is not the first page of its chunk.");
        }

        _dictionaryAllowed = false;
        if ((ParquetEncoding)header.Encoding is not (ParquetEncoding.Plain or ParquetEncoding.PlainDictionary))
        {
            throw Error($"the dictionary page has encoding {header.Encoding}.");
        }

        var (start, end) = Decompress(header, TakeBody(header), header.CompressedSize, header.UncompressedSize, true);
        dictionary(_page!.Array, start, end, header.ValueCount);
        ReleasePage();
    }

    /// <summary>Makes the current page from a body.</summary>
    /// <returns>Range of the page's bytes in <see cref="Page"/>.</returns>
    private (int Start, int End) Decompress(in PageHeader header, int body, int packed, int size, bool compressed)
    {
        if (!compressed || _codec == ParquetCodec.Uncompressed)
        {
            HoldBody();
            return (body, body + packed);
        }

        if (size == 0)
        {
            HoldBody();
            return (body, body);
        }

        CheckSize(_body!.Array.AsSpan(body, packed), header.UncompressedSize, size);
        var page = SharedBuffer.Rent(size + 16);
        _page = page;
        PageCodec.Decompress(_codec, _body.Array, body, packed, page.Array.AsSpan(0, size));
        return (0, size);
    }

    private void CheckSize(ReadOnlySpan<byte> packed, int pageSize, int size)
    {
        if (pageSize > _options.MaxPageBytes)
        {
            throw Error($"a page claims {pageSize} bytes; at most {_options.MaxPageBytes} are read (MaxPageBytes).");
        }

        if (!PageCodec.IsPlausible(_codec, packed, size))
        {
            throw Error($"a page of {packed.Length} bytes claims to decompress to {size}.");
        }
    }

    private void HoldBody()
    {
        _page = _body!;
        _page.Hold();
    }

    private PageHeader ReadHeader()
    {
        ReleasePage();
        var ask = 256;
        while (true)
        {
            var left = _end - _windowOffset - _windowAt;
            if (left <= 0)
            {
                throw Error("its pages hold fewer values than its chunk states.");
            }

            var have = (int)Math.Min(ask, left);
            Ensure(have);
            var available = (int)Math.Min(_windowCount - _windowAt, MaxHeaderBytes);
            try
            {
                var header = PageHeader.Parse(_window!.Array.AsSpan(_windowAt, available), out var length);
                _windowAt += length;
                return header;
            }
            catch (ParquetTruncatedException) when (available < left && available < MaxHeaderBytes)
            {
                ask = available * 2;
            }
            catch (ParquetTruncatedException e)
            {
                throw new ParquetFormatException($"Column '{_column.Path}': a page header goes past the end of its chunk.", e);
            }
        }
    }

    /// <summary>Brings a page's body into memory, verifies its checksum and steps over it.</summary>
    /// <returns>Where the body starts in <see cref="_body"/>.</returns>
    private int TakeBody(in PageHeader header)
    {
        if (header.CompressedSize > _end - _windowOffset - _windowAt)
        {
            throw Error("a page goes past the end of its chunk.");
        }

        Ensure(header.CompressedSize);
        _body = _window;
        var start = _windowAt;
        _windowAt += header.CompressedSize;
        if (header.Crc is { } crc && _options.VerifyChecksums
            && Crc32.Compute(_body!.Array.AsSpan(start, header.CompressedSize)) != unchecked((uint)crc))
        {
            throw Error("a page does not match its checksum.");
        }

        return start;
    }

    /// <summary>Makes at least so many bytes of the chunk contiguous in the window, reading ahead while at it.</summary>
    private void Ensure(int bytes)
    {
        if (_window is not null && _windowCount - _windowAt >= bytes)
        {
            return;
        }

        // A new window each time: pages and batches may still point into the old one.
        var kept = _windowCount - _windowAt;
        var position = _windowOffset + _windowAt;
        var count = (int)Math.Min(Math.Max(bytes, WindowBytes), _end - position);
        var window = SharedBuffer.Rent(count + 16);
        try
        {
            if (kept > 0)
            {
                _window!.Array.AsSpan(_windowAt, kept).CopyTo(window.Array);
            }

            _source.Read(position + kept, window.Array.AsSpan(kept, count - kept));
        }
        catch
        {
            window.Release();
            throw;
        }

        _window?.Release();
        _window = window;
        _windowOffset = position;
        _windowAt = 0;
        _windowCount = count;
    }
}
