using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Turns the bytes of a footer into <see cref="FileMetadata"/>; checks what can be checked without the schema's meaning.</summary>
internal static class FooterParser
{
    public static FileMetadata Parse(ReadOnlySpan<byte> footer)
    {
        var reader = new ThriftReader(footer);
        int? version = null;
        long? rows = null;
        List<SchemaElement>? schema = null;
        List<RowGroupMetadata>? groups = null;
        List<KeyValuePair<string, string>> keyValues = [];
        string? createdBy = null;
        List<bool>? orders = null;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    version = reader.ReadI32(type);
                    break;
                case 2:
                    schema = ReadList(ref reader, type, ReadSchemaElement);
                    break;
                case 3:
                    rows = reader.ReadI64(type);
                    break;
                case 4:
                    groups = ReadList(ref reader, type, ReadRowGroup);
                    break;
                case 5:
                    keyValues = ReadList(ref reader, type, ReadKeyValue);
                    break;
                case 6:
                    createdBy = reader.ReadString(type);
                    break;
                case 7:
                    orders = ReadList(ref reader, type, ReadColumnOrder);
                    break;
                case 8:
                    throw new ArrowUnsupportedException("encrypted Parquet");
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (version is null)
        {
            ThriftReader.Missing("FileMetaData", "version");
        }

        if (schema is null)
        {
            ThriftReader.Missing("FileMetaData", "schema");
        }

        if (rows is null)
        {
            ThriftReader.Missing("FileMetaData", "num_rows");
        }

        if (groups is null)
        {
            ThriftReader.Missing("FileMetaData", "row_groups");
        }

        return new FileMetadata
        {
            Schema = schema,
            RowCount = rows.Value,
            RowGroups = groups,
            KeyValues = keyValues,
            CreatedBy = createdBy,
            TypeOrdered = orders,
        };
    }

    private delegate T ElementReader<T>(ref ThriftReader reader);

    private static List<T> ReadList<T>(ref ThriftReader reader, ThriftType type, ElementReader<T> element)
    {
        var count = reader.ReadList(type, ThriftType.Struct);
        var list = new List<T>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
        {
            list.Add(element(ref reader));
        }

        return list;
    }

    private static SchemaElement ReadSchemaElement(ref ThriftReader reader)
    {
        var element = new SchemaElement();
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    var physical = reader.ReadI32(type);
                    element.Type = physical is >= 0 and <= 7
                        ? (PhysicalType)physical
                        : throw new ParquetFormatException($"Footer: physical type {physical} does not exist.");
                    break;
                case 2:
                    element.TypeLength = reader.ReadI32(type);
                    break;
                case 3:
                    var repetition = reader.ReadI32(type);
                    element.Repetition = repetition is >= 0 and <= 2
                        ? (Repetition)repetition
                        : throw new ParquetFormatException($"Footer: repetition {repetition} does not exist.");
                    break;
                case 4:
                    element.Name = reader.ReadString(type);
                    break;
                case 5:
                    element.ChildCount = reader.ReadI32(type);
                    break;
                case 6:
                    element.Converted = (ConvertedType)reader.ReadI32(type);
                    break;
                case 7:
                    element.Scale = reader.ReadI32(type);
                    break;
                case 8:
                    element.Precision = reader.ReadI32(type);
                    break;
                case 9:
                    element.FieldId = reader.ReadI32(type);
                    break;
                case 10:
                    reader.Expect(type, ThriftType.Struct);
                    ReadLogicalType(ref reader, element);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (element.Name is null)
        {
            ThriftReader.Missing("SchemaElement", "name");
        }

        return element;
    }

