using System.Text;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>Reads a CSV file as batches of raw text columns. Values keep their bytes, also where they are not valid UTF-8; types are read from the text later.</summary>
/// <remarks>
/// <para>Layout: RFC 4180 with these choices. A field is quoted when its first byte is a quote; elsewhere a quote is a character like any other. Lines end with LF or CRLF.
/// Empty lines are skipped, except in a file of one column, where they are a row with an empty field. A field equal to <see cref="CsvOptions.Null"/> is null; where that is
/// the empty text, an unquoted one. A UTF-8 byte order mark is skipped. Files named <c>.gz</c> are gunzipped.</para>
/// <para>Memory: one block per thread that reads, whatever the file holds; see <see cref="CsvOptions.MaxFieldBytes"/>.</para>
/// <para>Threads: <see cref="Read"/> may be called from several threads at once; reading and unzipping take turns, parsing runs in parallel. Batches come in file order when one
/// thread reads.</para>
/// <para>Errors: faults of the content are <see cref="SourceFormatException"/>; faults of the storage are the <see cref="IOException"/> of the file system.</para>
/// </remarks>
public sealed class CsvReader : IDisposable
{
    private const int MaxColumns = 16_384;
    private readonly Lock _gate = new();
    private readonly CsvBlocks _blocks;
    private readonly CsvLayout _layout;
    private readonly int _batchRows;
    private readonly Stack<CsvBlock> _unfinished = new();
    private bool _disposed;

    private CsvReader(CsvBlocks blocks, CsvBlock? first, CsvLayout layout, int batchRows, Schema schema, IReadOnlyList<string> fileColumns)
    {
        _blocks = blocks;
        _layout = layout;
        _batchRows = batchRows;
        Schema = schema;
        FileColumns = fileColumns;
        if (first is not null)
        {
            _unfinished.Push(first);
        }
    }

    /// <summary>The wanted columns, all Utf8, in the order they were asked for.</summary>
    public Schema Schema { get; }

    /// <summary>All columns of the file, in its order.</summary>
    public IReadOnlyList<string> FileColumns { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file; unzipped when it is named <c>.gz</c>.</param>
    /// <param name="columns">Names in the file of the columns wanted, in the order of the batches; null for all.</param>
    /// <param name="options">Layout and limits.</param>
    /// <param name="fileColumns">All columns of a file without a header, in its order; ignored with a header.</param>
    /// <exception cref="SourceFormatException">The header lacks a column or names it twice, the file is empty, damaged or not UTF-8.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CsvReader Open(string path, IReadOnlyList<string>? columns = null, CsvOptions? options = null, IReadOnlyList<string>? fileColumns = null)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return Open(stream, path, path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase), columns, options, fileColumns);
    }

    /// <summary>Opens a stream, which the reader then owns.</summary>
    /// <param name="stream">The bytes, from their start.</param>
    /// <param name="name">Name of the file in messages.</param>
    /// <param name="gzip">Whether the bytes are gzip.</param>
    /// <param name="columns">Names in the file of the columns wanted, in the order of the batches; null for all.</param>
    /// <param name="options">Layout and limits.</param>
    /// <param name="fileColumns">All columns of a file without a header, in its order; ignored with a header.</param>
    /// <exception cref="SourceFormatException">The header lacks a column or names it twice, the file is empty, damaged or not UTF-8.</exception>
    public static CsvReader Open(Stream stream, string name, bool gzip = false, IReadOnlyList<string>? columns = null, CsvOptions? options = null, IReadOnlyList<string>? fileColumns = null)
    {
        options ??= new CsvOptions();
        CsvBlocks? blocks = null;
        CsvBlock? block = null;
        try
        {
            options.Validate();
            blocks = new CsvBlocks(stream, name, gzip, options);
            block = blocks.Next();
            var names = options.Header ? ReadHeader(blocks, ref block, name, options)
                : fileColumns ?? throw new ArgumentException("A file without a header needs the names of its columns.", nameof(fileColumns));
            var wanted = columns ?? names;
            var layout = new CsvLayout(name, (byte)options.Delimiter, Encoding.UTF8.GetBytes(options.Null), options.MaxFieldBytes, Targets(name, names, wanted, columns is null));
            var schema = new Schema([.. wanted.Select(c => new Field(c, ArrowType.Utf8))]);
            return new CsvReader(blocks, block, layout, options.BatchRows, schema, names);
        }
        catch
        {
            block?.Return();
            blocks?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The next batch, which the caller disposes; null at the end of the file.</summary>
    /// <param name="cancellationToken">Looked at before each block.</param>
    /// <exception cref="SourceFormatException">A line breaks the contract, or the file is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public RecordBatch? Read(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CsvBlock? block;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_unfinished.TryPop(out block))
                {
                    block = _blocks.Next();
                }
            }

            if (block is null)
            {
                return null;
            }

            if (ReadFrom(block) is { } batch)
            {
                return batch;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _blocks.Dispose();
            while (_unfinished.TryPop(out var block))
            {
                block.Return();
            }
        }
    }

