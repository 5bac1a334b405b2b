using System.Buffers.Binary;
using System.Text;
using DpSpark.Testing;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>A Spark that does not keep to what was agreed, and what a worker must not do about it.</summary>
internal static class HostilePeer
{
    /// <summary>Bytes of the handshake over TCP: the secret with its length.</summary>
    private const int Handshake = 72;

    /// <summary>A table of the widest noise that a plan tabulates takes this much to compute, and a fortieth of it to keep.</summary>
    private const int MostForOtherNoise = 256 << 20;

    /// <summary>Changes a conversation, mostly behind the handshake: a changed secret ends it at once.</summary>
    public static byte[] Change(byte[] bytes, Random random) => Mutations.Of(bytes, random, random.Next(20) == 0 ? 0 : Math.Min(Handshake, bytes.Length - 1));

    /// <summary>Has a worker answer: with little memory and few bytes, without a defect, and without a word of what is private.</summary>
    /// <param name="number">Which conversation this is.</param>
    /// <param name="recording">What its environment is that of.</param>
    /// <param name="input">All that the peer sends.</param>
    /// <param name="host">The worker's functions.</param>
    /// <param name="secrets">What no error may hold.</param>
    /// <param name="isNonsense">Whether the peer's description of the step may be one that no planner writes: then a defect may be reported, and nothing worse.</param>
    /// <returns>The code of the error that it ended with; empty for none.</returns>
    public static string Converse(int number, Recording recording, byte[] input, IUdfHost host, IReadOnlyList<string>? secrets = null, bool isNonsense = false)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        var conversation = Conversation.Replay(recording, input, host, number);

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var name = $"{number} ({recording.Version} {recording.Name})";
        Assert.True(allocated < (isNonsense ? MostForOtherNoise : 64 << 20), $"conversation {name} allocated {allocated} bytes");
        Assert.True(conversation.Written.Length < 1 << 20, $"conversation {name} wrote {conversation.Written.Length} bytes");
        var error = ErrorsOf(conversation).FirstOrDefault("");
        Assert.False(!isNonsense && error.StartsWith("DPS9", StringComparison.Ordinal), $"conversation {name}: {error}");
        foreach (var secret in (string[])[.. secrets ?? [], .. recording.Secret is { } own ? [own] : Array.Empty<string>()])
        {
            Assert.False(error.Contains(secret, StringComparison.OrdinalIgnoreCase), $"conversation {name} tells {secret}: {error}");
        }

        return error.Length == 0 ? "" : error[..7];
    }

    /// <summary>The error text at the end of what the worker wrote, if there is one.</summary>
    public static string[] ErrorsOf(Conversation conversation)
    {
        var written = conversation.Written.AsSpan();
        for (var at = written.LastIndexOf("DPS"u8); at >= 8; at = written[..at].LastIndexOf("DPS"u8))
        {
            if (BinaryPrimitives.ReadInt32BigEndian(written[(at - 8)..]) == Marker.Exception)
            {
                return [Encoding.UTF8.GetString(written[at..])];
            }
        }

        return [];
    }
}
