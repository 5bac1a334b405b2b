using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Decodes one flat column of one row group, batch after batch.</summary>
internal abstract class ColumnReader : IDisposable
{
    /// <summary>Bytes of values that a batch of a column aims to stay below.</summary>
    protected const int BatchBytes = 64 << 20;
    private PresenceDecoder _presence;
    private int _pageLeft;

    protected ColumnReader(PageReader pages, ParquetColumn column)
    {
        Pages = pages;
        Column = column;
    }

    protected PageReader Pages { get; }

    protected ParquetColumn Column { get; }

    /// <summary>Bytes of the current page.</summary>
    protected byte[] PageBytes => Pages.Page.Array;

    /// <summary>Rows of the current page that were not yet taken.</summary>
    protected int PageLeft => _pageLeft;

    public static ColumnReader Create(PageReader pages, ParquetColumn column, ColumnChunkMetadata chunk, ParquetReadOptions options)
    {
        if (column.Type.Kind == TypeKind.Null)
        {
            return new NullColumnReader(pages, column);
        }

        if (column.Physical == PhysicalType.Boolean)
        {
            return new BoolColumnReader(pages, column);
        }

        return column.Type.IsVariableLength
            ? new BytesColumnReader(pages, column, chunk, options.KeepDictionaries)
            : new FixedColumnReader(pages, column);
    }

    /// <summary>How many rows the next batch may have so that this column's part of it stays of a sane size.</summary>
    /// <param name="rows">Rows wanted; at least 1, at most what is left.</param>
    public virtual int LimitRows(int rows) => rows;

    /// <summary>Decodes the next rows.</summary>
    public abstract ArrowArray Read(int rows, BatchBuffers buffers);

    public virtual void Dispose() => Pages.Dispose();

    protected ParquetFormatException Error(string what) => new($"Column '{Column.Path}': {what}");

    protected Exception UnknownEncoding() => Pages.Encoding switch
    {
        ParquetEncoding.Alp => new ArrowUnsupportedException($"encoding ALP (column '{Column.Path}')"),
        _ => Error($"encoding {(int)Pages.Encoding} does not go with {Column.Physical}."),
    };

    /// <summary>Takes a dictionary page.</summary>
    protected abstract void ReadDictionary(byte[] page, int start, int end, int count);

    /// <summary>Prepares the decoder for the page that was just begun.</summary>
    protected abstract void StartPage();

    /// <summary>Makes sure that the current page has rows left.</summary>
    protected void EnsurePage()
    {
        while (_pageLeft == 0)
        {
            Pages.NextPage(ReadDictionary);
            _pageLeft = Pages.PageValues;
            if (Column.MaxDefinition > 0)
            {
                _presence.Reset(Pages.Levels.Start, Pages.Levels.End);
            }

            if (_pageLeft > 0)
            {
                StartPage();
            }
        }
    }

    /// <summary>Takes the levels of the next rows of the current page.</summary>
    /// <param name="validity">The batch's bitmap; made when the first null may come.</param>
    /// <param name="start">Rows already in the batch.</param>
    /// <param name="count">Rows to take; at most what the page has left.</param>
    /// <param name="batchRows">Rows the batch will have.</param>
    /// <param name="buffers">Lends the bitmap.</param>
    /// <returns>Rows that are not null.</returns>
    protected int TakeLevels(ref byte[]? validity, int start, int count, int batchRows, BatchBuffers buffers)
    {
        _pageLeft -= count;
        if (Column.MaxDefinition == 0 || _presence.TryTakePresent(PageBytes, count))
        {
            if (validity is not null)
            {
                Bitmap.Fill(validity, start, count, true);
            }

            return count;
        }

        if (validity is null)
        {
            validity = buffers.Rent((batchRows + 7) / 8);
            Bitmap.Fill(validity, 0, start, true);
        }

        return _presence.Read(PageBytes, validity, start, count);
    }

