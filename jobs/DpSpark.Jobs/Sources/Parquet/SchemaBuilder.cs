using System.Globalization;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Turns the flat list of schema elements into Arrow fields (one per top-level column) and leaves (one per column chunk).</summary>
internal sealed class SchemaBuilder
{
    private const int MaxDepth = 64;
    private const string FieldIdKey = "PARQUET:field_id";
    private readonly List<SchemaElement> _elements;
    private readonly ParquetReadOptions _options;
    private readonly List<ParquetColumn> _leaves = [];
    private int _next = 1;

    private SchemaBuilder(List<SchemaElement> elements, ParquetReadOptions options)
    {
        _elements = elements;
        _options = options;
    }

    /// <summary>Builds the schema.</summary>
    /// <returns>Fields, leaves, and for each field the index of its first leaf.</returns>
    public static (List<Field> Fields, List<ParquetColumn> Leaves, List<int> FirstLeaf) Build(List<SchemaElement> elements, ParquetReadOptions options)
    {
        if (elements.Count == 0)
        {
            throw new ParquetFormatException("Schema: it has no elements.");
        }

        var builder = new SchemaBuilder(elements, options);
        var root = elements[0];
        List<Field> fields = [];
        List<int> firstLeaf = [];
        builder.CheckChildren(root);
        for (var i = 0; i < root.ChildCount; i++)
        {
            firstLeaf.Add(builder._leaves.Count);
            fields.Add(builder.TopLevel(builder.ReadNode("", 0, 0, 1)));
        }

        return builder._next == elements.Count
            ? (fields, builder._leaves, firstLeaf)
            : throw new ParquetFormatException("Schema: there are more elements than the tree has nodes.");
    }

    private sealed record Node(SchemaElement Element, List<Node> Children, ArrowType? Type)
    {
        public bool IsLeaf => Type is not null;
    }

    private void CheckChildren(SchemaElement element)
    {
        if (element.ChildCount < 0 || element.ChildCount > _elements.Count - _next)
        {
            throw new ParquetFormatException($"Schema: element '{element.Name}' has num_children {element.ChildCount}, but {_elements.Count - _next} elements follow.");
        }
    }

    private Node ReadNode(string path, int definition, int repetition, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ParquetFormatException($"Schema: it is nested more than {MaxDepth} deep.");
        }

        if (_next >= _elements.Count)
        {
            throw new ParquetFormatException("Schema: an element is missing.");
        }

        var element = _elements[_next++];
        var name = depth == 1 ? element.Name! : path + "." + element.Name;
        definition += element.Repetition == Repetition.Required ? 0 : 1;
        repetition += element.Repetition == Repetition.Repeated ? 1 : 0;
        if (element.Type is null || element.ChildCount != 0)
        {
            CheckChildren(element);
            if (element.ChildCount == 0)
            {
                throw new ParquetFormatException($"Schema: element '{name}' has neither a type nor children.");
            }

            List<Node> children = [];
            for (var i = 0; i < element.ChildCount; i++)
            {
                children.Add(ReadNode(name, definition, repetition, depth + 1));
            }

            return new Node(element, children, null);
        }

        var type = LeafTypes.Map(element, _options);
        _leaves.Add(new ParquetColumn
        {
            Path = name,
            Physical = element.Type.Value,
            Width = element.Type switch
            {
                PhysicalType.Int32 or PhysicalType.Float => 4,
                PhysicalType.Int64 or PhysicalType.Double => 8,
                PhysicalType.Int96 => 12,
                PhysicalType.FixedLenByteArray => element.TypeLength,
                _ => 0,
            },
            Type = type,
            MaxDefinition = definition,
            MaxRepetition = repetition,
            IsFlat = depth == 1 && element.Repetition != Repetition.Repeated,
        });
        return new Node(element, [], type);
    }

    private Field TopLevel(Node node) => node.Element.Repetition == Repetition.Repeated
        ? ListOf(node.Element.Name!, false, ValueOf(node, node.Element.Name!, false))
        : ValueOf(node, node.Element.Name!, node.Element.Repetition == Repetition.Optional);

    /// <summary>The field of a node, its repetition apart.</summary>
    private Field ValueOf(Node node, string name, bool nullable)
    {
        var field = PlainValueOf(node, name, nullable);
        return node.Element.FieldId is { } id
            ? field with { Metadata = [new(FieldIdKey, id.ToString(CultureInfo.InvariantCulture))] }
            : field;
    }

    private Field PlainValueOf(Node node, string name, bool nullable)
    {
        if (node.IsLeaf)
        {
            return new Field(name, node.Type!, nullable || node.Type!.Kind == TypeKind.Null);
        }

        var isList = node.Element.Logical == LogicalKind.List || (!node.Element.HasLogical && node.Element.Converted == ConvertedType.List);
        var isMap = node.Element.Logical == LogicalKind.Map
            || (!node.Element.HasLogical && node.Element.Converted is ConvertedType.Map or ConvertedType.MapKeyValue);
        if (node.Children is [{ Element.Repetition: Repetition.Repeated } repeated])
        {
            if (isMap && !repeated.IsLeaf && repeated.Children.Count == 2)
            {
                var entries = new Field("entries", new ArrowType(TypeKind.Struct), false)
                {
                    Children = [Child(repeated.Children[0], "key"), Child(repeated.Children[1], "value")],
                };
                return new Field(name, new ArrowType(TypeKind.Map), nullable) { Children = [entries] };
            }

            if (isList)
            {
                return ListOf(name, nullable, Element(node, repeated));
            }
        }

        return new Field(name, new ArrowType(TypeKind.Struct), nullable) { Children = [.. node.Children.Select(c => Child(c, c.Element.Name!))] };
    }

    /// <summary>The element of an annotated list, by the rules for old writers.</summary>
    private Field Element(Node list, Node repeated)
    {
        var isElement = repeated.IsLeaf || repeated.Children.Count != 1 || repeated.Element.Name == "array"
            || repeated.Element.Name == list.Element.Name + "_tuple" || repeated.Children[0].Element.Repetition == Repetition.Repeated;
        return isElement ? ValueOf(repeated, repeated.Element.Name!, false) : Child(repeated.Children[0], repeated.Children[0].Element.Name!);
    }

    private Field Child(Node node, string name) => node.Element.Repetition == Repetition.Repeated
        ? ListOf(name, false, ValueOf(node, name, false))
        : ValueOf(node, name, node.Element.Repetition == Repetition.Optional);

    private static Field ListOf(string name, bool nullable, Field element) => new(name, new ArrowType(TypeKind.List), nullable) { Children = [element] };
}
