using DpSpark.Connect.Wire;

namespace DpSpark.Connect.Plans;

/// <summary>What a write does where something is there already.</summary>
public enum SaveMode
{
    /// <summary>Adds to it.</summary>
    Append = 1,

    /// <summary>Takes its place.</summary>
    Overwrite = 2,

    /// <summary>Fails.</summary>
    ErrorIfExists = 3,

    /// <summary>Leaves it and writes nothing.</summary>
    Ignore = 4,
}

/// <summary>Something that Spark is to do. Building one sends nothing.</summary>
public sealed class SparkCommand
{
    private readonly Func<Func<long>, Command> _build;

    private SparkCommand(Func<Func<long>, Command> build) => _build = build;

    /// <summary>Writes files.</summary>
    /// <param name="relation">The rows.</param>
    /// <param name="format">Name of the data source, such as <c>parquet</c>.</param>
    /// <param name="path">A folder as the cluster sees it.</param>
    /// <param name="mode">What to do where something is there already.</param>
    /// <param name="options">Options of the source; null for none.</param>
    /// <param name="partitionBy">Columns that become folders; null for none.</param>
    public static SparkCommand Write(
        SparkRelation relation,
        string format,
        string path,
        SaveMode mode = SaveMode.ErrorIfExists,
        IReadOnlyDictionary<string, string>? options = null,
        IReadOnlyList<string>? partitionBy = null) => new(ids =>
        {
            WriteOperation write = new() { Input = relation.ToWire(ids), Format = format, Path = path, Mode = (int)mode, PartitioningColumns = { partitionBy ?? [] } };
            SparkRelation.Fill(write.Options, options);
            return new() { Write = write };
        });

    /// <summary>Writes a table.</summary>
    /// <param name="relation">The rows.</param>
    /// <param name="table">Name of the table; parts that are not plain names are in backticks.</param>
    /// <param name="mode">What to do where something is there already.</param>
    /// <param name="format">Name of the data source for a new table; null for the session's habit.</param>
    public static SparkCommand WriteTable(SparkRelation relation, string table, SaveMode mode = SaveMode.ErrorIfExists, string? format = null) => new(ids =>
    {
        WriteOperation write = new() { Input = relation.ToWire(ids), Table = new() { Name = table, Method = 1 }, Mode = (int)mode };
        if (format is not null)
        {
            write.Format = format;
        }

        return new() { Write = write };
    });

    /// <summary>Gives a relation a name in the session.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="name">The name.</param>
    public static SparkCommand CreateView(SparkRelation relation, string name) =>
        new(ids => new() { CreateView = new() { Input = relation.ToWire(ids), Name = name, Replace = true } });

    /// <summary>Runs a SQL statement. A change happens at once; a query comes back as a relation.</summary>
    /// <param name="text">The statement.</param>
    public static SparkCommand Sql(string text) => new(ids =>
    {
        // Spark 3.5 reads the text, later versions the relation; both together work everywhere.
        return new() { Sql = new() { Text = text, Input = SparkRelation.Sql(text).ToWire(ids) } };
    });

    internal Command ToWire(Func<long> nextId) => _build(nextId);
}
