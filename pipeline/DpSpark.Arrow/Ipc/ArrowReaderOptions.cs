namespace DpSpark.Arrow.Ipc;

/// <summary>Limits of a reader. Input beyond a limit is refused before memory is taken for it.</summary>
public sealed record ArrowReaderOptions
{
    /// <summary>The limits used where none are given.</summary>
    public static ArrowReaderOptions Default { get; } = new();

    /// <summary>Largest metadata of one message, and largest footer, in bytes.</summary>
    public int MaxMetadataBytes { get; init; } = 64 << 20;

    /// <summary>Largest body of one message in bytes, as stored and, separately, decompressed.</summary>
    public int MaxBodyBytes { get; init; } = Array.MaxLength - 4096;

    /// <summary>Most rows of one batch.</summary>
    public int MaxBatchRows { get; init; } = int.MaxValue;

    /// <summary>Deepest nesting of fields.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Most fields of a schema, nested ones included.</summary>
    public int MaxFields { get; init; } = 10_000;

    /// <summary>Largest sum of all dictionaries in force, in bytes.</summary>
    public long MaxDictionaryBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Whether the values are checked: offsets, UTF-8, views, dictionary indices, null counts, map keys. Without, a batch from a faulty peer may
    /// throw when its values are used. Leave it on for everything that comes from a file or a socket of unknown origin.
    /// </summary>
    public bool CheckValues { get; init; } = true;
}
