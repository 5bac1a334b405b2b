using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using DpSpark.Arrow;

namespace DpSpark.Vectors.Formats;

/// <summary>Values of arrays in the form of JSON that the indexes use.</summary>
public static class ArrowJson
{
    /// <summary>One value.</summary>
    /// <param name="array">The array.</param>
    /// <param name="row">0 to its length - 1.</param>
    /// <returns>Null for a null.</returns>
    public static JsonNode? Value(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return null;
        }

        if (array.Dictionary is { } dictionary)
        {
            return Value(dictionary, array.IndexAt(row));
        }

        var type = array.Type;
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return array.BoolAt(row);
            case TypeKind.Int or TypeKind.Date or TypeKind.Time or TypeKind.Timestamp or TypeKind.Duration:
                var stored = ColumnDigest.StoredInteger(array, row);
                return type.FixedWidth < 8 ? stored
                    : type.Kind == TypeKind.Int && !type.IsSigned ? ((ulong)stored).ToString(CultureInfo.InvariantCulture)
                    : stored.ToString(CultureInfo.InvariantCulture);
            case TypeKind.FloatingPoint:
                var bits = array.Values.Span.Slice(row * type.FixedWidth, type.FixedWidth).ToArray();
                Array.Reverse(bits);
                return Convert.ToHexStringLower(bits);
            case TypeKind.Decimal:
                return new BigInteger(array.Values.Span.Slice(row * type.FixedWidth, type.FixedWidth)).ToString(CultureInfo.InvariantCulture);
            case TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View:
                return Encoding.UTF8.GetString(array.BytesAt(row));
            case TypeKind.Struct:
                return new JsonArray([.. array.Children.Select(c => Value(c, row))]);
            case TypeKind.List or TypeKind.LargeList or TypeKind.FixedSizeList or TypeKind.Map:
                var (start, count) = array.ItemsAt(row);
                return new JsonArray([.. Enumerable.Range(start, count).Select(i => Value(array.Children[0], i))]);
            default:
                return Convert.ToHexStringLower(array.BytesAt(row));
        }
    }
}
