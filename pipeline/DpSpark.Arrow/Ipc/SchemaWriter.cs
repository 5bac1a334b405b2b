namespace DpSpark.Arrow.Ipc;

/// <summary>Writes the Schema table, and the messages and footer that hold it.</summary>
internal static class SchemaWriter
{
    /// <summary>Metadata of a schema message.</summary>
    public static byte[] Message(Schema schema)
    {
        var flat = new FlatWriter();
        WriteSchema(flat, MessageHeader(flat, MessageKind.Schema).Header, schema);
        flat.Pad();
        return flat.Written.ToArray();
    }

    /// <summary>The footer of a file.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="batches">Where the batches are: start, length of the framed metadata, length of the body.</param>
    public static byte[] Footer(Schema schema, IReadOnlyList<(long Offset, int Metadata, long Body)> batches)
    {
        var flat = new FlatWriter();
        var footer = flat.Table(0, 2, 4, 4, 4);
        flat.Put16(footer[0], 4);
        WriteSchema(flat, footer[1], schema);
        flat.Vector(footer[2], 0, 24, 8);
        var at = flat.Vector(footer[3], batches.Count, 24, 8);
        foreach (var (offset, metadata, body) in batches)
        {
            flat.Put64(at, offset);
            flat.Put32(at + 8, metadata);
            flat.Put64(at + 16, body);
            at += 24;
        }

        flat.Pad();
        return flat.Written.ToArray();
    }

    /// <summary>Places a Message table, version V5.</summary>
    /// <returns>Positions of the reference to the header and of the body's length.</returns>
    public static (int Header, int BodyLength) MessageHeader(FlatWriter flat, MessageKind kind)
    {
        var message = flat.Table(0, 2, 1, 4, 8);
        flat.Put16(message[0], 4);
        flat.Put8(message[1], (byte)kind);
        return (message[2], message[3]);
    }

    private static void WriteSchema(FlatWriter flat, int reference, Schema schema)
    {
        var table = flat.Table(reference, 2, 4, schema.Metadata.Count > 0 ? (byte)4 : (byte)0);
        WriteFields(flat, table[1], schema.Fields);
        WritePairs(flat, table[2], schema.Metadata);
    }

    private static void WriteFields(FlatWriter flat, int reference, IReadOnlyList<Field> fields)
    {
        var at = flat.Vector(reference, fields.Count, 4, 4);
        for (var i = 0; i < fields.Count; i++)
        {
            WriteField(flat, at + (4 * i), fields[i]);
        }
    }

    private static void WriteField(FlatWriter flat, int reference, Field field)
    {
        if (field.Dictionary is not null)
        {
            throw new ArrowUnsupportedException("writing dictionary-encoded Arrow columns");
        }

        var table = flat.Table(reference, 4, 1, 1, 4, 0, 4, field.Metadata.Count > 0 ? (byte)4 : (byte)0);
        flat.String(table[0], field.Name);
        flat.Put8(table[1], field.Nullable ? (byte)1 : (byte)0);
        flat.Put8(table[2], WriteType(flat, table[3], field.Type));
        WriteFields(flat, table[5], field.Children);
        WritePairs(flat, table[6], field.Metadata);
    }

    private static void WritePairs(FlatWriter flat, int reference, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        var at = flat.Vector(reference, pairs.Count, 4, 4);
        for (var i = 0; i < pairs.Count; i++)
        {
            var pair = flat.Table(at + (4 * i), 4, 4);
            flat.String(pair[0], pairs[i].Key);
            flat.String(pair[1], pairs[i].Value);
        }
    }

    /// <summary>Places the table of a type and returns its number.</summary>
    private static byte WriteType(FlatWriter flat, int reference, ArrowType type)
    {
        int[] slots;
        switch (type.Kind)
        {
            case TypeKind.Int:
                slots = flat.Table(reference, 4, 1);
                flat.Put32(slots[0], type.BitWidth);
                flat.Put8(slots[1], type.IsSigned ? (byte)1 : (byte)0);
                return 2;
            case TypeKind.FloatingPoint:
                slots = flat.Table(reference, 2);
                flat.Put16(slots[0], type.BitWidth / 32);
                return 3;
            case TypeKind.Decimal:
                slots = flat.Table(reference, 4, 4, 4);
                flat.Put32(slots[0], type.Precision);
                flat.Put32(slots[1], type.Scale);
                flat.Put32(slots[2], type.BitWidth);
                return 7;
            case TypeKind.Date:
                slots = flat.Table(reference, 2);
                flat.Put16(slots[0], type.Unit == TimeUnit.Day ? 0 : 1);
                return 8;
            case TypeKind.Time:
                slots = flat.Table(reference, 2, 4);
                flat.Put16(slots[0], (int)type.Unit);
                flat.Put32(slots[1], type.BitWidth);
                return 9;
            case TypeKind.Timestamp:
                slots = flat.Table(reference, 2, type.Timezone is null ? (byte)0 : (byte)4);
                flat.Put16(slots[0], (int)type.Unit);
                if (type.Timezone is not null)
                {
                    flat.String(slots[1], type.Timezone);
                }

                return 10;
            case TypeKind.FixedSizeBinary:
                slots = flat.Table(reference, 4);
                flat.Put32(slots[0], type.ByteWidth);
                return 15;
            case TypeKind.FixedSizeList:
                slots = flat.Table(reference, 4);
                flat.Put32(slots[0], type.ListSize);
                return 16;
            case TypeKind.Map:
                slots = flat.Table(reference, 1);
                flat.Put8(slots[0], type.KeysSorted ? (byte)1 : (byte)0);
                return 17;
            case TypeKind.Duration:
                slots = flat.Table(reference, 2);
                flat.Put16(slots[0], (int)type.Unit);
                return 18;
            default:
                flat.Table(reference);
                return type.Kind switch
                {
                    TypeKind.Null => 1,
                    TypeKind.Binary => 4,
                    TypeKind.Utf8 => 5,
                    TypeKind.Bool => 6,
                    TypeKind.List => 12,
                    TypeKind.Struct => 13,
                    TypeKind.LargeBinary => 19,
                    TypeKind.LargeUtf8 => 20,
                    TypeKind.LargeList => 21,
                    TypeKind.BinaryView => 23,
                    _ => 24,
                };
        }
    }
}
