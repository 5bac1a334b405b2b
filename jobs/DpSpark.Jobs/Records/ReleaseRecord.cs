using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Records;

/// <summary>Writes <c>_release.json</c>: everything a reader needs to judge a release, and nothing that depends on the data but what was released.</summary>
/// <remarks>
/// The fingerprint of the input, its sizes and its row counts are not in it. Integers that do not fit a double exactly are decimal strings. The same bytes are kept with the
/// ledger entry, so that the record can be written again.
/// </remarks>
internal static class ReleaseRecord
{
    /// <summary>Version of the mechanisms: part of the release key. It rises with every change that makes another release of the same job and input.</summary>
    public const string MechanismVersion = "dpspark-mechanisms-1";

    /// <summary>Most entries of a selection table that a record spells out; longer ones are given by their hash and their parameters.</summary>
    private const int MaxTableEntries = 2000;

    private static readonly JsonWriterOptions s_writer = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The record as UTF-8 JSON.</summary>
    /// <param name="input">What it is made of.</param>
    public static byte[] Write(RecordInput input)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writer))
        {
            json.WriteStartObject();
            json.WriteString("$schema", input.TestMode is null ? "dpspark/release/v1" : "dpspark/test/v1");
            json.WriteString("release_id", input.ReleaseId);
            if (input.TestMode is not null)
            {
                json.WriteString("test_mode", input.TestMode);
                json.WriteString("warning", "This is a test, not a release: it has no privacy guarantee and must not be published.");
            }

            WriteJob(json, input);
            WriteGuarantee(json, input);
            WriteBounding(json, input.Plan.Spec);
            WritePartitions(json, input.Plan);
            PlanJson.WriteBounds(json, input.Plan);
            json.WritePropertyName("mechanisms");
            PlanJson.WriteMechanisms(json, input.Plan);
            WriteDraws(json, input.Plan.Spec);
            WriteOutput(json, input);
            WriteLedger(json, input.Ledger);
            json.WriteNull("signature");
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteJob(Utf8JsonWriter json, RecordInput input)
    {
        json.WriteStartObject("job");
        json.WriteString("name", input.Plan.Request.Name);
        json.WriteString("hash", "sha256:" + input.JobHash);
        if (input.JobFile is not null)
        {
            json.WriteString("file", input.JobFile);
        }

        if (input.RunDate is { } date)
        {
            json.WriteString("run_date", date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }

        json.WriteStartObject("vars");
        foreach (var (name, value) in input.Vars)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();

        json.WriteStartObject("tool");
        json.WriteString("name", "dpspark");
        json.WriteString("version", input.ToolVersion);
        json.WriteString("engine", input.Engine.Name);
        if (input.Engine.Spark is { } spark)
        {
            json.WriteString("spark", spark);
        }

        json.WriteString("mechanisms", MechanismVersion);
        json.WriteEndObject();

        json.WriteStartObject("run");
        json.WriteString("id", input.RunId);
        json.WriteNumber("attempts", input.Attempts);
        json.WriteString("started", Utc(input.Started));
        json.WriteString("finished", Utc(input.Finished));
        json.WriteString("principal", input.Principal);
        json.WriteEndObject();
    }

    private static void WriteGuarantee(Utf8JsonWriter json, RecordInput input)
    {
        var request = input.Plan.Request;
        json.WriteStartObject("guarantee");
        if (input.TestMode is not null)
        {
            json.WriteString("definition", "none (test)");
            json.WriteEndObject();
            return;
        }

        json.WriteString("definition", input.Plan.Definition);
        json.WriteString("computational", "computational DP (keyed generator)");
        json.WriteString("adjacency", input.Plan.Adjacency);
        json.WriteStartObject("privacy_unit");
        if (request.Unit.IdColumns.Count == 0)
        {
            json.WriteBoolean("row", true);
        }
        else
        {
            WriteTexts(json, "id", request.Unit.IdColumns);
            json.WriteString("null_id", request.Unit.NullIdIsOneUnit ? "one_unit" : "drop");
        }

        json.WriteString("level", "dataset");
        json.WriteEndObject();
        if (request.Rho is { } rho)
        {
            json.WriteString("rho", rho.ToString());
        }

        json.WriteString("epsilon", input.Plan.Epsilon.ToString());
        json.WriteString("delta", input.Plan.Delta.ToString());
        json.WriteString("statement", $"delta({input.Plan.Epsilon}) <= {input.Plan.Delta}");
        json.WriteStartObject("accountant");
        json.WriteString("kind", input.Plan.Accountant);
        json.WriteString("version", input.ToolVersion);
        json.WriteString("bound", "pessimistic");
        json.WriteEndObject();
        WriteTexts(json, "unprotected", Unprotected(request));
        WriteTexts(json, "trusted_inputs", []);
        json.WriteBoolean("non_private_parameters", false);
        if (input.SecretCommitment is not null)
        {
            json.WriteString("secret_commitment", "sha256:" + input.SecretCommitment);
        }

        json.WriteEndObject();
    }

    private static IReadOnlyList<string> Unprotected(ReleaseRequest request)
    {
        var result = new List<string>();
        if (request.Keyset is { } keyset)
        {
            result.Add($"keyset: {keyset.Source} (public)");
            result.Add("row count of the keyset");
        }

        if (request.Columns.Any(c => c.Nulls == ValuePolicy.Error || c.NaN == ValuePolicy.Error || c.Infinity == ValuePolicy.Error))
        {
            result.Add("whether a column with an `error` policy held such a value: a run that fails tells");
        }

        return result;
    }

    private static void WriteBounding(Utf8JsonWriter json, StageSpec spec)
    {
        json.WriteStartObject("bounding");
        WriteBound(json, "max_partitions_contributed", spec.MaxPartitionsContributed);
        WriteBound(json, "max_contributions_per_partition", spec.MaxContributionsPerPartition);
        WriteBound(json, "max_contributions", spec.MaxContributions);
        json.WriteString("keep", "random");
        json.WriteBoolean("enforced", true);
        json.WriteEndObject();

        static void WriteBound(Utf8JsonWriter json, string name, int? bound)
        {
            if (bound is { } value)
            {
                json.WriteNumber(name, value);
            }
        }
    }

    private static void WritePartitions(Utf8JsonWriter json, ReleasePlan plan)
    {
        json.WriteStartObject("partitions");
        WriteTexts(json, "by", [.. plan.Spec.PartitionBy.Select(p => p.Name)]);
        if (plan.Request.Keyset is { } keyset)
        {
            json.WriteString("kind", "keyset");
            json.WriteNumber("keys", keyset.Keys.Count);
            json.WriteString("source", keyset.Source);
            if (keyset.HasOther)
            {
                json.WriteBoolean("other", true);
            }

            if (plan.Spec.TopK is { } top)
            {
                json.WriteStartObject("top_k");
                json.WriteNumber("k", top.K);
                json.WriteString("by", plan.Request.TopK!.By);
                json.WriteString("mechanism", top.Mechanism == TopKMechanism.PermuteAndFlip ? "permute_and_flip" : "exponential");
                json.WriteString("numerator", Text(top.Numerator));
                json.WriteString("denominator", Text(top.Denominator));
                json.WriteEndObject();
            }
        }
        else if (plan.Rounds.Count > 0)
        {
            json.WriteString("kind", "partition_selection");
            json.WriteString("strategy", "sips");
            json.WriteStartArray("rounds");
            foreach (var round in plan.Rounds)
            {
                json.WriteStartObject();
                json.WriteNumber("round", round.Selection!.Round);
                WriteSelection(json, round.Selection);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            PlanJson.WriteChances(json, plan);
        }
        else if (plan.Spec.Selection is { } selection)
        {
            json.WriteString("kind", "partition_selection");
            WriteSelection(json, selection);
            PlanJson.WriteChances(json, plan);
        }
        else
        {
            json.WriteString("kind", "whole");
        }

        json.WriteEndObject();
    }

    private static void WriteSelection(Utf8JsonWriter json, SelectionSpec selection)
    {
        json.WriteString("strategy", selection.Strategy switch
        {
            SelectionStrategy.TruncatedGeometric => "truncated_geometric",
            SelectionStrategy.LaplaceThreshold => "laplace_threshold",
            SelectionStrategy.GaussianThreshold => "gaussian_threshold",
            SelectionStrategy.WeightedGaussian => "weighted_gaussian",
            _ => throw new InvalidOperationException("A selection rule has no word."),
        });
        json.WriteNumber("pre_threshold", selection.PreThreshold);
        if (selection.Strategy == SelectionStrategy.TruncatedGeometric)
        {
            var entries = selection.Table.Select(Text).ToArray();
            json.WriteStartObject("table");
            json.WriteString("unit", "2^-128");
            json.WriteNumber("entries", entries.Length);
            json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(string.Join('\n', entries)))));
            if (entries.Length <= MaxTableEntries)
            {
                WriteTexts(json, "values", entries);
            }

            json.WriteEndObject();
            return;
        }

        json.WriteString("threshold", Text(selection.Threshold));
        WriteGrid(json, "grid", selection.NoiseGrid);
        if (selection.Noise is { } noise)
        {
            WriteNoise(json, noise);
        }

        if (selection.SharedOutput is { } shared)
        {
            json.WriteString("shared_with", shared);
        }
    }

    /// <summary>What every draw of noise was made of, in exact integers.</summary>
    private static void WriteDraws(Utf8JsonWriter json, StageSpec spec)
    {
        json.WriteStartArray("draws");
        foreach (var node in spec.Nodes)
        {
            foreach (var draw in node.Draws)
            {
                json.WriteStartObject();
                json.WriteString("node", node.Output);
                json.WriteString("part", draw.Part);
                WriteDraw(json, spec, node, draw);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static void WriteDraw(Utf8JsonWriter json, StageSpec spec, NodeSpec node, DrawSpec draw)
    {
        WriteNoise(json, draw.Noise);
        WriteGrid(json, "grid", draw.Grid);
        json.WriteNumber("shift", draw.Shift);
        if (draw.SharedWith is { } shared)
        {
            json.WriteString("shared_with", shared);
        }

        json.WriteStartArray("terms");
        foreach (var term in draw.Terms)
        {
            json.WriteStartObject();
            json.WriteString("coefficient", Text(term.Coefficient));
            if (term.Accumulator < 0)
            {
                json.WriteString("accumulator", "units");
            }
            else
            {
                var accumulator = spec.Accumulators[term.Accumulator];
                json.WriteString("accumulator", accumulator.Kind switch
                {
                    AccumulatorKind.Count => "count",
                    AccumulatorKind.Sum => "sum",
                    AccumulatorKind.PartitionSum => "partition_sum",
                    AccumulatorKind.Square => "square",
                    AccumulatorKind.Product => "product",
                    AccumulatorKind.Bin => "bin",
                    AccumulatorKind.Coordinate => "coordinate",
                    AccumulatorKind.Weight => "weight",
                    _ => throw new InvalidOperationException("An accumulator has no word."),
                });
                if (accumulator.Column is { } column)
                {
                    json.WriteString("column", column);
                    WriteGrid(json, "unit", accumulator.Grid);
                    json.WriteStartArray("clamp");
                    json.WriteStringValue(accumulator.Lower.ToString(CultureInfo.InvariantCulture));
                    json.WriteStringValue(accumulator.Upper.ToString(CultureInfo.InvariantCulture));
                    json.WriteEndArray();
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (node.Basis is { } basis)
        {
            json.WriteString("form", basis switch
            {
                MomentBasis.Bins2 => "bins_2",
                MomentBasis.Bins3 => "bins_3",
                MomentBasis.Bins4 => "bins_4",
                MomentBasis.Split1 => "split_1",
                MomentBasis.Split2 => "split_2",
                MomentBasis.SplitCross => "split_cross",
                _ => throw new InvalidOperationException("A basis of moments has no word."),
            });
        }
    }

    private static void WriteNoise(Utf8JsonWriter json, NoiseSpec noise)
    {
        json.WriteStartObject("noise");
        json.WriteString("distribution", noise.Kind == NoiseKind.DiscreteLaplace ? "discrete_laplace" : "discrete_gaussian");
        json.WriteString("parameter", noise.Kind == NoiseKind.DiscreteLaplace ? "scale" : "variance");
        json.WriteString("numerator", Text(noise.Numerator));
        json.WriteString("denominator", Text(noise.Denominator));
        json.WriteString("sampler", noise.Sampler);
        json.WriteEndObject();
    }

    private static void WriteGrid(Utf8JsonWriter json, string name, GridUnit grid)
    {
        json.WriteStartObject(name);
        json.WriteNumber("binary_exponent", grid.BinaryExponent);
        json.WriteNumber("decimal_scale", grid.DecimalScale);
        json.WriteEndObject();
    }

    private static void WriteOutput(Utf8JsonWriter json, RecordInput input)
    {
        json.WriteStartArray("inputs");
        json.WriteStartObject();
        json.WriteString("format", input.Source.Format);
        WriteTexts(json, "paths", input.Source.Paths);
        json.WriteEndObject();
        json.WriteEndArray();

        json.WriteStartObject("output");
        json.WriteString("uri", input.OutputUri);
        json.WriteString("format", input.OutputFormat);
        json.WriteNumber("rows", input.Rows);
        json.WriteString("sha256", input.OutputSha256);
        json.WriteStartArray("columns");
        var keys = input.Plan.Spec.PartitionBy.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var field in input.Columns.Fields)
        {
            json.WriteStartObject();
            json.WriteString("name", field.Name);
            json.WriteString("type", Sources.PhysicalTypes.Describe(field.Type));
            if (keys.Contains(field.Name))
            {
                json.WriteBoolean("key", true);
            }
            else if (input.ConfidenceLevel is { } level && input.Plan.Spec.Nodes.Any(n => n.Output == field.Name))
            {
                json.WriteString("ci", level.ToString());
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteTexts(json, "post_processing", [.. input.Plan.Spec.NonNegative ? (string[])["non_negative"] : [], .. input.Quality is { } quality ? (string[])[$"quality: low when {quality.LowWhen}"] : []]);
    }

    private static void WriteLedger(Utf8JsonWriter json, RecordLedger? ledger)
    {
        if (ledger is not null)
        {
            json.WriteStartObject("ledger");
            json.WriteString("dataset", ledger.Dataset);
            json.WriteNumber("entry", ledger.Entry);
            json.WriteString("previous_hash", ledger.PreviousHash);
            json.WriteString("hash", ledger.Hash);
            json.WriteEndObject();
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static string Text(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
