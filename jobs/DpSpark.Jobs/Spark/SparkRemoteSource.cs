using System.Security.Cryptography;
using DpSpark.Arrow;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Spark;

/// <summary>Rows that only Spark sees: files behind an address with a scheme, a table, a query. What can be known of them here is what Spark says.</summary>
internal sealed class SparkRemoteSource : SparkSource
{
    private readonly ConnectSession _session;
    private readonly SourceLocation _location;
    private readonly SparkRelation _rows;
    private SparkListing? _listing;
    private byte[]? _fingerprint;

    private SparkRemoteSource(ConnectSession session, SourceLocation location, Schema schema, SparkRelation rows)
    {
        _session = session;
        _location = location;
        _rows = rows;
        Schema = schema;
    }

    public override string Description => _location.Format switch
    {
        FileKind.Table => "table",
        FileKind.Sql => "query",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_listing?.Count ?? 0} {(_listing?.Count == 1 ? "file" : "files")} on the cluster"),
    };

    public override Schema Schema { get; }

    public override long? Bytes => _listing?.Bytes;

    public override bool IsText => _location.Format is FileKind.Csv or FileKind.Json;

    /// <summary>Whether a source is one that only Spark sees.</summary>
    public static bool Sees(SourceLocation location) => location.Format is FileKind.Table or FileKind.Sql || location.Paths.Any(IsAddress);

    /// <summary>Finds the rows and holds their columns against the contract. Reads none of them.</summary>
    public static SparkRemoteSource Open(ConnectSession session, RunRequest request, CancellationToken cancellationToken)
    {
        var location = request.Source;
        var columns = request.Plan.Spec.Columns;
        if (location.Format is FileKind.Table or FileKind.Sql)
        {
            var all = location.Format == FileKind.Table ? Table(TableName.Parse(location.Paths[0])!) : SparkRelation.Sql($"SELECT * FROM (\n{location.Paths[0]}\n)");
            var schema = SchemaOf(session, all, cancellationToken);
            ContractCheck.Check(location.Format == FileKind.Table ? location.Paths[0] : "the query", schema, columns, isText: false);
            var wanted = columns.Select(c => c.SourceName).Distinct(StringComparer.Ordinal).ToArray();
            return new SparkRemoteSource(session, location, new Schema([.. wanted.Select(n => schema.Fields[schema.IndexOf(n)])]), all.Select([.. wanted.Select(SparkColumn.Named)]));
        }

        if (!location.Paths.All(IsAddress))
        {
            throw new DpSparkException("DPS6011", ExitCodes.Usage, "the source has addresses with a scheme and paths without one.", "Paths without a scheme are found on this machine, the others by Spark.",
                ["write all of them with their scheme, files of the cluster's machines as file:///…"]);
        }

        var listing = SparkListing.Of(session, location.Paths, cancellationToken);
        if (listing.Count == 0)
        {
            throw new DpSparkException("DPS5101", ExitCodes.Contract, "the addresses of the source hold no file.", "Files whose names begin with '_' or '.' do not count.", ["look at the paths of the source"]);
        }

        var (found, rows) = Files(session, location, columns, cancellationToken);
        return new SparkRemoteSource(session, location, found, rows) { _listing = listing };
    }

    public override SparkRelation Rows() => _rows;

    public override byte[] Fingerprint(int threads, CancellationToken cancellationToken) => _fingerprint ??= Compute(_listing, cancellationToken);

    public override void EnsureUnchanged()
    {
        if (_fingerprint is { } before && !Compute(null, CancellationToken.None).AsSpan().SequenceEqual(before))
        {
            throw new DpSparkException("DPS5108", ExitCodes.FailedSafe, "the source changed while the run was reading it.", "A release is a function of one state of its input; a mixture of two would have no meaning.",
                ["run again when the writer has finished", "name a snapshot of the table"]);
        }
    }

    private static bool IsAddress(string path) => path.Contains("://", StringComparison.Ordinal);

    private static SparkRelation Table(TableName table) => table.Snapshot is null
        ? SparkRelation.Table(table.Quoted)
        : SparkRelation.Sql($"SELECT * FROM {table.Quoted} VERSION AS OF {(table.IsPinned ? table.Snapshot : $"'{table.Snapshot}'")}");

    private static (Schema Schema, SparkRelation Rows) Files(ConnectSession session, SourceLocation location, IReadOnlyList<Core.Stages.ColumnSpec> columns, CancellationToken cancellationToken)
    {
        var csv = location.Csv ?? new CsvOptions();
        var text = SparkFormats.TextSchema(columns);
        switch (location.Format)
        {
            case FileKind.Json:
                return (text, SparkFormats.Json(location.Paths, text));
            case FileKind.Csv when csv.Header:
                var header = SchemaOf(session, SparkFormats.CsvHeader(location.Paths, csv), cancellationToken);
                ContractCheck.Check(location.Paths[0], header, columns, isText: true);
                return (text, SparkFormats.Csv([.. header.Fields.Select(f => f.Name)], location.Paths, csv, text, checkHeaders: true));
            case FileKind.Csv:
                return (text, SparkFormats.Csv([.. columns.Select(c => c.SourceName)], location.Paths, csv, text));
            default:
                var schema = SchemaOf(session, SparkFormats.ParquetFiles(location.Paths), cancellationToken);
                ContractCheck.Check(location.Paths[0], schema, columns, isText: false);
                var wanted = new Schema([.. text.Fields.Select(f => schema.Fields[schema.IndexOf(f.Name)])]);
                return (wanted, SparkFormats.Parquet(location.Paths, wanted));
        }
    }

    private static Schema SchemaOf(ConnectSession session, SparkRelation relation, CancellationToken cancellationToken) =>
        new([.. Blocking.Run(() => session.SchemaAsync(relation, cancellationToken)).Select(f => new Field(f.Name, ArrowOf(f.Type)))]);

    /// <summary>The type that Spark sends a column's values in; nested and other types that no contract takes are structs here.</summary>
    private static ArrowType ArrowOf(SparkType type) => type.Kind switch
    {
        SparkTypeKind.Null => ArrowType.Null,
        SparkTypeKind.Boolean => ArrowType.Bool,
        SparkTypeKind.Byte => ArrowType.Int(8, signed: true),
        SparkTypeKind.Short => ArrowType.Int(16, signed: true),
        SparkTypeKind.Integer => ArrowType.Int32,
        SparkTypeKind.Long => ArrowType.Int64,
        SparkTypeKind.Float => ArrowType.Float,
        SparkTypeKind.Double => ArrowType.Double,
        SparkTypeKind.Decimal => ArrowType.Decimal128(type.Precision, type.Scale),
        SparkTypeKind.String => ArrowType.Utf8,
        SparkTypeKind.Binary => ArrowType.Binary,
        SparkTypeKind.Date => ArrowType.Date,
        SparkTypeKind.Timestamp => ArrowType.TimestampUtc,
        SparkTypeKind.TimestampNtz => ArrowType.TimestampUtc with { Timezone = null },
        _ => new ArrowType(TypeKind.Struct),
    };

    /// <summary>What the input is: for files names, sizes and times; for a table its snapshot, else the files behind it; for a query its text and the files that it reads.</summary>
    private byte[] Compute(SparkListing? listing, CancellationToken cancellationToken)
    {
        if (_location.Format is not (FileKind.Table or FileKind.Sql))
        {
            return (listing ?? SparkListing.Of(_session, _location.Paths, cancellationToken)).Fingerprint("files");
        }

        var text = _location.Paths[0];
        var table = _location.Format == FileKind.Table ? TableName.Parse(text) : null;
        var kind = _location.Format == FileKind.Table ? "table" : "sql";
        if (table is { IsPinned: true })
        {
            return SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"dpspark-snapshot-v1\n{table.Quoted}@{table.Snapshot}"));
        }

        var files = Blocking.Run(() => _session.InputFilesAsync(_rows, cancellationToken));
        if (files.Count > 0)
        {
            // Spark tells them as addresses; names in them are escaped as in any address.
            _listing = SparkListing.Of(_session, [.. files.Select(f => SparkFormats.Literal(Uri.UnescapeDataString(f)))], cancellationToken);
            return _listing.Fingerprint(kind, text);
        }

        if (table is { Snapshot: null } && SnapshotOf(table, cancellationToken) is { } snapshot)
        {
            return new SparkListing().Fingerprint(kind, text, snapshot);
        }

        throw new DpSparkException("DPS6022", ExitCodes.Usage, $"Spark cannot tell in which state the rows of the {(table is null ? "query" : "table")} are.",
            "A release is recognised by its input: for files Spark knows names, sizes and times, for some tables a snapshot. Of this source it knows neither, or it is empty.",
            ["name a snapshot: table: name@8841", "write the rows to files, and release those"]);
    }

    /// <summary>The snapshot that formats with snapshots of their own tell among the properties of a table; null where there is none.</summary>
    private string? SnapshotOf(TableName table, CancellationToken cancellationToken) => SparkTable.PropertyOf(_session, table, "current-snapshot-id", cancellationToken);
}
