using System.Globalization;
using DpSpark.Core;

namespace DpSpark.Worker.Protocol;

/// <summary>What is wrong with a conversation, in words for whoever runs the job.</summary>
internal static class WireFaults
{
    private const string Supported = "Supported are Spark 4.0, 4.1, 4.2 and 4.3.";

    /// <summary>The peer is a Spark, or a part of it, that this worker does not speak with.</summary>
    public static DpSparkException Unsupported(string found) => new("DPS6401", ExitCodes.Environment,
        "The worker was started by a Spark that it does not know: " + found + ".", Supported, ["Run the job on a supported Spark, or use a newer DpSpark."]);

    /// <summary>The task header makes no sense.</summary>
    public static DpSparkException Malformed(string field) => new("DPS6402", ExitCodes.Environment,
        "The task header cannot be read: it failed at " + field + ".", Supported, ["Check that Spark is a released version of these; otherwise please report this."]);

    /// <summary>Spark wants another kind of function.</summary>
    public static DpSparkException EvalType(int type) => new("DPS6403", ExitCodes.Environment,
        string.Create(CultureInfo.InvariantCulture, $"Spark asked for a function of type {type}; this worker runs type 207 (mapInArrow) only."),
        "Another program may use this worker as its Python.", ["Unset spark.sql.execution.pyspark.python and PYSPARK_PYTHON where Python functions are meant to run."]);
}
