using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DpSpark.Core.Stages;

/// <summary>The serialised form of a <see cref="StageSpec"/>: members in declaration order, exact integers as decimal strings, enumerations by name, no blanks.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(BigIntegerJsonConverter)])]
[JsonSerializable(typeof(StageSpec))]
internal sealed partial class StageSpecJson : JsonSerializerContext;

/// <summary>Exact integers as decimal strings: a JSON number would be read as a double elsewhere.</summary>
internal sealed class BigIntegerJsonConverter : JsonConverter<BigInteger>
{
    /// <summary>Longest text that is read; the widest integer of a plan has some hundred digits.</summary>
    private const int MaxDigits = 4096;

    public override BigInteger Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
        && reader.GetString() is { Length: <= MaxDigits } text
        && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new JsonException("An exact integer is not a decimal string.");

    public override void Write(Utf8JsonWriter writer, BigInteger value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
