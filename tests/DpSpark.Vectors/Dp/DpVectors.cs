using System.Text.Json;
using DpSpark.Vectors.Formats;

namespace DpSpark.Vectors.Dp;

/// <summary>Runs files of known answers of the differential-privacy mathematics: JSON in, calls of the libraries, comparison. No formula lives here.</summary>
public static class DpVectors
{
    private static readonly OperationTable s_operations = Register();

    /// <summary>Runs one file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="output">Receives one line per case and the totals.</param>
    /// <returns>0 when nothing failed, else 1.</returns>
    public static int Run(string file, TextWriter output)
    {
        var report = new VectorReport(output);
        Run(file, report);
        return report.Finish();
    }

    /// <summary>Runs one file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="report">Receives the verdicts.</param>
    public static void Run(string file, VectorReport report)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement root = document.RootElement;
        string topic = root.TryGetProperty("topic", out JsonElement named) ? named.GetString() ?? "" : "";
        foreach (JsonElement known in root.GetProperty("cases").EnumerateArray())
        {
            report.Add(known.GetProperty("id").GetString() ?? "", Judge(topic, known));
        }
    }

    /// <summary>Judges one case.</summary>
    /// <param name="topic">The file's topic.</param>
    /// <param name="known">The case.</param>
    public static Verdict Judge(string topic, JsonElement known)
    {
        string operation = known.GetProperty("op").GetString() ?? "";
        if (s_operations.Find(topic, operation) is not { } run)
        {
            return new(Outcome.Unsupported, "operation " + operation);
        }

        try
        {
            object? actual = run(known.GetProperty("in"), known.GetProperty("out"));
            string? difference = Comparison.Difference(known.GetProperty("out"), actual, new Tolerance(known.GetProperty("tolerance")), "out");
            return difference is null ? new(Outcome.Pass) : new(Outcome.Fail, difference);
        }
        catch (UnsupportedCaseException exception)
        {
            return new(Outcome.Unsupported, exception.Message);
        }
#pragma warning disable CA1031 // One broken case must not hide the others; it fails with its message.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return new(Outcome.Fail, exception.GetType().Name + ": " + exception.Message);
        }
    }

    private static OperationTable Register()
    {
        var operations = new OperationTable();
        RandomnessOperations.Register(operations);
        DistributionOperations.Register(operations);
        BoundingOperations.Register(operations);
        SensitivityOperations.Register(operations);
        SelectionOperations.Register(operations);
        AccountingOperations.Register(operations);
        AggregateOperations.Register(operations);
        LossOperations.Register(operations);
        PlanningOperations.Register(operations);
        MechanismOperations.Register(operations);
        return operations;
    }
}
