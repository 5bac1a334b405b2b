using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Spark;

/// <summary>
/// A table of Spark's catalog, or a folder that only the cluster sees. A table is staged in a table beside it and appears by one command: the staging table is renamed, or, where rows are replaced,
/// overwrites them. A folder is written by one command.
/// </summary>
internal sealed class SparkOutput : IClusterOutput
{
    private const int RowsPerMessage = 1 << 16;
    private const string ReleaseProperty = "dpspark.release";
    private readonly ConnectSession _session;
    private readonly ClusterTarget _target;
    private readonly TableName? _table;
    private readonly IReadOnlyList<SparkField> _columns;
    private readonly CancellationToken _cancellation;
    private string? _staged;

    public SparkOutput(ConnectSession session, ClusterTarget target, IReadOnlyList<Field> columns, CancellationToken cancellation)
    {
        _session = session;
        _target = target;
        _table = target.Table is { } name ? TableName.Parse(name) : null;
        _columns = [.. columns.Select(SparkTypes.FromArrow)];
        _cancellation = cancellation;
    }

    private bool IsTable => _table is not null;

    public void EnsureFree()
    {
        if (Found() is { } found)
        {
            if (!_target.Replace)
            {
                throw Occupied();
            }

            if (IsTable && !IsSame(found))
            {
                throw OtherColumns();
            }
        }

        if (IsTable)
        {
            // A table that cannot be made is better known now than after the budget was spent.
            var probe = Beside("probe_" + Guid.NewGuid().ToString("N"));
            Run($"CREATE TABLE {probe} ({SparkTypes.ToDdl([.. _columns.Select(c => c with { Nullable = true })])})");
            Run($"DROP TABLE {probe}");
        }
    }

    public void Stage(string id, string folder)
    {
        if (!IsTable)
        {
            // Spark cannot rename or remove folders: the stage of a folder is the one on this machine, and the ledger's copy.
            return;
        }

        Run($"DROP TABLE IF EXISTS {StageOf(id)}");
        var view = Upload(folder);
        Run($"CREATE TABLE {StageOf(id)} TBLPROPERTIES ('{ReleaseProperty}' = '{id}') AS SELECT * FROM {view}");
        _staged = id;
    }

    public void Publish(string id, string folder)
    {
        var found = Found();
        if (found is not null)
        {
            if (IsSame(found) && HoldsThis(folder))
            {
                RemoveStage(id);
                return;
            }

            if (IsTable && ReleaseIn() == id)
            {
                throw new DpSparkException("DPS4020", ExitCodes.Assurance, $"{_target.Uri} holds release {id}, but its rows are not those that were released.",
                    "They differ from the files that the ledger knows: somebody changed, added or removed rows.", ["find out who changed it; `dpspark ledger history` shows what was released", "drop the table and run again: the released rows are put back"]);
            }

            if (!_target.Replace)
            {
                throw Occupied();
            }

            if (IsTable && !IsSame(found))
            {
                throw OtherColumns();
            }
        }

        if (!IsTable)
        {
            var rows = SparkRelation.Sql("SELECT * FROM " + Upload(folder));

            FailPoints.Hit("publishing");

            // What is there was looked at just now: nothing, or what may be replaced. An empty folder would be in the way of any other mode.
            Blocking.Run(() => _session.RunAsync(SparkCommand.Write(rows, "parquet", _target.Path!, SaveMode.Overwrite), cancellation: _cancellation));
            return;
        }

        if (_staged != id)
        {
            Stage(id, folder);
        }

        FailPoints.Hit("publishing");
        if (found is null)
        {
            Run($"ALTER TABLE {StageOf(id)} RENAME TO {SparkTypes.Quote(_table!.Parts[^1])}");
            return;
        }

        Run($"INSERT OVERWRITE TABLE {_table!.Quoted} SELECT * FROM {StageOf(id)}");
        Run($"ALTER TABLE {_table.Quoted} SET TBLPROPERTIES ('{ReleaseProperty}' = '{id}')");
        RemoveStage(id);
    }

    private DpSparkException Occupied() => new("DPS2094", ExitCodes.Usage, $"the output {_target.Uri} holds something already.", "A release never mixes with other rows.",
        ["choose another place", "say `mode: replace` under output", IsTable ? "drop the table" : "move the folder away"]);

    private DpSparkException OtherColumns() => new("DPS2098", ExitCodes.Usage, $"the table {_target.Uri} has other columns than the release.", "Its rows can be replaced, its columns are its owner's.",
        ["choose another table", "drop the table: the next run makes it anew"]);

    private void Run(string statement) => Blocking.Run(() => _session.RunAsync(SparkCommand.Sql(statement), cancellation: _cancellation));

    private string Beside(string suffix) => (_table! with { Parts = [.. _table.Parts.SkipLast(1), $"{_table.Parts[^1]}__dpspark_{suffix}"] }).Quoted;

    private string StageOf(string id) => Beside("staging_" + new string([.. id.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]));

    private void RemoveStage(string id)
    {
        if (IsTable)
        {
            Run($"DROP TABLE IF EXISTS {StageOf(id)}");
        }
    }

