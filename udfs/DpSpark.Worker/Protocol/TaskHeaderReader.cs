using System.Buffers.Binary;
using System.Globalization;

namespace DpSpark.Worker.Protocol;

/// <summary>Reads the header of the next task and finds out on the way which Spark wrote it.</summary>
internal static class TaskHeaderReader
{
    private const int MapInArrow = 207;
    private const int MaxFrame = WireReader.MaxCommand + (2 * WireReader.MaxText);

    /// <summary>Reads a header.</summary>
    /// <returns>Null when the peer closed, or asks to close.</returns>
    public static TaskHeader? Read(WireReader reader)
    {
        if (!reader.TryReadInt32(out var first) || first == -1)
        {
            return null;
        }

        if (first >= 0)
        {
            return ReadUnframed(reader);
        }

        if (first != Marker.Header)
        {
            throw WireFaults.Unsupported(string.Create(CultureInfo.InvariantCulture, $"its first message is {first}"));
        }

        var length = reader.ReadInt32("the length of the header");
        if (length is < 0 or > MaxFrame)
        {
            throw WireFaults.Malformed("the length of the header");
        }

        var frame = new WireReader(new MemoryStream(reader.ReadExact(length, "the header")), isFrame: true, bufferBytes: 4096);
        if (frame.ReadInt32("the partition index") < 0)
        {
            return null;
        }

        frame.SkipText("the version of the client");
        if (!LooksLikeJson(frame))
        {
            throw WireFaults.Unsupported("a framed header without a task context in JSON");
        }

        return ReadRest(frame, WireVersion.V43, TaskContext.ReadJson(frame));
    }

    private static TaskHeader ReadUnframed(WireReader reader)
    {
        reader.SkipText("the version of the client");
        if (LooksLikeJson(reader))
        {
            return ReadRest(reader, WireVersion.V42, TaskContext.ReadJson(reader));
        }

        if (reader.ReadBool("the barrier mark"))
        {
            throw WireFaults.Unsupported("a barrier task of Spark 4.1 or older");
        }

        // 4.1 has the number of cpus here, at least 1; older ones the upper half of the task's number, which is 0.
        var hasNoPort = BinaryPrimitives.ReadInt32BigEndian(reader.Peek(24, "the task context")[20..]) != 0;
        return ReadRest(reader, hasNoPort ? WireVersion.V41 : WireVersion.V40, TaskContext.ReadBinary(reader, withPort: !hasNoPort));
    }

    private static bool LooksLikeJson(WireReader reader)
    {
        var next = reader.Peek(5, "the task context");
        return BinaryPrimitives.ReadInt32BigEndian(next) >= 2 && next[4] == (byte)'{';
    }

    private static TaskHeader ReadRest(WireReader reader, WireVersion wire, int attempt)
    {
        var files = reader.ReadText("the files directory");
        for (var i = reader.ReadCount("the number of Python files"); i > 0; i--)
        {
            reader.SkipText("the Python files");
        }

        SkipBroadcasts(reader, wire);
        var type = reader.ReadInt32("the type of the function");
        if (type != MapInArrow)
        {
            throw WireFaults.EvalType(type);
        }

        SkipConfig(reader, "the runner's settings");
        if (wire >= WireVersion.V42)
        {
            SkipConfig(reader, "the function's settings");
        }

        return new TaskHeader { Wire = wire, Attempt = attempt, FilesDirectory = files, Command = ReadFunction(reader, wire) };
    }

    private static void SkipBroadcasts(WireReader reader, WireVersion wire)
    {
        var encrypted = reader.ReadBool("the mark of the decryption server");
        var count = reader.ReadCount("the number of broadcasts");
        if (encrypted && count > 0)
        {
            _ = reader.ReadInt32("the port of the decryption server");
            reader.SkipText("the secret of the decryption server");
        }

        for (var i = 0; i < count; i++)
        {
            if (reader.ReadInt64("the number of a broadcast") >= 0 && !encrypted)
            {
                reader.SkipText("the file of a broadcast");
            }
        }
    }

    private static void SkipConfig(WireReader reader, string field)
    {
        for (var i = reader.ReadCount(field); i > 0; i--)
        {
            reader.SkipText(field);
            reader.SkipText(field);
        }
    }

    private static byte[] ReadFunction(WireReader reader, WireVersion wire)
    {
        var hasResultId = wire >= WireVersion.V42;
        if (!hasResultId)
        {
            if (BinaryPrimitives.ReadInt32BigEndian(reader.Peek(4, "the number of functions")) is >= 1 and <= 65_535)
            {
                throw WireFaults.Unsupported(wire == WireVersion.V40 ? "Spark 3.5" : "a mixture of Spark 4.1 and an older one");
            }

            hasResultId = reader.ReadBool("the mark of the profiler");
            if (hasResultId)
            {
                reader.SkipText("the profiler");
            }
        }

        RequireOne(reader, "the number of functions");
        for (var i = reader.ReadCount("the number of arguments"); i > 0; i--)
        {
            _ = reader.ReadInt32("an argument");
            if (wire >= WireVersion.V42 && reader.ReadBool("the mark of a named argument"))
            {
                reader.SkipText("the name of an argument");
            }
        }

        RequireOne(reader, "the number of chained functions");
        var command = reader.ReadBytes("the function", WireReader.MaxCommand);
        if (hasResultId)
        {
            _ = reader.ReadInt64("the number of the result");
        }

        return command;
    }

    private static void RequireOne(WireReader reader, string field)
    {
        if (reader.ReadInt32(field) != 1)
        {
            throw WireFaults.Malformed(field);
        }
    }
}
