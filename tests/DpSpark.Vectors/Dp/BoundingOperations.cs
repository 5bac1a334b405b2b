using System.Text.Json;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Vectors.Dp;

/// <summary>Contribution bounding and stability.</summary>
internal static class BoundingOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("bounding/keyed_bottom_k", KeyedBottomK);
        operations.Add("bounding/drop_rules", DropRules);
        operations.Add("sensitivity/stability_public_join", input => Out(Stability.PublicJoin(input.Whole("multiplicity"), input.Whole("d_in"))));
        operations.Add("sensitivity/stability_flat_map", input => Out(Stability.FlatMap(input.Whole("max_rows"), input.Whole("d_in"))));
        operations.Add("sensitivity/stability_union", input => Out(Stability.Union(input.Whole("d_left"), input.Whole("d_right"))));
        operations.Add("sensitivity/stability_truncate_rows_per_user", input => Out(Stability.TruncatePerUnit(input.Whole("tau"), input.Whole("d_in_users"))));
        operations.Add("sensitivity/stability_private_join", input => Out(Stability.PrivateJoin(Side(input, "left"), Side(input, "right"))));
    }

    private static Dictionary<string, object?> Out(long distance) => Inputs.Fields(("d_out", distance));

    private static JoinSide Side(JsonElement input, string side) => new(
        input.Whole("tau_" + side),
        input.Text("rule_" + side) switch { "drop" => true, "keep" => false, var rule => throw new UnsupportedCaseException("join rule " + rule) },
        input.Whole("d_" + side));

    private static Dictionary<string, object?> KeyedBottomK(JsonElement input)
    {
        BoundKey key = BoundKey.Derive(input.Hex("secret_hex"), input.Hex("release_hex"));
        IReadOnlyList<KeptRow<JsonElement>> kept = BottomKReference.Bound(
            Rows(input), key, input.OptionalWhole("l1"), input.OptionalWhole("linf"), input.OptionalWhole("l0"));
        return Inputs.Fields(
            ("bound_key_hex", Convert.ToHexStringLower(key.ToBytes())),
            ("kept", kept.Select(k => (IEnumerable<object?>)[.. Show(k), k.Occurrence])));
    }

    private static Dictionary<string, object?> DropRules(JsonElement input) => Inputs.Fields(
        ("drop_users_over_bound", BottomKReference.DropUnitsOverBound(Rows(input), input.Whole("max_rows_per_user")).Select(Show)),
        ("drop_non_unique_on_partition", BottomKReference.DropNonUnique(Rows(input)).Select(Show)));

    private static IEnumerable<ReferenceRow<JsonElement>> Rows(JsonElement input) => input.GetProperty("rows").EnumerateArray().Select(row =>
        new ReferenceRow<JsonElement>(Inputs.Utf8(row[0]), Inputs.Utf8(row[1]), BigEndian((long)Inputs.ToBig(row[2])), row));

    private static object?[] Show(KeptRow<JsonElement> kept)
    {
        JsonElement row = kept.Row.Payload;
        return [row[0].GetString(), row[1].GetString(), (long)Inputs.ToBig(row[2])];
    }

    /// <summary>The record bytes of these vectors: the value as 8 bytes big-endian, which is the payload of the canonical element.</summary>
    private static byte[] BigEndian(long value)
    {
        byte[] element = new byte[CanonicalKey.EightByteElement];
        CanonicalKey.WriteInt64(value, element);
        return element[^8..];
    }
}
