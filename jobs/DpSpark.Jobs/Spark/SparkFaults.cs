using System.Text.Json;
using System.Text.RegularExpressions;
using DpSpark.Connect;
using DpSpark.Core;

namespace DpSpark.Jobs.Spark;

/// <summary>Turns what Spark says into faults that a person can act on. Spark's own texts may quote rows, so none of them is passed on: only codes, and what our own worker wrote.</summary>
internal static partial class SparkFaults
{
    private const string Mark = "dp-error: ";

    public static DpSparkException Of(SparkConnectException e) => e.Fault switch
    {
        ConnectFault.Unavailable or ConnectFault.DeadlineExceeded => new("DPS6001", ExitCodes.Environment, e.Message,
            "Nothing listens there, the network is down, or the server has gone.",
            ["check host and port of --remote or SPARK_REMOTE, and that the server runs", "start one for this job with ./spark-submit.sh", "run again: a reservation that was made continues, with the same noise"], e),
        ConnectFault.Unauthenticated => new("DPS6003", ExitCodes.Environment, e.Message, null,
            ["give the token in the connection string, sc://host:port/;token=…, or in SPARK_CONNECT_AUTHENTICATE_TOKEN", "add use_ssl=true where a proxy with TLS stands before the server"], e),
        ConnectFault.SessionLost or ConnectFault.Cancelled => new("DPS6005", ExitCodes.FailedSafe, e.Message,
            "Somebody interrupted the operation, or the server was started anew.", ["run again: the same reservation continues, with the same noise"], e),
        ConnectFault.Protocol => new("DPS6008", ExitCodes.Environment, e.Message, null, ["check that --remote names a Spark Connect server, and that no proxy changes what it sends"], e),
        _ => Rejected(e),
    };

    /// <summary>The text that, raised inside Spark, comes back here as this fault.</summary>
    public static string Raise(string code, int exitCode, string message, string why, string fix)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("code", code);
            json.WriteNumber("exit_code", exitCode);
            json.WriteString("message", message);
            json.WriteString("why", why);
            json.WriteStartArray("fixes");
            json.WriteStringValue(fix);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return $"{code}: {message}\n{Mark}{System.Text.Encoding.UTF8.GetString(bytes.ToArray())}";
    }

    private static DpSparkException Rejected(SparkConnectException e)
    {
        foreach (var text in e.MessageParameters.Values.Prepend(e.ServerMessage))
        {
            if (OurOwn(text, e) is { } own)
            {
                return own;
            }
        }

        if (e.ServerMessage.Contains("Cannot run program", StringComparison.Ordinal) || e.ServerMessage.Contains("Python daemon failed", StringComparison.Ordinal)
            || e.ServerMessage.Contains("Bad data in", StringComparison.Ordinal) || e.ServerMessage.Contains("while reading the port number", StringComparison.Ordinal))
        {
            return new("DPS6004", ExitCodes.Environment, "the Spark server cannot start the DpSpark worker on its executors.", "The worker is not there, or cannot be executed there.",
                ["leave --worker and DPSPARK_WORKER away, so that the worker is sent with the session", "check that the executors run Linux on the worker's kind of processor", "see docs/spark.md"], e);
        }

        if (e.ServerMessage.Contains("exited unexpectedly", StringComparison.Ordinal))
        {
            return new("DPS6409", ExitCodes.FailedSafe, "the DpSpark worker was ended from outside on an executor, as often as Spark tries.", "Executors kill what needs more memory than they were given.",
                ["give executors more memory overhead (spark.executor.memoryOverhead), or raise spark.sql.shuffle.partitions with --conf", "run again: the same reservation continues, with the same noise"], e);
        }

        if (e.ErrorClass is "PATH_NOT_FOUND" or "FAILED_READ_FILE.FILE_NOT_EXIST" or "TABLE_OR_VIEW_NOT_FOUND")
        {
            return new("DPS6009", ExitCodes.Environment, $"Spark does not find the source: {e.ErrorClass}.", "Paths are made absolute here and must mean the same on every machine of the cluster.",
                ["put the files where every executor sees them under the same path", "check the name of the table"], e);
        }

        if (e.ErrorClass is { } name && (name.StartsWith("PARSE_", StringComparison.Ordinal) || name.StartsWith("UNRESOLVED_", StringComparison.Ordinal) || name.Contains("TIME_TRAVEL", StringComparison.Ordinal)))
        {
            return new("DPS6023", ExitCodes.Usage, $"Spark cannot read the source as it is written: {name}.", "The query or the table's name is not what Spark's SQL takes, or the table has no snapshots.",
                ["try the query in Spark's own SQL", "name the table without @"], e);
        }

        return new("DPS6002", ExitCodes.FailedSafe, e.Message, "What Spark wrote about it may quote rows, so it is not shown here; the server's log has it, under the operation's id.",
            ["check the source, its columns and the settings given with --conf", "run again: a reservation that was made continues, with the same noise"], e);
    }

    private static DpSparkException? OurOwn(string text, Exception cause)
    {
        var at = text.IndexOf(Mark, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text[(at + Mark.Length)..]));
            using var json = JsonDocument.ParseValue(ref reader);
            var root = json.RootElement;
            var code = root.GetProperty("code").GetString() ?? "";
            var fixes = root.TryGetProperty("fixes", out var list) ? list.EnumerateArray().Select(f => f.GetString() ?? "").ToArray() : [];
            return Code().IsMatch(code)
                ? new DpSparkException(code, root.GetProperty("exit_code").GetInt32(), root.GetProperty("message").GetString() ?? "", root.TryGetProperty("why", out var why) ? why.GetString() : null, fixes, cause)
                : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    [GeneratedRegex("^DPS[0-9]{4}$")]
    private static partial Regex Code();
}
