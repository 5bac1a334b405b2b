using System.Runtime.CompilerServices;
using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Manifest.Keysets;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark;

/// <summary>A release: noisy rows, and nothing but them.</summary>
public sealed class DpRelease
{
    private readonly RunResult _result;
    private readonly FileKind _format;

    internal DpRelease(RunResult result, FileKind format) => (_result, _format) = (result, format);

    /// <summary>Whether it is new, a replay of an earlier one, or a test.</summary>
    public RunOutcome Outcome => _result.Outcome;

    /// <summary>Id of the release.</summary>
    public string Id => _result.ReleaseId;

    /// <summary>Epsilon it was charged with.</summary>
    public ExactDecimal Epsilon => _result.Epsilon;

    /// <summary>Delta it was charged with.</summary>
    public ExactDecimal Delta => _result.Delta;

    /// <summary>Released rows.</summary>
    public int Rows => _result.Rows;

    /// <summary>Full path of the directory.</summary>
    public string OutputPath => _result.OutputPath;

    /// <summary>Full path of the record.</summary>
    public string RecordPath => _result.RecordPath;

    /// <summary>Reads the released rows from their files, in key order.</summary>
    /// <typeparam name="T">A class or record with a property or constructor parameter per column it wants; case and underscores of the names do not matter.
    /// An array takes all columns of an aggregate that has several: <c>fare_p25</c>, <c>fare_p50</c> or <c>fare_0</c>, <c>fare_1</c> for <c>double[] Fare</c>.</typeparam>
    /// <param name="cancellationToken">Checked between rows.</param>
    /// <exception cref="InvalidOperationException">The type asks for a column that is not there, or for another type.</exception>
    public async IAsyncEnumerable<T> ReadAsync<T>([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var row in _result.Table is { } table ? RowMapper<T>.Read(table) : RowMapper<T>.Read(Files()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }

    private IEnumerable<FileKeyset> Files() =>
        Directory.GetFiles(_result.OutputPath, Outcome == RunOutcome.Tested ? "test-part-*" : "part-*").Order(StringComparer.Ordinal).Select(f => new FileKeyset(_format, f, new CsvOptions()));
}

/// <summary>Makes objects of released rows.</summary>
internal static class RowMapper<T>
{
    public static IEnumerable<T> Read(IEnumerable<FileKeyset> files)
    {
        var reader = new KeysetFileReader();
        foreach (var file in files)
        {
            var columns = reader.ReadColumns(file);
            var make = RowFactory.For(typeof(T), columns);
            foreach (var row in reader.ReadRows(file, columns))
            {
                yield return (T)make(row);
            }
        }
    }

    public static IEnumerable<T> Read(RecordBatch table)
    {
        var make = RowFactory.For(typeof(T), [.. table.Schema.Fields.Select(f => f.Name)]);
        for (var row = 0; row < table.Length; row++)
        {
            yield return (T)make([.. table.Columns.Select(c => KeysetFileReader.TextOf(c, row))]);
        }
    }
}
