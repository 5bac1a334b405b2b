using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;

namespace DpSpark;

/// <summary>Runs a job on rows made by a test: no files, no ledger, and without noise if wanted. What it gives is never a release.</summary>
public sealed class TestJob
{
    private readonly DpJob _job;
    private IReadOnlyList<object> _rows = [];
    private RunMode _mode = RunMode.Seeded;

    private TestJob(DpJob job) => _job = job;

    /// <summary>Tests the job of a manifest.</summary>
    /// <param name="path">The manifest.</param>
    /// <param name="options">Variables and run date; may be null.</param>
    public static TestJob From(string path, ManifestOptions? options = null) => new(DpJob.Load(path, options));

    /// <summary>Tests a job made by code.</summary>
    /// <param name="job">The job.</param>
    public static TestJob From(DpJob job) => new(job);

    /// <summary>The rows: objects with a property per column of the contract; case and underscores of the names do not matter.</summary>
    /// <param name="rows">The rows.</param>
    public TestJob WithRows(IEnumerable<object> rows)
    {
        _rows = [.. rows];
        return this;
    }

    /// <summary>Bounds and clamps, but adds no noise and shows every partition that has rows.</summary>
    public TestJob NoNoise()
    {
        _mode = RunMode.Bounded;
        return this;
    }

    /// <summary>Neither bounds nor clamps nor adds noise: the true figures.</summary>
    public TestJob Raw()
    {
        _mode = RunMode.Raw;
        return this;
    }

    /// <summary>Runs the job in this process.</summary>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ManifestException">The job has faults.</exception>
    public Task<TestTable> RunLocalAsync(CancellationToken cancellationToken = default)
    {
        var plan = _job.Plan();
        return Task.Run(() =>
        {
            using var spill = TempSpillStore.Open(null);
            var backend = new LocalBackend(new LocalOptions { MemoryBytes = LocalBackend.MinimumMemoryBytes, Threads = 1, SpillStore = spill });
            var key = new RunKey(RandomNumberGenerator.GetBytes(32), "test"u8.ToArray());
            var rows = new ObjectRows(plan.Job.Request.Columns, _rows);
            return new TestTable(SelectionFlow.Run(backend, WithBounds(plan.Release, backend, rows, key, cancellationToken), rows, key, _mode, null, null, cancellationToken).Table);
        }, cancellationToken);
    }

    /// <summary>The plan of a job whose bounds a first pass finds, after that pass; any other plan as it is.</summary>
    private ReleasePlan WithBounds(ReleasePlan plan, LocalBackend backend, ObjectRows rows, RunKey key, CancellationToken cancellationToken)
    {
        if (plan.Bounds is not { Found: null })
        {
            return plan;
        }

        using var counts = backend.Run(FirstPass.PlanOf(plan), rows, key, _mode, null, cancellationToken).Table;
        return FirstPass.Resolve(plan, counts, noisy: _mode == RunMode.Seeded);
    }

    /// <summary>Objects as a source of texts, which the column contract reads as it reads CSV.</summary>
    private sealed class ObjectRows(IReadOnlyList<ColumnSpec> columns, IReadOnlyList<object> rows) : IRowSource, IRowSplit
    {
        public Schema Schema { get; } = new([.. columns.Select(c => new Field(c.SourceName, ArrowType.Utf8))]);

        public long? EstimatedRows => rows.Count;

        public IReadOnlyList<IRowSplit> Splits => [this];

        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            yield return new RecordBatch(Schema, [.. columns.Select(c => ArrowArrays.Utf8(rows.Select(r => Text(r, c))))], rows.Count);
        }

        private static string? Text(object row, ColumnSpec column)
        {
            var property = Array.Find(row.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance), p => Plain(p.Name) == Plain(column.Name))
                ?? throw new InvalidOperationException($"{row.GetType().Name} has no property for column '{column.Name}'.");
            return property.GetValue(row) switch
            {
                null => null,
                string text => text,
                bool flag => flag ? "true" : "false",
                DateOnly date => date.ToString(column.Format ?? "yyyy-MM-dd", CultureInfo.InvariantCulture),
                DateTime time => time.ToString(column.Format ?? "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
                DateTimeOffset time => time.UtcDateTime.ToString(column.Format ?? "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
                IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
                var other => other.ToString(),
            };
        }

        private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
    }
}

/// <summary>What a test run gives: a table that is never a release.</summary>
public sealed class TestTable
{
    private readonly RecordBatch _table;

    internal TestTable(RecordBatch table) => _table = table;

    /// <summary>Rows of the table.</summary>
    public int Rows => _table.Length;

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Columns => [.. _table.Schema.Fields.Select(f => f.Name)];

    /// <summary>Sum of a number column over all rows.</summary>
    /// <param name="column">The column.</param>
    public double Sum(string column) => Values(column).Sum();

    /// <summary>A number column, in row order.</summary>
    /// <param name="column">The column.</param>
    public IReadOnlyList<double> Values(string column)
    {
        var at = _table.Schema.IndexOf(column);
        return at < 0
            ? throw new ArgumentException($"There is no column '{column}'; there are {string.Join(", ", Columns)}.", nameof(column))
            : [.. Enumerable.Range(0, Rows).Select(r => double.Parse(Jobs.Sources.KeysetFileReader.TextOf(_table.Columns[at], r)!, CultureInfo.InvariantCulture))];
    }

    /// <summary>The rows as objects.</summary>
    /// <typeparam name="T">A class or record with a property or constructor parameter per column it wants; case and underscores of the names do not matter.
    /// An array takes all columns of an aggregate that has several: <c>fare_p25</c>, <c>fare_p50</c> or <c>fare_0</c>, <c>fare_1</c> for <c>double[] Fare</c>.</typeparam>
    public IReadOnlyList<T> Read<T>() => [.. RowMapper<T>.Read(_table)];
}
