using System.Numerics;
using System.Text;
using System.Text.Json;
using DpSpark.Core.Keys;
using DpSpark.Core.Noise;

namespace DpSpark.Vectors.Dp;

/// <summary>Streams, replayed samplers, ranks and encodings.</summary>
internal static class RandomnessOperations
{
    internal static void Register(OperationTable operations)
    {
        operations.Add("randomness/stream", Stream);
        operations.Add("randomness/uniform_below", input => Replay(input, 12, words => CksSampler.Below(words, input.Big("n"))));
        operations.Add("randomness/bernoulli_exp", input => Replay(
            input, 40, words => CksSampler.BernoulliExp(words, input.Big("num"), input.Big("den")) ? BigInteger.One : BigInteger.Zero));
        operations.Add("randomness/discrete_laplace", input => Replay(
            input, 24, words => CksSampler.DiscreteLaplace(words, input.Big("scale_num"), input.Big("scale_den"))));
        operations.Add("randomness/discrete_gaussian", input => Replay(
            input, 24, words => CksSampler.DiscreteGaussian(words, input.Big("sigma2_num"), input.Big("sigma2_den"))));
        operations.Add("randomness/siphash24", SipHash);
        operations.Add("randomness/key_tuple", KeyTuple);
        operations.Add("randomness/metric_bytes", input => Inputs.Fields(("bytes_hex", Hex(input.Has("index")
            ? MetricBytes.Of(input.Text("name"), input.Text("part"), (ulong)input.Big("index"))
            : MetricBytes.Of(input.Text("name"), input.Text("part"))))));
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static Dictionary<string, object?> Stream(JsonElement input)
    {
        using var keys = new StreamKeys(input.Hex("secret_hex"), input.Hex("release_hex"), input.Hex("metric_hex"));
        byte[] key = new byte[KeyedStream.KeyBytes];
        keys.Derive(input.Hex("partition_hex"), key);
        var stream = new KeyedStream();
        keys.Open(input.Hex("partition_hex"), stream);
        ulong[] words = [.. Enumerable.Range(0, 8).Select(_ => stream.NextWord())];
        return Inputs.Fields(
            ("key_hex", Hex(key)),
            ("first_64_bytes_hex", Hex(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()))),
            ("first_u64", words.Take(3)));
    }

    private static Dictionary<string, object?> Replay(JsonElement input, int count, Func<KeyedStream, BigInteger> draw)
    {
        var stream = new KeyedStream(input.Hex("key_hex"));
        int draws = input.OptionalWhole("count") ?? input.OptionalWhole("samples") ?? count;
        BigInteger[] samples = [.. Enumerable.Range(0, draws).Select(_ => draw(stream))];
        return Inputs.Fields(("samples", samples), ("words_consumed", stream.WordsConsumed));
    }

    private static Dictionary<string, object?> SipHash(JsonElement input)
    {
        var state = new SipHash24(input.Hex("key_hex"));
        state.Append(input.Hex("message_hex"));
        return Inputs.Fields(("hash", state.Finish()));
    }

    private static Dictionary<string, object?> KeyTuple(JsonElement input)
    {
        var writer = new KeyWriter();
        foreach (JsonElement element in input.GetProperty("elements").EnumerateArray())
        {
            switch (element.Text("type"))
            {
                case "null":
                    writer.WriteNull();
                    break;
                case "bool":
                    writer.WriteBool(element.GetProperty("value").GetBoolean());
                    break;
                case "int" or "int64" or "long":
                    writer.WriteInt64((long)element.Big("value"));
                    break;
                case "uint64" or "uint":
                    writer.WriteUInt64((ulong)element.Big("value"));
                    break;
                case "double" or "float":
                    writer.WriteDouble(element.Number("value"));
                    break;
                case "string":
                    writer.WriteString(Encoding.UTF8.GetBytes(element.Text("value")));
                    break;
                case "binary":
                    writer.WriteBinary(element.Hex("value"));
                    break;
                case "date":
                    writer.WriteDate(element.Whole("value"));
                    break;
                case "timestamp":
                    writer.WriteTimestamp((long)element.Big("value"));
                    break;
                case "decimal":
                    writer.WriteDecimal(element.GetProperty("value").Big("unscaled"), element.GetProperty("value").Whole("scale"));
                    break;
                default:
                    throw new UnsupportedCaseException("element type " + element.Text("type"));
            }
        }

        return Inputs.Fields(("bytes_hex", Hex(writer.Written)));
    }
}