    /// <summary>The columns of what is there; null where nothing is. Columns of a folder that holds no Parquet are none.</summary>
    private IReadOnlyList<SparkField>? Found()
    {
        try
        {
            if (!IsTable && SparkListing.Of(_session, [Folder()], _cancellation).Count == 0)
            {
                return null;
            }

            return Blocking.Run(() => _session.SchemaAsync(Target(), _cancellation));
        }
        catch (DpSparkException e) when (e.InnerException is SparkConnectException { ErrorClass: "TABLE_OR_VIEW_NOT_FOUND" or "PATH_NOT_FOUND" })
        {
            return null;
        }
        catch (DpSparkException e) when (!IsTable && e.InnerException is SparkConnectException { Fault: ConnectFault.Rejected })
        {
            return [];
        }
    }

    private string Folder() => SparkFormats.Literal(_target.Path!);

    private SparkRelation Target() => IsTable ? SparkRelation.Table(_table!.Quoted) : SparkFormats.ParquetFiles([Folder()]);

    private bool IsSame(IReadOnlyList<SparkField> found) => found.Select(f => (f.Name, f.Type)).SequenceEqual(_columns.Select(c => (c.Name, c.Type)));

    /// <summary>The release whose id the table bears; null where it bears none.</summary>
    private string? ReleaseIn() => SparkTable.PropertyOf(_session, _table!, ReleaseProperty, _cancellation);

    private bool HoldsThis(string folder)
    {
        try
        {
            return IsThis(folder);
        }
        catch (DpSparkException e) when (!IsTable && e.InnerException is SparkConnectException { Fault: ConnectFault.Rejected })
        {
            // Files among the others that are no Parquet: somebody else's.
            return false;
        }
    }

    /// <summary>Whether the rows that are there are those of the release, in whatever order.</summary>
    private bool IsThis(string folder)
    {
        var expected = new List<string>();
        foreach (var batch in Batches(folder))
        {
            AddRows(expected, batch);
        }

        var there = Blocking.Run(async () =>
        {
            var rows = new List<string>();
            var some = Target().Select([.. _columns.Select(c => SparkColumn.Named(c.Name))]).Limit(expected.Count + 1);
            await foreach (var batch in _session.CollectAsync(some, cancellation: _cancellation).ConfigureAwait(false))
            {
                using (batch)
                {
                    AddRows(rows, batch);
                }
            }

            return rows;
        });
        expected.Sort(StringComparer.Ordinal);
        there.Sort(StringComparer.Ordinal);
        return expected.SequenceEqual(there);
    }

    private static void AddRows(List<string> rows, RecordBatch batch)
    {
        for (var row = 0; row < batch.Length; row++)
        {
            var text = new StringBuilder();
            foreach (var column in batch.Columns)
            {
                var value = TextOf(column, row);
                text.Append(CultureInfo.InvariantCulture, $"{value?.Length ?? -1}:{value}");
            }

            rows.Add(Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))));
        }
    }

    private static string? TextOf(ArrowArray column, int row) => column.IsNull(row) ? null : column.Type.Kind switch
    {
        TypeKind.Binary or TypeKind.LargeBinary => Convert.ToHexStringLower(column.BytesAt(row)),
        TypeKind.Decimal => column.ValuesAs<Int128>()[row].ToString(CultureInfo.InvariantCulture),
        TypeKind.Timestamp => column.ValuesAs<long>()[row].ToString(CultureInfo.InvariantCulture),
        _ => KeysetFileReader.TextOf(column, row),
    };

    /// <summary>The released rows of a folder, batch by batch.</summary>
    private static IEnumerable<RecordBatch> Batches(string folder)
    {
        foreach (var name in PartFiles.In(folder))
        {
            using var file = ParquetFile.Open(Path.Combine(folder, name), new ParquetReadOptions { BatchRows = RowsPerMessage });
            foreach (var batch in file.ReadBatches())
            {
                using (batch)
                {
                    yield return batch;
                }
            }
        }
    }

    /// <summary>Sends the released rows to the session, in messages that a server takes, and gives the name of a view of them all, in one slice and in key order.</summary>
    private string Upload(string folder)
    {
        SparkRelation? all = null;
        foreach (var (i, batch) in Batches(folder).Index())
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"dpspark_rows_{i}");
            var rows = SparkRelation.Local(batch.Schema, [batch]);
            Blocking.Run(() => _session.RunAsync(SparkCommand.CreateView(rows, name), cancellation: _cancellation));
            var part = SparkRelation.Table(name);
            all = all is null ? part : all.Union(part);
        }

        all ??= SparkRelation.Sql($"SELECT {string.Join(", ", _columns.Select(c => $"CAST(NULL AS {SparkTypes.ToDdl(c.Type)}) AS {SparkTypes.Quote(c.Name)}"))} WHERE false");
        Blocking.Run(() => _session.RunAsync(SparkCommand.CreateView(all.Repartition(1, shuffle: false), "dpspark_rows"), cancellation: _cancellation));
        return "dpspark_rows";
    }
}
