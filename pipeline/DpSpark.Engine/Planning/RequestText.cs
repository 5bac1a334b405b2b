using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>
/// The canonical text of a request: everything that affects a release, in one order and one spelling. Comments, key order and the spelling of numbers leave no trace; neither do
/// the job's name and the words that say why keys are public.
/// </summary>
internal static class RequestText
{
    /// <summary>Version of the rules that turn a request into mechanisms: a change of theirs is a new release, not a replay.</summary>
    private const int MechanismVersion = 2;

    internal static string Write(ReleaseRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("mechanisms", MechanismVersion);
            json.WriteNumber("stages", StageSpec.CurrentVersion);
            Columns(json, request);
            Unit(json, request.Unit);
            Partitions(json, request);
            Aggregates(json, request);
            Number(json, "epsilon", request.Epsilon);
            Number(json, "delta", request.Delta);
            json.WriteString("noise", request.Noise.ToString());
            json.WriteString("accountant", request.Accountant.ToString());
            json.WriteString("adjacency", request.Adjacency.ToString());
            Number(json, "rho", request.Rho);
            if (request.FirstPassRules is { } rules)
            {
                json.WriteNumber("first_pass", rules);
            }

            json.WriteString("split", BudgetSplit.IsFree(request) ? "variance_optimal" : "weights");
            Number(json, "ci", request.ConfidenceLevel);
            json.WriteBoolean("non_negative", request.NonNegative);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Columns(Utf8JsonWriter json, ReleaseRequest request)
    {
        // The order of the contract decides nothing but the reading; the same columns in another order are the same contract.
        json.WriteStartArray("columns");
        foreach (var column in request.Columns.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", column.Name);
            json.WriteString("from", column.SourceName);
            json.WriteString("type", column.Type.ToString());
            if (column.Type == ColumnType.Decimal)
            {
                json.WriteNumber("precision", column.Precision);
                json.WriteNumber("scale", column.Scale);
            }

            json.WriteString("format", column.Format);
            json.WriteString("nulls", column.Nulls.ToString());
            json.WriteString("null_replacement", Spelling(column, column.NullReplacement));
            json.WriteString("nan", column.NaN.ToString());
            json.WriteString("nan_replacement", Spelling(column, column.NaNReplacement));
            json.WriteString("inf", column.Infinity.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? Spelling(ColumnSpec column, string? replacement) =>
        column.Type is ColumnType.Int or ColumnType.Long or ColumnType.Float or ColumnType.Double or ColumnType.Decimal && ExactDecimal.TryParse(replacement, out var number)
            ? number.ToString()
            : replacement;

    private static void Unit(Utf8JsonWriter json, PrivacyUnitRequest unit)
    {
        json.WriteStartObject("unit");
        json.WriteStartArray("id");
        foreach (var column in unit.IdColumns)
        {
            json.WriteStringValue(column);
        }

        json.WriteEndArray();
        json.WriteBoolean("null_id_is_one_unit", unit.NullIdIsOneUnit);
        Number(json, "max_partitions_contributed", unit.MaxPartitionsContributed);
        Number(json, "max_contributions_per_partition", unit.MaxContributionsPerPartition);
        Number(json, "max_contributions", unit.MaxContributions);
        Auto(json, "auto_max_partitions_contributed", unit.AutoMaxPartitionsContributed);
        Auto(json, "auto_max_contributions_per_partition", unit.AutoMaxContributionsPerPartition);
        json.WriteEndObject();
    }

    private static void Partitions(Utf8JsonWriter json, ReleaseRequest request)
    {
        json.WriteStartArray("partition_by");
        foreach (var partition in request.PartitionBy)
        {
            json.WriteStartObject();
            json.WriteString("name", partition.Name);
            json.WriteString("column", partition.Column);
            json.WriteString("transform", partition.Transform.ToString());
            json.WriteStartArray("edges");
            foreach (var edge in partition.Edges)
            {
                json.WriteStringValue(ExactDecimal.TryParse(edge, out var number) ? number.ToString() : edge);
            }

            json.WriteEndArray();
            json.WriteString("type", partition.KeyType.ToString());
            json.WriteBoolean("null_is_key", partition.NullIsKey);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (request.Keyset is { } keys)
        {
            json.WriteNumber("keys", keys.Keys.Count);
            json.WriteString("keyset", Hash(keys.Keys));
            if (keys.HasOther)
            {
                json.WriteBoolean("other", true);
            }
        }

        if (request.TopK is { } top)
        {
            json.WriteStartObject("top_k");
            json.WriteNumber("k", top.K);
            json.WriteString("by", top.By);
            Share(json, top.Budget);
            json.WriteEndObject();
        }

        if (request.Selection is { } selection)
        {
            json.WriteStartObject("selection");
            json.WriteString("strategy", selection.Strategy?.ToString() ?? "auto");
            json.WriteNumber("pre_threshold", selection.PreThreshold);
            if (selection.Strategy == SelectionStrategy.Sips)
            {
                json.WriteNumber("rounds", selection.Rounds);
            }

            Share(json, selection.Budget);
            json.WriteEndObject();
        }
    }

    private static string Hash(IReadOnlyList<byte[]> keys)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var key in keys)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, key.Length);
            hash.AppendData(length);
            hash.AppendData(key);
        }

        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Aggregates(Utf8JsonWriter json, ReleaseRequest request)
    {
        json.WriteStartArray("aggregates");
        foreach (var aggregate in request.Aggregates)
        {
            json.WriteStartObject();
            json.WriteString("kind", aggregate.Kind.ToString());
            json.WriteString("as", aggregate.Output);
            json.WriteString("column", aggregate.Column);
            Number(json, "min_value", aggregate.MinValue);
            Number(json, "max_value", aggregate.MaxValue);
            Number(json, "min_sum_per_partition", aggregate.MinSumPerPartition);
            Number(json, "max_sum_per_partition", aggregate.MaxSumPerPartition);
            Numbers(json, "ranks", aggregate.Ranks);
            Numbers(json, "edges", aggregate.Edges);
            Texts(json, "columns", aggregate.Columns);
            json.WriteString("norm", aggregate.Norm?.ToString());
            Number(json, "max_norm", aggregate.MaxNorm);
            Number(json, "max_values", aggregate.MaxValues);
            Numbers(json, "min_value_list", aggregate.MinValues);
            Numbers(json, "max_value_list", aggregate.MaxValueList);
            Auto(json, aggregate.AutoBoundsPerValue ? "auto_per_value" : "auto", aggregate.AutoBounds);
            Share(json, aggregate.Budget);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Auto(Utf8JsonWriter json, string name, BudgetShare? share)
    {
        if (share is not null)
        {
            json.WriteStartObject(name);
            Share(json, share);
            json.WriteEndObject();
        }
    }

    private static void Share(Utf8JsonWriter json, BudgetShare share)
    {
        json.WriteStartObject("budget");
        Number(json, "weight", share.Epsilon is null || share.Delta is null ? share.Weight : null);
        Number(json, "epsilon", share.Epsilon);
        Number(json, "delta", share.Delta);
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<ExactDecimal>? values) => Texts(json, name, values is null ? null : [.. values.Select(v => v.ToString())]);

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, string name, ExactDecimal? value) => json.WriteString(name, value?.ToString());

    private static void Number(Utf8JsonWriter json, string name, int? value) => json.WriteString(name, value?.ToString(CultureInfo.InvariantCulture));
}
