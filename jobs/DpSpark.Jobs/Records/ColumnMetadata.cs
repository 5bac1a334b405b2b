using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DpSpark.Arrow;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Records;

/// <summary>What a reader of the files alone needs to know of each number: aggregate, bounds, noise, error, share of epsilon. Metadata of the schema, in Parquet and Arrow.</summary>
/// <remarks>A function of the plan, which holds public numbers and released ones: the same release gives the same bytes on both engines.</remarks>
internal static class ColumnMetadata
{
    private const string Prefix = "dpspark.";

    private static readonly JsonWriterOptions s_writer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The table with metadata of the schema and of each aggregate's column.</summary>
    /// <param name="table">A released table.</param>
    /// <param name="plan">What it was released by.</param>
    /// <param name="isRelease">False for a test, which says so.</param>
    public static RecordBatch Add(RecordBatch table, ReleasePlan plan, bool isRelease)
    {
        var fields = new List<Field>();
        var pairs = new List<KeyValuePair<string, string>> { new(Prefix + "guarantee", Json(json => WriteGuarantee(json, plan, isRelease))) };
        foreach (var field in table.Schema.Fields)
        {
            if (!plan.Spec.Nodes.Any(n => n.Output == field.Name))
            {
                fields.Add(field);
                continue;
            }

            var text = Json(json => WriteColumn(json, plan, field.Name));
            fields.Add(field with { Metadata = [.. field.Metadata, new(Prefix + "column", text)] });
            pairs.Add(new(Prefix + "column." + field.Name, text));
        }

        return new RecordBatch(new Schema(fields) { Metadata = [.. table.Schema.Metadata, .. pairs] }, table.Columns, table.Length);
    }

    private static void WriteGuarantee(Utf8JsonWriter json, ReleasePlan plan, bool isRelease)
    {
        if (!isRelease)
        {
            json.WriteString("definition", "none (test)");
            return;
        }

        json.WriteString("epsilon", plan.Epsilon.ToString());
        json.WriteString("delta", plan.Delta.ToString());
        json.WriteString("accountant", plan.Accountant);
        json.WriteString("adjacency", plan.Adjacency);
        json.WriteString("privacy_unit", plan.Request.Unit.IdColumns.Count == 0 ? "row" : string.Join(", ", plan.Request.Unit.IdColumns));
    }

    private static void WriteColumn(Utf8JsonWriter json, ReleasePlan plan, string output)
    {
        var rows = plan.Mechanisms.Where(m => m.Node == output).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        json.WriteString("aggregate", rows[0].Aggregate);
        if (rows[0].Clamp is { } clamp)
        {
            json.WriteStartArray("bounds");
            json.WriteNumberValue(clamp.Lower);
            json.WriteNumberValue(clamp.Upper);
            json.WriteEndArray();
        }

        if (plan.Request.ConfidenceLevel is { } level)
        {
            json.WriteString("ci", level.ToString());
        }

        json.WriteStartArray("noise");
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteString("part", row.Part);
            json.WriteString("mechanism", row.Mechanism);
            json.WriteNumber("stddev", row.StandardDeviation);
            json.WriteNumber("half_width", row.HalfWidth);
            json.WriteString("epsilon", row.Epsilon.ToString());
            if (row.SharedWith is { } shared)
            {
                json.WriteString("shared_with", shared);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
