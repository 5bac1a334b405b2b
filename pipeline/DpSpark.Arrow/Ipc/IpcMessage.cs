namespace DpSpark.Arrow.Ipc;

/// <summary>Kinds of messages, by their number in the format.</summary>
internal enum MessageKind : byte
{
    Schema = 1,
    DictionaryBatch = 2,
    RecordBatch = 3,
}

/// <summary>The Message table: what follows and how long its body is.</summary>
internal readonly ref struct IpcMessage
{
    private IpcMessage(MessageKind kind, FlatTable header, int bodyLength)
    {
        Kind = kind;
        Header = header;
        BodyLength = bodyLength;
    }

    public MessageKind Kind { get; }

    public FlatTable Header { get; }

    public int BodyLength { get; }

    /// <summary>Reads the metadata of a message.</summary>
    public static IpcMessage Read(ReadOnlySpan<byte> metadata, ArrowReaderOptions options)
    {
        var root = FlatTable.Root(metadata);
        CheckVersion(root.Int16(0));
        var kind = root.Byte(1);
        switch (kind)
        {
            case 1 or 2 or 3:
                break;
            case 4 or 5:
                throw new ArrowUnsupportedException("Arrow tensor message");
            default:
                throw new ArrowFormatException($"The message is of the unknown kind {kind}.");
        }

        var length = root.Int64(3);
        if (length < 0 || length > options.MaxBodyBytes)
        {
            throw new ArrowFormatException("The length of the message's body is negative or beyond the limit.");
        }

        return new((MessageKind)kind, root.Table(2, "the header of the message"), (int)length);
    }

    /// <summary>Accepts V4 and V5, which differ only in unions.</summary>
    public static void CheckVersion(short version)
    {
        if (version is not (3 or 4))
        {
            throw version is >= 0 and < 3
                ? new ArrowUnsupportedException($"Arrow metadata version V{version + 1}")
                : new ArrowFormatException("The metadata version is unknown.");
        }
    }
}