    private RecordBatch? ReadFrom(CsvBlock block)
    {
        var builders = new Utf8ColumnBuilder[Schema.Fields.Count];
        try
        {
            // A row takes at least as many bytes as it has fields; the last one of a file may lack its line feed.
            var capacity = Math.Min(_batchRows, ((block.Length - block.Position) / Math.Max(1, _layout.FieldCount)) + 1);
            for (var i = 0; i < builders.Length; i++)
            {
                builders[i] = new Utf8ColumnBuilder(capacity);
            }

            var rows = CsvParser.Parse(block, _layout, builders, capacity);
            if (rows == 0)
            {
                Release(builders);
                Finish(block);
                return null;
            }

            var arrays = new ArrowArray[builders.Length];
            for (var i = 0; i < builders.Length; i++)
            {
                arrays[i] = builders[i].Build();
            }

            Finish(block);
            return new RecordBatch(Schema, arrays, rows, () => Release(builders));
        }
        catch
        {
            Release(builders);
            block.Return();
            throw;
        }
    }

    private void Finish(CsvBlock block)
    {
        if (block.Position >= block.Length)
        {
            block.Return();
            return;
        }

        lock (_gate)
        {
            if (!_disposed)
            {
                _unfinished.Push(block);
                return;
            }
        }

        block.Return();
    }

    private static void Release(Utf8ColumnBuilder[] builders)
    {
        foreach (var builder in builders)
        {
            builder?.Dispose();
        }
    }

    /// <summary>Reads the first line that is not empty and moves the block's position behind it.</summary>
    private static List<string> ReadHeader(CsvBlocks blocks, ref CsvBlock? block, string file, CsvOptions options)
    {
        while (true)
        {
            if (block is null)
            {
                CsvFaults.NoHeader(file);
            }

            var data = block.Buffer.AsSpan(0, block.Length);
            var position = block.Position;
            while (position < data.Length && data[position] is (byte)'\r' or (byte)'\n')
            {
                position++;
            }

            block.Position = position;
            if (position < data.Length)
            {
                return ParseHeader(block, file, options);
            }

            block.Return();
            block = null;
            block = blocks.Next();
        }
    }

    private static List<string> ParseHeader(CsvBlock block, string file, CsvOptions options)
    {
        var data = block.Buffer.AsSpan(0, block.Length);
        var names = new List<string>();
        var position = block.Position;
        while (true)
        {
            if (names.Count == MaxColumns)
            {
                CsvFaults.TooManyColumns(file, MaxColumns);
            }

            names.Add(data[position..] is [(byte)'"', ..] ? QuotedName(block, ref position, file) : PlainName(data, ref position, (byte)options.Delimiter));
            if (position < data.Length && data[position] == options.Delimiter)
            {
                position++;
                continue;
            }

            position += data[position..].StartsWith("\r\n"u8) ? 2 : position < data.Length && data[position] == '\n' ? 1 : 0;
            if (position < data.Length && data[position - 1] != '\n')
            {
                CsvFaults.TextAfterQuote(file, block.LineOf(position));
            }

            block.Position = position;
            return names;
        }
    }

    private static string PlainName(ReadOnlySpan<byte> data, ref int position, byte delimiter)
    {
        var rest = data[position..];
        var length = rest.IndexOfAny(delimiter, (byte)'\n');
        length = length < 0 ? rest.Length : length;
        var carriageReturn = length > 0 && rest[length - 1] == '\r' && (length == rest.Length || rest[length] == '\n') ? 1 : 0;
        position += length;
        return Encoding.UTF8.GetString(rest[..(length - carriageReturn)]);
    }

    private static string QuotedName(CsvBlock block, ref int position, string file)
    {
        var data = block.Buffer.AsSpan(0, block.Length);
        var close = position + 1;
        while (true)
        {
            var found = data[close..].IndexOf((byte)'"');
            if (found < 0)
            {
                CsvFaults.OpenQuote(file, block.LineOf(position));
            }

            close += found;
            if (close + 1 >= data.Length || data[close + 1] != '"')
            {
                break;
            }

            close += 2;
        }

        var name = Encoding.UTF8.GetString(data[(position + 1)..close]).Replace("\"\"", "\"", StringComparison.Ordinal);
        position = close + 1;
        return name;
    }

    private static int[] Targets(string file, IReadOnlyList<string> names, IReadOnlyList<string> wanted, bool all)
    {
        var targets = new int[names.Count];
        Array.Fill(targets, -1);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var repeated = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++)
        {
            if (!places.TryAdd(names[i], i))
            {
                repeated.Add(names[i]);
            }
        }

        for (var i = 0; i < wanted.Count; i++)
        {
            if (!places.TryGetValue(wanted[i], out var place))
            {
                CsvFaults.MissingColumn(file, wanted[i]);
            }

            // Asked for twice, or there twice: either way one field would have to go to two columns, or the choice would be a guess.
            if (targets[place] >= 0 || repeated.Contains(wanted[i]))
            {
                CsvFaults.RepeatedColumn(file, all ? null : wanted[i]);
            }

            targets[place] = i;
        }

        return targets;
    }
}