    private static void ReadLogicalType(ref ThriftReader reader, SchemaElement element)
    {
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            element.HasLogical = true;
            element.Logical = (LogicalKind)id;
            if (element.Logical is LogicalKind.Decimal or LogicalKind.Time or LogicalKind.Timestamp or LogicalKind.Integer)
            {
                reader.Expect(type, ThriftType.Struct);
                ReadLogicalDetails(ref reader, element);
            }
            else
            {
                reader.Skip(type);
            }
        }
    }

    private static void ReadLogicalDetails(ref ThriftReader reader, SchemaElement element)
    {
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (element.Logical, id)
            {
                case (LogicalKind.Decimal, 1):
                    element.LogicalScale = reader.ReadI32(type);
                    break;
                case (LogicalKind.Decimal, 2):
                    element.LogicalPrecision = reader.ReadI32(type);
                    break;
                case (LogicalKind.Integer, 1):
                    element.LogicalBitWidth = reader.ReadI8(type);
                    break;
                case (LogicalKind.Integer, 2):
                    element.LogicalSigned = reader.ReadBool(type);
                    break;
                case (LogicalKind.Time or LogicalKind.Timestamp, 1):
                    element.LogicalUtc = reader.ReadBool(type);
                    break;
                case (LogicalKind.Time or LogicalKind.Timestamp, 2):
                    reader.Expect(type, ThriftType.Struct);
                    var unit = 0;
                    while (reader.NextField(ref unit, out var unitType))
                    {
                        element.LogicalUnit = unit;
                        reader.Skip(unitType);
                    }

                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
    }

    private static RowGroupMetadata ReadRowGroup(ref ThriftReader reader)
    {
        List<ColumnChunkMetadata>? columns = null;
        long? rows = null;
        var bytes = 0L;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    columns = ReadList(ref reader, type, ReadColumnChunk);
                    break;
                case 2:
                    bytes = reader.ReadI64(type);
                    break;
                case 3:
                    rows = reader.ReadI64(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (columns is null)
        {
            ThriftReader.Missing("RowGroup", "columns");
        }

        if (rows is null)
        {
            ThriftReader.Missing("RowGroup", "num_rows");
        }

        return new RowGroupMetadata { Columns = columns, RowCount = rows.Value, TotalByteSize = bytes };
    }

    private static ColumnChunkMetadata ReadColumnChunk(ref ThriftReader reader)
    {
        var chunk = new ColumnChunkMetadata();
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    chunk.IsExternal = true;
                    reader.Skip(type);
                    break;
                case 3:
                    reader.Expect(type, ThriftType.Struct);
                    ReadColumnMetadata(ref reader, chunk);
                    break;
                case 8 or 9:
                    chunk.IsEncrypted = true;
                    reader.Skip(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return chunk;
    }

    private static void ReadColumnMetadata(ref ThriftReader reader, ColumnChunkMetadata chunk)
    {
        var seen = 0;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            seen |= id is > 0 and < 31 ? 1 << id : 0;
            switch (id)
            {
                case 1:
                    var physical = reader.ReadI32(type);
                    chunk.Type = physical is >= 0 and <= 7
                        ? (PhysicalType)physical
                        : throw new ParquetFormatException($"Footer: physical type {physical} does not exist.");
                    break;
                case 4:
                    chunk.Codec = reader.ReadI32(type);
                    break;
                case 5:
                    chunk.ValueCount = reader.ReadI64(type);
                    break;
                case 6:
                    chunk.UncompressedSize = reader.ReadI64(type);
                    break;
                case 7:
                    chunk.CompressedSize = reader.ReadI64(type);
                    break;
                case 9:
                    chunk.DataPageOffset = reader.ReadI64(type);
                    break;
                case 11:
                    chunk.DictionaryPageOffset = reader.ReadI64(type);
                    break;
                case 12:
                    reader.Expect(type, ThriftType.Struct);
                    chunk.Statistics = ReadStatistics(ref reader);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        const int required = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 9);
        if ((seen & required) != required)
        {
            ThriftReader.Missing("ColumnMetaData", "type, codec, num_values, total_compressed_size or data_page_offset");
        }

        chunk.HasMetadata = true;
    }

    private static StatisticsMetadata ReadStatistics(ref ThriftReader reader)
    {
        var statistics = new StatisticsMetadata();
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    statistics.LegacyMax = reader.ReadBinary(type).ToArray();
                    break;
                case 2:
                    statistics.LegacyMin = reader.ReadBinary(type).ToArray();
                    break;
                case 3:
                    statistics.NullCount = reader.ReadI64(type);
                    break;
                case 5:
                    statistics.MaxValue = reader.ReadBinary(type).ToArray();
                    break;
                case 6:
                    statistics.MinValue = reader.ReadBinary(type).ToArray();
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return statistics;
    }

    private static KeyValuePair<string, string> ReadKeyValue(ref ThriftReader reader)
    {
        string? key = null;
        var value = "";
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id)
            {
                case 1:
                    key = reader.ReadString(type);
                    break;
                case 2:
                    value = reader.ReadString(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (key is null)
        {
            ThriftReader.Missing("KeyValue", "key");
        }

        return new(key, value);
    }

    private static bool ReadColumnOrder(ref ThriftReader reader)
    {
        var order = 0;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            order = id;
            reader.Skip(type);
        }

        return order == 1;
    }
}
