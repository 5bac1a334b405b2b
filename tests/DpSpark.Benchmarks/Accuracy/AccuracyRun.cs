using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>Releases a job many times with test keys and holds every released number against the same number of the bounded data without noise.</summary>
internal static class AccuracyRun
{
    private const double Level = 0.95;

    /// <summary>Runs a manifest and writes a table of its columns.</summary>
    /// <param name="path">The manifest.</param>
    /// <param name="vars">Its variables.</param>
    /// <param name="releases">How often it is released.</param>
    /// <param name="output">Receives the table, in Markdown.</param>
    /// <returns>Whether the manifest could be planned.</returns>
    public static bool Run(string path, IReadOnlyDictionary<string, string> vars, int releases, TextWriter output)
    {
        var result = ManifestReader.Read(path, new ManifestOptions { Vars = vars, KeysetFiles = new KeysetFileReader() });
        if (result.Job is not { } job)
        {
            output.WriteLine(string.Join('\n', result.Diagnostics));
            return false;
        }

        var (plan, columns) = Measure(job, releases);
        output.WriteLine(FormattableString.Invariant(
            $"**{job.Name}**: epsilon {plan.Epsilon}, delta {plan.Delta}, accountant {plan.Accountant}, {releases} releases. Noise: {string.Join(", ", plan.Mechanisms.Select(m => m.Mechanism).Distinct())}."));
        output.WriteLine();
        AccuracyTable.Write(columns, job.Name, output);
        return true;
    }

    /// <summary>Releases a job many times.</summary>
    /// <param name="job">The job.</param>
    /// <param name="releases">How often.</param>
    /// <returns>The plan, and the errors of every released column.</returns>
    public static (ReleasePlan Plan, IReadOnlyDictionary<string, ColumnErrors> Columns) Measure(JobManifest job, int releases)
    {
        var request = job.Request with { ConfidenceLevel = ExactDecimal.FromShortest(Level) };
        var plan = Planner.Plan(request);
        var threads = Environment.ProcessorCount;
        var location = new SourceLocation(job.Source.Kind, job.Source.Paths, job.Folder, job.Source.Csv);
        using var spill = TempSpillStore.Open(null);
        var backend = new LocalBackend(new LocalOptions { MemoryBytes = 1L << 30, Threads = threads, SpillStore = spill });
        var columns = new Dictionary<string, ColumnErrors>(StringComparer.Ordinal);
        var naive = new NaiveError(request);
        for (var i = 0; i < releases; i++)
        {
            var key = Key(i);
            var released = backend.Run(plan, LocalSource.Open(location, request.Columns, threads), key, RunMode.Seeded, null, CancellationToken.None).Table;
            var truth = backend.Run(plan, LocalSource.Open(location, request.Columns, threads), key, RunMode.Bounded, null, CancellationToken.None).Table;
            Add(columns, released, truth, plan, naive);
        }

        return (plan, columns);
    }

    private static RunKey Key(int release)
    {
        var material = new byte[12];
        "accuracy"u8.CopyTo(material);
        BinaryPrimitives.WriteInt32LittleEndian(material.AsSpan(8), release);
        return new RunKey(SHA256.HashData(material), "accuracy"u8.ToArray());
    }

    private static void Add(Dictionary<string, ColumnErrors> columns, RecordBatch released, RecordBatch truth, ReleasePlan plan, NaiveError naive)
    {
        var keys = plan.Request.PartitionBy.Count;
        var rows = new Dictionary<string, int>(truth.Length, StringComparer.Ordinal);
        for (var row = 0; row < truth.Length; row++)
        {
            rows[KeyOf(truth, keys, row)] = row;
        }

        for (var c = keys; c < released.Columns.Count; c++)
        {
            var name = released.Schema.Fields[c].Name;
            var low = released.Schema.IndexOf(name + "_ci_low");
            var high = released.Schema.IndexOf(name + "_ci_high");
            if (low < 0 || high < 0)
            {
                continue;
            }

            var deviation = released.Schema.IndexOf(name + "_stddev");
            var known = truth.Schema.IndexOf(name);
            var node = plan.Spec.Nodes.First(n => n.Output == name);
            var formula = node.Form is NodeForm.Quantile ? -1 : truth.Schema.IndexOf(name + "_stddev");

            // Variances are released from 0 upwards: what would be below is not predicted by derivatives either.
            var isPositive = node.Aggregate is AggregateKind.Variance or AggregateKind.Stddev;
            var range = Range(plan.Request.Aggregates[node.AggregateIndex]);
            if (!columns.TryGetValue(name, out var errors))
            {
                columns[name] = errors = new ColumnErrors();
            }

            for (var row = 0; row < released.Length; row++)
            {
                if (rows.TryGetValue(KeyOf(released, keys, row), out var at) && Number(truth.Columns[known], at) is { } exact && Number(released.Columns[c], row) is { } noisy)
                {
                    errors.Add(
                        noisy - exact,
                        deviation < 0 ? null : Number(released.Columns[deviation], row),
                        formula >= 0 && Number(truth.Columns[formula], at) is { } predicted && predicted <= range / 10 && !(isPositive && predicted > exact / 2) ? predicted : null,
                        (Number(released.Columns[low], row) ?? double.NegativeInfinity) - exact,
                        (Number(released.Columns[high], row) ?? double.PositiveInfinity) - exact,
                        naive.Variance(name, column => truth.Schema.IndexOf(column) is >= 0 and var index ? Number(truth.Columns[index], at) : null));
                }
            }
        }
    }

    /// <summary>How far the values of a ratio can be apart; a prediction by derivatives says nothing where it is a large part of that.</summary>
    private static double Range(AggregateRequest aggregate)
    {
        if (aggregate.Kind is not (AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev) || aggregate.MinValue is not { } low || aggregate.MaxValue is not { } high)
        {
            return double.PositiveInfinity;
        }

        var half = (high.ToDouble() - low.ToDouble()) / 2;
        return aggregate.Kind switch { AggregateKind.Mean => 2 * half, AggregateKind.Variance => half * half, _ => half };
    }

    private static string KeyOf(RecordBatch table, int keys, int row)
    {
        var text = new StringBuilder();
        for (var k = 0; k < keys; k++)
        {
            text.Append(KeysetFileReader.TextOf(table.Columns[k], row)).Append('\u001f');
        }

        return text.ToString();
    }

    private static double? Number(ArrowArray column, int row) =>
        KeysetFileReader.TextOf(column, row) is { } text ? double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
}
