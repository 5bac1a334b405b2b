using System.Text;
using System.Text.Json;
using DpSpark.Arrow;
using DpSpark.Core;

namespace DpSpark.Worker.Protocol;

/// <summary>The text of an error as it travels through Spark to the client: a line for people, then a line <c>dp-error: {json}</c> for our client. It ends in logs and event files.</summary>
internal static class ErrorText
{
    /// <summary>What may be said about an exception. Texts of exceptions that are not ours may hold data, so only their type is named.</summary>
    public static DpSparkException Publishable(Exception e) => e switch
    {
        DpSparkException own => own,
        ArrowUnsupportedException arrow => new DpSparkException("DPS6405", ExitCodes.Environment, "Spark sent columns that cannot be read: " + arrow.Message, null,
            ["Leave spark.sql.execution.arrow.compression.codec at none, and cast columns of unusual types."]),
        ArrowFormatException arrow => new DpSparkException("DPS6402", ExitCodes.Environment, "Spark's rows cannot be read: " + arrow.Message, null, ["Please report this."]),
        IOException or UnauthorizedAccessException => new DpSparkException("DPS6406", ExitCodes.FailedSafe, "Writing or reading a temporary file failed on an executor.", null,
            ["Check the disks of spark.local.dir, then run again: the same reservation continues."]),
        OutOfMemoryException => new DpSparkException("DPS6408", ExitCodes.FailedSafe, "The worker ran out of memory on an executor.", null,
            ["Give executors more memory overhead (spark.executor.memoryOverhead), or use more shuffle partitions."]),
        _ => new DpSparkException("DPS9101", ExitCodes.Bug, "The worker failed with " + e.GetType().Name + InOf(e) + ".", "This is a defect in DpSpark.", ["Please report it."]),
    };

    /// <summary>The text.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="messageOnly">Whether the second line is left out.</param>
    public static string Of(DpSparkException fault, bool messageOnly)
    {
        var line = new StringBuilder(fault.Code).Append(": ").Append(fault.Message);
        if (fault.Why is { } why)
        {
            line.Append(' ').Append(why);
        }

        foreach (var fix in fault.Fixes)
        {
            line.Append(' ').Append(fix);
        }

        return messageOnly ? line.ToString() : line.Append("\ndp-error: ").Append(Json(fault)).ToString();
    }

    /// <summary>The method that failed, which says nothing about data.</summary>
    private static string InOf(Exception e)
    {
        var trace = (e.StackTrace ?? "").AsSpan().TrimStart();
        var end = trace.IndexOf('(');
        return end < 0 ? "" : string.Concat(" ", trace[..end]);
    }

    private static string Json(DpSparkException fault)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("code", fault.Code);
            writer.WriteNumber("exit_code", fault.ExitCode);
            writer.WriteString("message", fault.Message);
            writer.WriteString("why", fault.Why);
            writer.WriteStartArray("fixes");
            foreach (var fix in fault.Fixes)
            {
                writer.WriteStringValue(fix);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
