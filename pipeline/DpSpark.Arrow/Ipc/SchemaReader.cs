namespace DpSpark.Arrow.Ipc;

/// <summary>Reads the Schema table of a message or footer.</summary>
internal ref struct SchemaReader
{
    private readonly ArrowReaderOptions _options;
    private int _fields;
    private int _text;

    private SchemaReader(ArrowReaderOptions options, int bufferLength)
    {
        _options = options;
        _fields = options.MaxFields;
        _text = (int)Math.Min(int.MaxValue, (16L << 20) + bufferLength);
    }

    /// <summary>Reads a schema.</summary>
    public static Schema Read(FlatTable table, ArrowReaderOptions options)
    {
        var reader = new SchemaReader(options, table.BufferLength);
        switch (table.Int16(0))
        {
            case 0:
                break;
            case 1:
                throw new ArrowUnsupportedException("big-endian Arrow data");
            default:
                throw new ArrowFormatException("The schema has an unknown endianness.");
        }

        var fields = reader.Fields(table, 1, 1);
        return new(fields) { Metadata = reader.Pairs(table, 2) };
    }

    private Field[] Fields(FlatTable parent, int slot, int depth)
    {
        var count = parent.TableCount(slot);
        if (count > 0 && depth > _options.MaxDepth)
        {
            throw new ArrowFormatException($"The schema is nested more than {_options.MaxDepth} levels deep.");
        }

        // One table may be referred to many times, so that a small schema can stand for billions of fields.
        _fields -= count;
        if (_fields < 0)
        {
            throw new ArrowFormatException($"The schema has more than {_options.MaxFields} fields.");
        }

        var fields = new Field[count];
        for (var i = 0; i < count; i++)
        {
            fields[i] = Field(parent.TableAt(slot, i), depth);
        }

        return fields;
    }

    private Field Field(FlatTable table, int depth)
    {
        var name = table.String(0, ref _text) ?? "";
        var type = Type(table.Byte(2), table);
        DictionaryEncoding? dictionary = null;
        if (table.Has(4))
        {
            var encoding = table.Table(4, "a dictionary encoding");
            var index = encoding.Has(1) ? Int(encoding.Table(1, "an index type")) : ArrowType.Int32;
            if (encoding.Int16(3) != 0)
            {
                throw new ArrowUnsupportedException("Arrow dictionary kind other than dense");
            }

            dictionary = new(encoding.Int64(0), index, encoding.Bool(2));
        }

        var children = Fields(table, 5, depth + 1);
        CheckChildren(type, children);
        return new(name, type, table.Bool(1)) { Children = children, Dictionary = dictionary, Metadata = Pairs(table, 6) };
    }

    private static void CheckChildren(ArrowType type, Field[] children)
    {
        var fits = type.Kind switch
        {
            TypeKind.Struct => true,
            TypeKind.List or TypeKind.LargeList or TypeKind.FixedSizeList => children.Length == 1,
            TypeKind.Map => children is [{ Type.Kind: TypeKind.Struct, Children.Count: 2, Dictionary: null }],
            _ => children.Length == 0,
        };
        if (!fits)
        {
            throw new ArrowFormatException($"A field of type {type.Kind} has children that do not fit it.");
        }
    }

    private KeyValuePair<string, string>[] Pairs(FlatTable table, int slot)
    {
        var count = table.TableCount(slot);
        if (count > _text / 64)
        {
            throw new ArrowFormatException("The metadata hold more text than accepted.");
        }

        var pairs = new KeyValuePair<string, string>[count];
        for (var i = 0; i < count; i++)
        {
            var pair = table.TableAt(slot, i);
            pairs[i] = new(pair.String(0, ref _text) ?? "", pair.String(1, ref _text) ?? "");
            _text -= 64;
        }

        return pairs;
    }

    private ArrowType Type(int id, FlatTable field)
    {
        if (id is 0 or > 26)
        {
            throw new ArrowFormatException($"A field has the unknown type {id}.");
        }

        var table = field.Table(3, "the type of a field");
        switch (id)
        {
            case 1:
                return ArrowType.Null;
            case 2:
                return Int(table);
            case 3:
                return new(TypeKind.FloatingPoint) { BitWidth = 16 << InRange(table.Int16(0), 2, "precision") };
            case 4:
                return ArrowType.Binary;
            case 5:
                return ArrowType.Utf8;
            case 6:
                return ArrowType.Bool;
            case 7:
                return Decimal(table);
            case 8:
                var days = InRange(table.Int16(0, 1), 1, "date unit") == 0;
                return days ? ArrowType.Date : new(TypeKind.Date) { Unit = TimeUnit.Millisecond, BitWidth = 64 };
            case 9:
                var unit = InRange(table.Int16(0, 1), 3, "time unit");
                var width = table.Int32(1, 32);
                return width == (unit < 2 ? 32 : 64)
                    ? new(TypeKind.Time) { Unit = (TimeUnit)unit, BitWidth = width }
                    : throw new ArrowFormatException("A time type has a width that does not fit its unit.");
            case 10:
                var zone = table.String(1, ref _text);
                return new(TypeKind.Timestamp)
                {
                    Unit = (TimeUnit)InRange(table.Int16(0), 3, "timestamp unit"),
                    BitWidth = 64,
                    Timezone = string.IsNullOrEmpty(zone) ? null : zone,
                };
            case 12:
                return new(TypeKind.List);
            case 13:
                return new(TypeKind.Struct);
            case 15:
                return new(TypeKind.FixedSizeBinary) { ByteWidth = NotNegative(table.Int32(0)) };
            case 16:
                return new(TypeKind.FixedSizeList) { ListSize = NotNegative(table.Int32(0)) };
            case 17:
                return new(TypeKind.Map) { KeysSorted = table.Bool(0) };
            case 18:
                return new(TypeKind.Duration) { Unit = (TimeUnit)InRange(table.Int16(0, 1), 3, "duration unit"), BitWidth = 64 };
            case 19:
                return new(TypeKind.LargeBinary);
            case 20:
                return new(TypeKind.LargeUtf8);
            case 21:
                return new(TypeKind.LargeList);
            case 23:
                return new(TypeKind.BinaryView);
            case 24:
                return new(TypeKind.Utf8View);
            default:
                throw new ArrowUnsupportedException("Arrow type " + (id switch
                {
                    11 => "Interval",
                    14 => "Union",
                    22 => "RunEndEncoded",
                    25 => "ListView",
                    _ => "LargeListView",
                }));
        }
    }

    private static ArrowType Int(FlatTable table) => table.Int32(0) is var width and (8 or 16 or 32 or 64)
        ? ArrowType.Int(width, table.Bool(1))
        : throw new ArrowFormatException("An integer type has a width other than 8, 16, 32 or 64.");

    private static ArrowType Decimal(FlatTable table)
    {
        var width = table.Int32(2, 128);
        var digits = width switch
        {
            32 => 9,
            64 => 18,
            128 => 38,
            256 => 76,
            _ => throw new ArrowFormatException("A decimal type has a width other than 32, 64, 128 or 256."),
        };
        return table.Int32(0) is var precision && precision >= 1 && precision <= digits
            ? new(TypeKind.Decimal) { BitWidth = width, Precision = precision, Scale = table.Int32(1) }
            : throw new ArrowFormatException("A decimal type has a precision that does not fit its width.");
    }

    private static int InRange(int value, int max, string what) =>
        value >= 0 && value <= max ? value : throw new ArrowFormatException($"A type has the unknown {what} {value}.");

    private static int NotNegative(int value) => value >= 0 ? value : throw new ArrowFormatException("A type has a negative size.");
}
