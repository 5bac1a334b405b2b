using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DpSpark.Jobs.Ledger;

/// <summary>What <c>dpspark ledger … --format json</c> prints. Amounts are text, so that they stay exact.</summary>
public static class LedgerJson
{
    /// <summary><c>ledger history</c>.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="entries">Newest first.</param>
    public static string History(string dataset, IReadOnlyList<HistoryEntry> entries) => Write(json =>
    {
        json.WriteString("dataset", dataset);
        WriteEntries(json, "entries", entries);
    });

    /// <summary><c>ledger show</c>.</summary>
    /// <param name="budget">The dataset.</param>
    public static string Show(DatasetBudget budget) => Write(json =>
    {
        json.WriteString("dataset", budget.Dataset);
        json.WriteString("chain", Chain(budget.Chain));
        json.WriteStartArray("caps");
        if (budget.Cap is { } cap)
        {
            json.WriteStartObject();
            json.WriteString("cap", "dataset");
            json.WriteString("epsilon", cap.Epsilon.ToString());
            json.WriteString("delta", cap.Delta.ToString());
            json.WriteString("remaining_epsilon", budget.RemainingEpsilon.ToString());
            json.WriteString("remaining_delta", budget.RemainingDelta.ToString());
            json.WriteString("by", cap.Principal);
            json.WriteString("when", LedgerEvent.TimeText(cap.When));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("spent");
        json.WriteString("epsilon", budget.SpentEpsilon.ToString());
        json.WriteString("delta", budget.SpentDelta.ToString());
        json.WriteNumber("releases", budget.Releases);
        json.WriteEndObject();
        WriteEntries(json, "open", budget.Open);
    });

    /// <summary><c>ledger verify</c>.</summary>
    /// <param name="report">The chain.</param>
    public static string Verify(ChainReport report) => Write(json =>
    {
        json.WriteString("chain", Chain(report));
        json.WriteNumber("entries", report.Entries);
        json.WriteNumber("events", report.Events);
        if (!report.IsOk)
        {
            json.WriteNumber("first_bad", report.FirstBadEntry ?? 0);
            json.WriteNumber("first_bad_event", report.FirstBadEvent ?? 0);
        }
    });

    private static string Chain(ChainReport report) => report.IsOk ? "ok" : "broken";

    private static void WriteEntries(Utf8JsonWriter json, string name, IReadOnlyList<HistoryEntry> entries)
    {
        json.WriteStartArray(name);
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            json.WriteNumber("n", entry.Number);
            json.WriteString("when", LedgerEvent.TimeText(entry.When));
            json.WriteString("release", entry.ReleaseId);
            json.WriteString("job", entry.JobName);
            json.WriteString("run_id", entry.RunId);
            json.WriteString("epsilon", entry.Epsilon.ToString());
            json.WriteString("delta", entry.Delta.ToString());
            json.WriteString("by", entry.Principal);
            json.WriteString("status", entry.State.Name());
            json.WriteNumber("attempts", entry.Attempts);
            if (entry.State.IsOpen())
            {
                json.WriteString("expires", LedgerEvent.TimeText(entry.Expires));
            }

            json.WriteString("hash", entry.Hash);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Write(Action<Utf8JsonWriter> body)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
