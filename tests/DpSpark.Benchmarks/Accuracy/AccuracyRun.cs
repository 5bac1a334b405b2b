using System.Buffers.Binary;
using System.Security.Cryptography;
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
        var statistics = new ExactStatistics(plan);
        var prediction = new Prediction(plan, statistics);
        for (var i = 0; i < releases; i++)
        {
            var key = Key(i);
            RecordBatch Table(ReleasePlan of, RunMode mode) => backend.Run(of, LocalSource.Open(location, request.Columns, threads), key, mode, null, CancellationToken.None).Table;
            var released = Rows.Of(Table(plan, RunMode.Seeded), plan);
            var truth = Rows.Of(Table(plan, RunMode.Bounded), plan);
            var exact = statistics.IsNeeded ? Rows.Of(Table(statistics.PlanFor(FewestUnits(released, truth, plan)), RunMode.Bounded), plan) : null;
            Add(columns, released, truth, exact, plan, naive, statistics, prediction);
        }

        return (plan, columns);
    }

    /// <summary>Units that every partition of a release has at least, as far as its columns tell.</summary>
    private static int FewestUnits(Rows released, Rows truth, ReleasePlan plan)
    {
        var counted = plan.Request.Aggregates.FirstOrDefault(a => a.Kind == AggregateKind.PrivacyIdCount) ?? plan.Request.Aggregates.FirstOrDefault(a => a.Kind == AggregateKind.Count);
        if (counted is null || released.Keys.Count == 0)
        {
            return 1;
        }

        var rows = counted.Kind == AggregateKind.Count ? plan.Request.Unit.MaxContributionsPerPartition ?? plan.Request.Unit.MaxContributions ?? int.MaxValue : 1;
        return Math.Max(1, (int)(released.Keys.Min(k => truth.Number(counted.Output, k) ?? 1) / rows));
    }

    private static RunKey Key(int release)
    {
        var material = new byte[12];
        "accuracy"u8.CopyTo(material);
        BinaryPrimitives.WriteInt32LittleEndian(material.AsSpan(8), release);
        return new RunKey(SHA256.HashData(material), "accuracy"u8.ToArray());
    }

    private static void Add(
        Dictionary<string, ColumnErrors> columns, Rows released, Rows truth, Rows? exact, ReleasePlan plan, NaiveError naive, ExactStatistics statistics, Prediction prediction)
    {
        var nodes = plan.Spec.Nodes.ToDictionary(n => n.Output, StringComparer.Ordinal);
        foreach (var partition in released.Keys)
        {
            double? Known(string column) => truth.Number(column, partition);
            double Statistic(string column) => exact!.Number(column, partition) ?? throw new InvalidOperationException($"The second job has no {column} in a partition that is shown.");
            if (exact is not null)
            {
                statistics.Check(Known, Statistic);
                prediction.Enter(Statistic);
            }

            foreach (var name in released.Columns.Where(c => nodes.ContainsKey(c)))
            {
                if (!columns.TryGetValue(name, out var errors))
                {
                    columns[name] = errors = new ColumnErrors();
                }

                if (released.Number(name, partition) is { } noisy && Known(name) is { } number)
                {
                    errors.Add(
                        noisy,
                        number,
                        prediction.Of(nodes[name], Statistic),
                        released.Number(name + "_stddev", partition),
                        (released.Number(name + "_ci_low", partition) ?? double.NegativeInfinity, released.Number(name + "_ci_high", partition) ?? double.PositiveInfinity),
                        naive.Variance(name, Known));
                }
            }
        }

        foreach (var errors in columns.Values)
        {
            errors.EndRelease();
        }
    }
}
