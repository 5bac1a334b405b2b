using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using DpSpark.Core.Parameters;

namespace DpSpark.Vectors.Dp;

/// <summary>Reads fields of a case: numbers, big numbers as text, bytes as hex.</summary>
internal static class Inputs
{
    internal static double Number(this JsonElement input, string name) => ToNumber(input.GetProperty(name));

    internal static double ToNumber(JsonElement element) =>
        ParseNumber(element.ValueKind == JsonValueKind.String ? element.GetString() ?? "" : element.GetRawText());

    internal static double ParseNumber(string text) => text switch
    {
        "Infinity" or "inf" => double.PositiveInfinity,
        "-Infinity" or "-inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    internal static double[] Numbers(this JsonElement input, string name) => [.. input.GetProperty(name).EnumerateArray().Select(ToNumber)];

    internal static int Whole(this JsonElement input, string name) => (int)input.Big(name);

    internal static int? OptionalWhole(this JsonElement input, string name) => input.Has(name) ? input.Whole(name) : null;

    internal static double? OptionalNumber(this JsonElement input, string name) => input.Has(name) ? input.Number(name) : null;

    internal static bool Has(this JsonElement input, string name) =>
        input.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    internal static BigInteger Big(this JsonElement input, string name) => ToBig(input.GetProperty(name));

    internal static BigInteger ToBig(JsonElement element)
    {
        string text = element.ValueKind == JsonValueKind.String ? element.GetString() ?? "" : element.GetRawText();
        return BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger value)
            ? value
            : new BigInteger(ParseNumber(text));
    }

    internal static (BigInteger Numerator, BigInteger Denominator) Rational(this JsonElement input, string name)
    {
        JsonElement element = input.GetProperty(name);
        return ExactDecimal.Parse(element.ValueKind == JsonValueKind.String ? element.GetString() ?? "" : element.GetRawText()).ToRational();
    }

    internal static string Text(this JsonElement input, string name) => input.GetProperty(name).GetString() ?? "";

    internal static byte[] Hex(this JsonElement input, string name) => Convert.FromHexString(input.Text(name));

    internal static byte[] Utf8(JsonElement element) => Encoding.UTF8.GetBytes(element.GetString() ?? "");

    internal static Dictionary<string, object?> Fields(params (string Name, object? Value)[] fields) =>
        fields.ToDictionary(f => f.Name, f => f.Value);
}
