using System.Buffers.Binary;
using DpSpark.Arrow;
using Microsoft.Win32.SafeHandles;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>An open Parquet file: its schema, its row groups, and readers for them.</summary>
/// <remarks>
/// Flat columns of every type and encoding of the format are read; nested columns are listed in the schema and refused when asked for. INT96 is taken as
/// UTC in the Gregorian calendar. Safe for use by several threads until disposed.
/// </remarks>
public sealed class ParquetFile : IDisposable
{
    private static ReadOnlySpan<byte> Magic => "PAR1"u8;

    private readonly List<int> _firstLeaf;
    private readonly FileMetadata _metadata;

    private ParquetFile(ByteSource source, ParquetReadOptions options)
    {
        Source = source;
        Options = options;
        var footer = ReadFooter();
        _metadata = FooterParser.Parse(footer);
        (var fields, Leaves, _firstLeaf) = SchemaBuilder.Build(_metadata.Schema, options);
        Schema = new Schema(fields) { Metadata = _metadata.KeyValues };
        AllColumns = [.. Enumerable.Range(0, fields.Count)];
        CheckRowGroups();
        RowGroups = [.. _metadata.RowGroups.Select((g, i) => new ParquetRowGroup(this, i, g))];
    }

    /// <summary>Names and types of the top-level columns; its metadata are the key and value pairs of the footer.</summary>
    public Schema Schema { get; }

    /// <summary>The row groups in file order.</summary>
    public IReadOnlyList<ParquetRowGroup> RowGroups { get; }

    /// <summary>Number of rows in all row groups.</summary>
    public long RowCount => _metadata.RowCount;

    /// <summary>What wrote the file, as it says itself.</summary>
    public string? CreatedBy => _metadata.CreatedBy;

    internal ByteSource Source { get; }

    internal ParquetReadOptions Options { get; }

    internal List<ParquetColumn> Leaves { get; }

    internal IReadOnlyList<int> AllColumns { get; }

    internal long FooterStart { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <exception cref="ParquetFormatException">It is not a Parquet file, or damaged.</exception>
    /// <exception cref="ArrowUnsupportedException">It is encrypted.</exception>
    public static ParquetFile Open(string path, ParquetReadOptions? options = null) =>
        Open(new ByteSource.OfHandle(File.OpenHandle(path, options: FileOptions.RandomAccess), true), options);

    /// <summary>Opens a file through its handle, which stays the caller's.</summary>
    /// <param name="handle">A handle to a seekable file.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <exception cref="ParquetFormatException">It is not a Parquet file, or damaged.</exception>
    /// <exception cref="ArrowUnsupportedException">It is encrypted.</exception>
    public static ParquetFile Open(SafeFileHandle handle, ParquetReadOptions? options = null) => Open(new ByteSource.OfHandle(handle, false), options);

    /// <summary>Opens a file through a stream. Readers on several threads take turns.</summary>
    /// <param name="stream">A seekable stream that nobody else moves.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <param name="leaveOpen">Whether the stream stays open when this is disposed.</param>
    /// <exception cref="ParquetFormatException">It is not a Parquet file, or damaged.</exception>
    /// <exception cref="ArrowUnsupportedException">It is encrypted.</exception>
    public static ParquetFile Open(Stream stream, ParquetReadOptions? options = null, bool leaveOpen = false) =>
        Open(new ByteSource.OfStream(stream, !leaveOpen), options);

    /// <summary>Finds columns by name.</summary>
    /// <param name="names">Exact names, in the order wanted.</param>
    /// <returns>Indices for <see cref="ParquetRowGroup.Open"/>.</returns>
    /// <exception cref="ArgumentException">There is no such column, or more than one.</exception>
    public IReadOnlyList<int> Project(IReadOnlyList<string> names)
    {
        var indices = new int[names.Count];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = Schema.IndexOf(names[i]);
            if (indices[i] < 0 || Schema.Fields.Count(f => f.Name == names[i]) > 1)
            {
                throw new ArgumentException($"The file has {(indices[i] < 0 ? "no" : "more than one")} column '{names[i]}'.", nameof(names));
            }
        }

        return indices;
    }

    /// <summary>Reads all row groups one after another.</summary>
    /// <param name="columns">Indices of the fields to read; null for all.</param>
    /// <returns>Batches, each of which the caller disposes.</returns>
    public IEnumerable<RecordBatch> ReadBatches(IReadOnlyList<int>? columns = null)
    {
        foreach (var group in RowGroups)
        {
            using var reader = group.Open(columns);
            while (reader.Read() is { } batch)
            {
                yield return batch;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();

    /// <summary>The leaf of a field that is flat; otherwise -1.</summary>
    internal int FlatLeaf(int column) => Leaves[_firstLeaf[column]].IsFlat ? _firstLeaf[column] : -1;

    internal bool IsTypeOrdered(int leaf) => _metadata.TypeOrdered is { } orders && leaf < orders.Count && orders[leaf];

    private static ParquetFile Open(ByteSource source, ParquetReadOptions? options)
    {
        try
        {
            options ??= ParquetReadOptions.Default;
            options.Validate();
            return new ParquetFile(source, options);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private byte[] ReadFooter()
    {
        if (Source.Length < 12)
        {
            throw new ParquetFormatException($"Not a Parquet file: it has {Source.Length} bytes, and the smallest has 12.");
        }

        Span<byte> tail = stackalloc byte[8];
        Source.Read(Source.Length - 8, tail);
        if (tail[4..].SequenceEqual("PARE"u8))
        {
            throw new ArrowUnsupportedException("encrypted Parquet");
        }

        if (!tail[4..].SequenceEqual(Magic))
        {
            throw new ParquetFormatException("Not a Parquet file: it does not end with PAR1.");
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (length == 0 || length > Source.Length - 12 || length > int.MaxValue)
        {
            throw new ParquetFormatException($"Footer: its length of {length} bytes does not fit a file of {Source.Length}.");
        }

        FooterStart = Source.Length - 8 - length;
        var footer = new byte[length];
        Source.Read(FooterStart, footer);
        return footer;
    }

    private void CheckRowGroups()
    {
        var rows = 0L;
        for (var g = 0; g < _metadata.RowGroups.Count; g++)
        {
            var group = _metadata.RowGroups[g];
            if (group.RowCount < 0 || rows > long.MaxValue - group.RowCount)
            {
                throw new ParquetFormatException($"Footer: row group {g} has {group.RowCount} rows.");
            }

            rows += group.RowCount;
            if (group.Columns.Count != Leaves.Count)
            {
                throw new ParquetFormatException($"Footer: row group {g} has {group.Columns.Count} column chunks, the schema {Leaves.Count} columns.");
            }

            for (var i = 0; i < Leaves.Count; i++)
            {
                CheckChunk(group.Columns[i], Leaves[i]);
            }
        }

        if (rows != _metadata.RowCount)
        {
            throw new ParquetFormatException($"Footer: the file has {_metadata.RowCount} rows, its row groups {rows}.");
        }
    }

    private static void CheckChunk(ColumnChunkMetadata chunk, ParquetColumn column)
    {
        if (chunk.IsEncrypted)
        {
            throw new ArrowUnsupportedException($"encrypted Parquet (column '{column.Path}')");
        }

        if (chunk.IsExternal)
        {
            throw new ArrowUnsupportedException($"column chunks in another file (column '{column.Path}')");
        }

        if (!chunk.HasMetadata || chunk.Type != column.Physical || chunk.ValueCount < 0)
        {
            throw new ParquetFormatException($"Column '{column.Path}': its chunk has no metadata, another type than the schema, or a negative number of values.");
        }
    }
}
