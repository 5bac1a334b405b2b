using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Encodings.Web;
using System.Text.Json;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;

namespace DpSpark.Engine.Planning;

/// <summary>A plan as <c>plan.json</c>: everything a reader needs to check it, exact integers as decimal strings; the same plan gives the same bytes.</summary>
public static class PlanJson
{
    /// <summary>Name and version of the layout.</summary>
    public const string Schema = "dpspark/plan/v1";

    /// <summary>Writes the plan as indented UTF-8 JSON with a final line feed.</summary>
    /// <param name="plan">The plan.</param>
    public static byte[] Write(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            WriteTo(json, plan);
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Writes the array of mechanisms with their exact parameters, as plans and release records carry it.</summary>
    /// <param name="json">Receives the array; a property name, if one is wanted, is written before.</param>
    /// <param name="plan">The plan.</param>
    public static void WriteMechanisms(Utf8JsonWriter json, ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(plan);
        json.WriteStartArray();
        foreach (var row in plan.Mechanisms)
        {
            json.WriteStartObject();
            json.WriteString("node", row.Node);
            json.WriteString("aggregate", row.Aggregate);
            json.WriteString("part", row.Part);
            json.WriteString("mechanism", row.Mechanism);
            json.WriteString("epsilon", row.Epsilon.ToString());
            json.WriteString("delta", row.Delta.ToString());
            if (row.SharedWith is not null)
            {
                json.WriteString("shared_with", row.SharedWith);
            }

            if (row.Clamp is { } clamp)
            {
                json.WriteStartArray("clamp");
                json.WriteNumberValue(clamp.Lower);
                json.WriteNumberValue(clamp.Upper);
                json.WriteEndArray();
            }

            json.WriteStartObject("sensitivity");
            json.WriteNumber("l0", row.L0);
            json.WriteNumber("linf", row.LInf);
            json.WriteNumber("l1", row.L1);
            json.WriteNumber("l2", row.L2);
            Integer(json, "l1_units", row.L1Units);
            Integer(json, "l2_squared_units", row.L2SquaredUnits);
            json.WriteEndObject();
            if (row.Noise is { } noise)
            {
                Noise(json, noise, row.Grid);
                json.WriteNumber("stddev", row.StandardDeviation);
                json.WriteNumber("half_width", row.HalfWidth);
            }

            if (row.RankDeviation is { } deviation)
            {
                json.WriteNumber("rank_stddev", deviation);
            }

            if (row.Threshold is { } threshold)
            {
                Integer(json, "threshold", threshold);
            }

            if (row.SmallestWithin10Percent is { } smallest)
            {
                json.WriteNumber("smallest_within_10_percent", smallest);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the property <c>automatic_bounds</c> of a plan with a first pass: what it finds or found, its epsilon or rho, and its noise. Nothing for other plans.</summary>
    /// <param name="json">Receives the property.</param>
    /// <param name="plan">The plan.</param>
    public static void WriteBounds(Utf8JsonWriter json, ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Bounds is not { } bounds)
        {
            return;
        }

        json.WriteStartArray("automatic_bounds");
        for (var i = 0; i < bounds.Questions.Count; i++)
        {
            var question = bounds.Questions[i];
            json.WriteStartObject();
            json.WriteString("node", question.Name);
            json.WriteString("bounds", FirstPassText.Word(question.Target));
            json.WriteString("epsilon", question.Epsilon.ToString());
            if (question.Rho is { } rho)
            {
                json.WriteString("rho", rho.ToString());
            }

            json.WriteNumber("histograms", question.Histograms);
            json.WriteStartObject("sensitivity");
            json.WriteNumber("l1", question.Histograms * (plan.Request.Adjacency == NeighbouringRelation.ReplaceOne ? 2 : 1));
            json.WriteEndObject();
            Noise(json, question.Noise, GridUnit.One);
            if (bounds.Found is { } found)
            {
                json.WriteStartArray("found");
                json.WriteStringValue(found[i].Lower.ToString());
                json.WriteStringValue(found[i].Upper.ToString());
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the property <c>chance_shown</c>: units in a partition, and the chance that it is shown. Empty for public partitions.</summary>
    /// <param name="json">Receives the property.</param>
    /// <param name="plan">The plan.</param>
    public static void WriteChances(Utf8JsonWriter json, ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(plan);
        json.WriteStartArray("chance_shown");
        foreach (var chance in plan.KeepChances)
        {
            json.WriteStartObject();
            json.WriteNumber("units", chance.Units);
            json.WriteNumber("probability", chance.Probability);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTo(Utf8JsonWriter json, ReleasePlan plan)
    {
        var request = plan.Request;
        json.WriteStartObject();
        json.WriteString("$schema", Schema);
        json.WriteString("name", request.Name);
        json.WriteStartObject("guarantee");
        json.WriteString("definition", plan.Definition);
        json.WriteString("adjacency", plan.Adjacency);
        json.WriteStartObject("privacy_unit");
        Strings(json, "id", request.Unit.IdColumns);
        json.WriteString("level", request.Unit.IdColumns.Count == 0 ? "row" : "unit");
        json.WriteString("null_id", request.Unit.NullIdIsOneUnit ? "one_unit" : "drop");
        json.WriteEndObject();
        json.WriteString("epsilon", plan.Epsilon.ToString());
        json.WriteString("delta", plan.Delta.ToString());
        json.WriteString("accountant", plan.Accountant);
        Strings(json, "reasons", plan.Reasons);
        json.WriteEndObject();

        json.WriteStartObject("bounding");
        Bound(json, "max_partitions_contributed", plan.Spec.MaxPartitionsContributed);
        Bound(json, "max_contributions_per_partition", plan.Spec.MaxContributionsPerPartition);
        Bound(json, "max_contributions", plan.Spec.MaxContributions);
        json.WriteString("keep", "random");
        json.WriteEndObject();

        json.WriteStartObject("partitions");
        if (request.Keyset is { } keys)
        {
            json.WriteString("kind", "keyset");
            json.WriteNumber("keys", keys.Keys.Count);
            json.WriteString("source", keys.Source);
        }
        else
        {
            json.WriteString("kind", "partition_selection");
            json.WriteString("strategy", MechanismTable.Word(plan.Rounds.Count > 0 ? SelectionStrategy.Sips : plan.Spec.Selection!.Strategy));
            json.WriteNumber("pre_threshold", (plan.Spec.Selection ?? plan.Rounds[0].Selection)!.PreThreshold);
            if (plan.Rounds.Count > 0)
            {
                json.WriteNumber("rounds", plan.Rounds.Count);
            }
        }

        json.WriteEndObject();

        WriteBounds(json, plan);
        json.WritePropertyName("mechanisms");
        WriteMechanisms(json, plan);
        json.WriteStartArray("expected_errors");
        foreach (var error in ReferenceError.Of(plan))
        {
            json.WriteStartObject();
            json.WriteString("output", error.Output);
            json.WriteNumber("rows", error.Rows);
            json.WriteNumber("rmse", error.Error);
            if (error.RankError is { } rank)
            {
                json.WriteNumber("rank_rmse", rank);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteChances(json, plan);
        json.WriteStartArray("diagnostics");
        foreach (var diagnostic in plan.Diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("code", diagnostic.Code);
            json.WriteString("severity", "warning");
            json.WriteString("path", diagnostic.Path);
            json.WriteString("message", diagnostic.Message);
            Strings(json, "fix", diagnostic.Fixes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (plan.Bounds is { Found: null } first)
        {
            json.WritePropertyName("first_pass");
            json.WriteRawValue((first.Spec with { Accumulators = [], Nodes = [] }).ToJson());
        }

        if (plan.Rounds.Count > 0)
        {
            json.WriteStartArray("rounds");
            foreach (var round in plan.Rounds)
            {
                json.WriteRawValue(round.ToJson());
            }

            json.WriteEndArray();
        }

        json.WritePropertyName("stages");
        json.WriteRawValue(plan.Spec.ToJson());
        json.WriteEndObject();
    }

    private static void Noise(Utf8JsonWriter json, NoiseSpec noise, GridUnit grid)
    {
        json.WriteStartObject("noise");
        json.WriteString("family", MechanismTable.Word(noise.Kind));
        json.WriteString("parameter", noise.Kind == NoiseKind.DiscreteLaplace ? "scale" : "sigma_squared");
        Integer(json, "numerator", noise.Numerator);
        Integer(json, "denominator", noise.Denominator);
        json.WriteNumber("grid_binary_exponent", grid.BinaryExponent);
        json.WriteNumber("grid_decimal_scale", grid.DecimalScale);
        json.WriteString("sampler", noise.Sampler);
        json.WriteEndObject();
    }

    private static void Integer(Utf8JsonWriter json, string name, BigInteger value) => json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));

    private static void Bound(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } bound)
        {
            json.WriteNumber(name, bound);
        }
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
