namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>The header of a page, flattened.</summary>
internal struct PageHeader
{
    public int Type;
    public int UncompressedSize;
    public int CompressedSize;
    public int? Crc;
    public int ValueCount;
    public int NullCount;
    public int RowCount;
    public int Encoding;
    public int DefinitionEncoding;
    public int RepetitionEncoding;
    public int DefinitionBytes;
    public int RepetitionBytes;
    public bool IsCompressed;

    /// <summary>Reads a header from the start of the bytes.</summary>
    /// <param name="data">The header and what follows it.</param>
    /// <param name="length">Bytes the header takes.</param>
    /// <exception cref="ParquetTruncatedException">The header is longer than the bytes.</exception>
    public static PageHeader Parse(ReadOnlySpan<byte> data, out int length)
    {
        var reader = new ThriftReader(data);
        var header = new PageHeader { IsCompressed = true };
        var seen = 0;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            seen |= id is > 0 and < 31 ? 1 << id : 0;
            switch (id)
            {
                case 1:
                    header.Type = reader.ReadI32(type);
                    break;
                case 2:
                    header.UncompressedSize = reader.ReadI32(type);
                    break;
                case 3:
                    header.CompressedSize = reader.ReadI32(type);
                    break;
                case 4:
                    header.Crc = reader.ReadI32(type);
                    break;
                case 5 or 7 or 8:
                    reader.Expect(type, ThriftType.Struct);
                    header.ReadDetails(ref reader, id);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        length = reader.Position;
        if ((seen & 0b1110) != 0b1110)
        {
            throw new ParquetFormatException("Page header: type or a size is missing.");
        }

        var details = (PageType)header.Type switch
        {
            PageType.Data => 5,
            PageType.Dictionary => 7,
            PageType.DataV2 => 8,
            _ => 0,
        };
        if (details != 0 && (seen & (1 << details)) == 0)
        {
            throw new ParquetFormatException($"Page header: the details of a page of type {header.Type} are missing.");
        }

        if (header.CompressedSize < 0 || header.UncompressedSize < 0)
        {
            throw new ParquetFormatException("Page header: a size is negative.");
        }

        return header;
    }

    private void ReadDetails(ref ThriftReader reader, int kind)
    {
        var seen = 0;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            seen |= id is > 0 and < 31 ? 1 << id : 0;
            switch (kind, id)
            {
                case (_, 1):
                    ValueCount = reader.ReadI32(type);
                    break;
                case (5 or 7, 2) or (8, 4):
                    Encoding = reader.ReadI32(type);
                    break;
                case (5, 3):
                    DefinitionEncoding = reader.ReadI32(type);
                    break;
                case (5, 4):
                    RepetitionEncoding = reader.ReadI32(type);
                    break;
                case (8, 2):
                    NullCount = reader.ReadI32(type);
                    break;
                case (8, 3):
                    RowCount = reader.ReadI32(type);
                    break;
                case (8, 5):
                    DefinitionBytes = reader.ReadI32(type);
                    break;
                case (8, 6):
                    RepetitionBytes = reader.ReadI32(type);
                    break;
                case (8, 7):
                    IsCompressed = reader.ReadBool(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        var required = kind switch
        {
            5 => 0b11110,
            7 => 0b110,
            _ => 0b1111110,
        };
        if ((seen & required) != required)
        {
            throw new ParquetFormatException("Page header: a required field is missing.");
        }

        if (ValueCount < 0 || NullCount < 0 || RowCount < 0 || DefinitionBytes < 0 || RepetitionBytes < 0)
        {
            throw new ParquetFormatException("Page header: a count or a length is negative.");
        }
    }
}
