using System.Globalization;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Says where rows come from and which columns the job uses.</summary>
public sealed class SourceBuilder
{
    private readonly YamlMap _source = new();
    private readonly YamlMap _columns = new();

    internal SourceBuilder()
    {
    }

    internal YamlMap Node => _source.Set("columns", _columns);

    /// <summary>Reads a CSV file, folder or glob.</summary>
    /// <param name="path">The path; <c>${name}</c> is a variable.</param>
    /// <param name="header">Whether the first line names the columns.</param>
    /// <param name="delimiter">Separates fields.</param>
    /// <param name="nullText">A field of this text is null; where it is empty, an unquoted one.</param>
    public SourceBuilder Csv(string path, bool header = true, char delimiter = ',', string nullText = "") => Csv([path], header, delimiter, nullText);

    /// <summary>Reads several CSV files, folders or globs.</summary>
    /// <param name="paths">The paths; <c>${name}</c> is a variable.</param>
    /// <param name="header">Whether the first line names the columns.</param>
    /// <param name="delimiter">Separates fields.</param>
    /// <param name="nullText">A field of this text is null; where it is empty, an unquoted one.</param>
    public SourceBuilder Csv(IReadOnlyList<string> paths, bool header = true, char delimiter = ',', string nullText = "")
    {
        if (header && delimiter == ',' && nullText.Length == 0)
        {
            _source.Set("csv", Paths(paths));
            return this;
        }

        _source.Set("csv", new YamlMap().Set("path", Paths(paths)).Set("header", Tree.Word(header ? "true" : "false")).Set("delimiter", Tree.Text(delimiter.ToString())).Set("null", Tree.Text(nullText)));
        return this;
    }

    /// <summary>Reads Parquet files, folders or globs.</summary>
    /// <param name="paths">The paths; <c>${name}</c> is a variable.</param>
    public SourceBuilder Parquet(params IReadOnlyList<string> paths)
    {
        _source.Set("parquet", Paths(paths));
        return this;
    }

    /// <summary>Reads Arrow IPC files, folders or globs.</summary>
    /// <param name="paths">The paths; <c>${name}</c> is a variable.</param>
    public SourceBuilder Arrow(params IReadOnlyList<string> paths)
    {
        _source.Set("arrow", Paths(paths));
        return this;
    }

    /// <summary>Reads JSON, one object a line, on Spark.</summary>
    /// <param name="paths">The paths; <c>${name}</c> is a variable.</param>
    public SourceBuilder Json(params IReadOnlyList<string> paths)
    {
        _source.Set("json", Paths(paths));
        return this;
    }

    /// <summary>Reads a table of Spark's catalog.</summary>
    /// <param name="name">Its name, perhaps with a snapshot: <c>lake.taxi.trips@8841</c>; <c>${name}</c> is a variable.</param>
    public SourceBuilder Table(string name)
    {
        _source.Set("table", Tree.Template(name));
        return this;
    }

    /// <summary>Reads the rows of a query, on Spark. Each of them must come from rows of one privacy unit.</summary>
    /// <param name="query">A SELECT; <c>${name}</c> is a variable.</param>
    public SourceBuilder Sql(string query)
    {
        _source.Set("sql", Tree.Template(query));
        return this;
    }

    /// <summary>Uses a column. Its type follows from <typeparamref name="T"/>: string, bool, int, long, float, double, decimal, DateOnly, DateTime or DateTimeOffset (timestamps), byte[].</summary>
    /// <typeparam name="T">Type of the values.</typeparam>
    /// <param name="name">Name in the job.</param>
    /// <param name="from">Name in the source, where it is another.</param>
    /// <param name="format">Format of dates or timestamps given as text.</param>
    /// <param name="nulls">What happens to nulls; they are dropped where nothing is said.</param>
    /// <param name="nan">What happens to NaN; dropped where nothing is said.</param>
    /// <param name="infinity">What happens to infinities; clamped where nothing is said.</param>
    /// <param name="precision">Digits of a decimal in all.</param>
    /// <param name="scale">Digits of a decimal after the point.</param>
    public SourceBuilder Column<T>(string name, string? from = null, string? format = null, NullPolicy? nulls = null, NaNPolicy? nan = null, InfinityPolicy? infinity = null, int precision = 38, int scale = 18)
    {
        ArgumentNullException.ThrowIfNull(name);
        var type = Tree.Word(TypeOf(typeof(T), precision, scale));
        var map = new YamlMap().Set("type", type);
        if (from is not null)
        {
            map.Set("from", Tree.Text(from));
        }

        if (format is not null)
        {
            map.Set("format", Tree.Text(format));
        }

        if (nulls is not null)
        {
            map.Set("nulls", Policy(nulls.Word, nulls.Replacement));
        }

        if (nan is not null)
        {
            map.Set("nan", Policy(nan.Word, nan.Replacement));
        }

        if (infinity is { } policy)
        {
            map.Set("inf", Tree.Word(policy.ToString().ToLowerInvariant()));
        }

        _columns.Set(name, map.Entries.Count == 1 ? type : map);
        return this;
    }

    private static YamlNode Paths(IReadOnlyList<string> paths) => paths.Count == 1 ? Tree.Template(paths[0]) : Tree.List(paths.Select(Tree.Template));

    private static YamlNode Policy(string word, DpNumber? replacement) => replacement is { } value ? new YamlMap().Set("replace", Tree.Text(value.ToString())) : Tree.Word(word);

    private static string TypeOf(Type type, int precision, int scale) => Type.GetTypeCode(Nullable.GetUnderlyingType(type) ?? type) switch
    {
        TypeCode.String => "string",
        TypeCode.Boolean => "bool",
        TypeCode.Int32 => "int",
        TypeCode.Int64 => "long",
        TypeCode.Single => "float",
        TypeCode.Double => "double",
        TypeCode.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({precision},{scale})"),
        TypeCode.DateTime => "timestamp",
        _ when type == typeof(DateOnly) || type == typeof(DateOnly?) => "date",
        _ when type == typeof(DateTimeOffset) || type == typeof(DateTimeOffset?) => "timestamp",
        _ when type == typeof(byte[]) => "binary",
        _ => throw new ArgumentException($"{type.Name} is not a type of a column; use string, bool, int, long, float, double, decimal, DateOnly, DateTime, DateTimeOffset or byte[]."),
    };
}
