using System.Text.Json;

namespace DpSpark.Worker.Protocol;

/// <summary>Reads over the context of a task. Of all it says, only the retry number is kept; the rest holds parts of the client's request and secrets.</summary>
internal static class TaskContext
{
    /// <summary>The context in JSON (Spark 4.2 and later).</summary>
    /// <returns>The retry number.</returns>
    public static int ReadJson(WireReader reader)
    {
        var json = reader.ReadBytes("the task context", WireReader.MaxText);
        try
        {
            var parser = new Utf8JsonReader(json);
            var attempt = 0;
            parser.Read();
            while (parser.Read() && parser.TokenType == JsonTokenType.PropertyName)
            {
                var isAttempt = parser.ValueTextEquals("attemptNumber"u8);
                parser.Read();
                if (isAttempt && !parser.TryGetInt32(out attempt))
                {
                    throw WireFaults.Malformed("the task context");
                }

                parser.Skip();
            }

            return attempt;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw WireFaults.Malformed("the task context");
        }
    }

    /// <summary>The binary context after its barrier mark (Spark 4.0 and 4.1).</summary>
    /// <param name="reader">Behind the mark.</param>
    /// <param name="withPort">Whether a port and a secret come first (4.0).</param>
    /// <returns>The retry number.</returns>
    public static int ReadBinary(WireReader reader, bool withPort)
    {
        if (withPort)
        {
            _ = reader.ReadInt32("the task's port");
            reader.SkipText("the task's secret");
        }

        _ = reader.ReadInt32("the stage");
        _ = reader.ReadInt32("the partition");
        var attempt = reader.ReadInt32("the attempt");
        _ = reader.ReadInt64("the task");
        _ = reader.ReadInt32("the number of cpus");
        for (var i = reader.ReadCount("the number of resources"); i > 0; i--)
        {
            reader.SkipText("a resource");
            reader.SkipText("a resource");
            for (var k = reader.ReadCount("the addresses of a resource"); k > 0; k--)
            {
                reader.SkipText("the addresses of a resource");
            }
        }

        for (var i = reader.ReadCount("the number of properties"); i > 0; i--)
        {
            reader.SkipText("a property");
            reader.SkipText("a property");
        }

        return attempt;
    }
}