    protected static ReadOnlyMemory<byte> ValidityOf(byte[]? validity, int rows, int nulls)
    {
        if (nulls == 0 || validity is null)
        {
            return default;
        }

        // Bits after the last row are zero, so that equal batches have equal bytes.
        if ((rows & 7) != 0)
        {
            validity[rows >> 3] &= (byte)((1 << (rows & 7)) - 1);
        }

        return validity.AsMemory(0, (rows + 7) / 8);
    }
}

/// <summary>A column annotated as always null.</summary>
internal sealed class NullColumnReader(PageReader pages, ParquetColumn column) : ColumnReader(pages, column)
{
    public override ArrowArray Read(int rows, BatchBuffers buffers)
    {
        byte[]? validity = null;
        for (var done = 0; done < rows;)
        {
            EnsurePage();
            var take = Math.Min(PageLeft, rows - done);
            if (TakeLevels(ref validity, done, take, rows, buffers) != 0)
            {
                throw Error("it is annotated as always null, but holds values.");
            }

            done += take;
        }

        return new ArrowArray { Type = Column.Type, Length = rows, NullCount = rows };
    }

    protected override void ReadDictionary(byte[] page, int start, int end, int count)
    {
    }

    protected override void StartPage()
    {
    }
}

/// <summary>Booleans: bits (PLAIN) or runs (RLE).</summary>
internal sealed class BoolColumnReader(PageReader pages, ParquetColumn column) : ColumnReader(pages, column)
{
    private PresenceDecoder _runs;
    private bool _isPlain;
    private int _bit;

    public override ArrowArray Read(int rows, BatchBuffers buffers)
    {
        byte[]? validity = null;
        var bytes = (rows + 7) / 8;
        var values = buffers.Rent(bytes);
        values.AsSpan(0, bytes).Clear();
        var nulls = 0;
        for (var done = 0; done < rows;)
        {
            EnsurePage();
            var take = Math.Min(PageLeft, rows - done);
            var present = TakeLevels(ref validity, done, take, rows, buffers);
            ReadBits(values, done, present);
            if (present < take)
            {
                Spread(values, done, take, validity!, present);
                nulls += take - present;
            }

            done += take;
        }

        if ((rows & 7) != 0)
        {
            values[bytes - 1] &= (byte)((1 << (rows & 7)) - 1);
        }

        return new ArrowArray
        {
            Type = Column.Type,
            Length = rows,
            NullCount = nulls,
            Validity = ValidityOf(validity, rows, nulls),
            Values = values.AsMemory(0, bytes),
        };
    }

    protected override void ReadDictionary(byte[] page, int start, int end, int count) => throw Error("booleans have no dictionary.");

    protected override void StartPage()
    {
        var (start, end) = Pages.Values;
        switch (Pages.Encoding)
        {
            case ParquetEncoding.Plain:
                _isPlain = true;
                _bit = 0;
                break;
            case ParquetEncoding.Rle:
                _isPlain = false;
                var length = end - start < 4 ? 0 : BitConverter.ToUInt32(PageBytes, start);
                if (length > (uint)Math.Max(0, end - start - 4))
                {
                    throw Error("run-length encoded booleans go past the end of their page.");
                }

                _runs.Reset(Math.Min(start + 4, end), Math.Min(start + 4, end) + (int)length);
                break;
            default:
                throw UnknownEncoding();
        }
    }

    private static void Spread(byte[] values, int start, int count, byte[] validity, int present)
    {
        for (var row = start + count - 1; row >= start; row--)
        {
            var value = Bitmap.Get(validity, row) && Bitmap.Get(values, start + --present);
            Bitmap.Fill(values, row, 1, value);
        }
    }

    private void ReadBits(byte[] values, int start, int count)
    {
        if (count == 0)
        {
            return;
        }

        if (!_isPlain)
        {
            _runs.Read(PageBytes, values, start, count);
            return;
        }

        if (count > ((long)(Pages.Values.End - Pages.Values.Start) * 8) - _bit)
        {
            throw Error("a page ends before its last value.");
        }

        Bitmap.Copy(PageBytes, Pages.Values.Start, _bit, values, start, count);
        _bit += count;
    }
}
