using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Jobs.Spark.Driver;

namespace DpSpark.Cli;

/// <summary>The command line as the program of a Spark application (<c>--deploy-mode cluster</c>): Spark starts it where it would start Python, with the program's file before the arguments.</summary>
internal static class DriverProgram
{
    /// <summary>Whether Spark's runner started this process.</summary>
    public static bool IsStartedBySpark(string[] args, CliHost host) =>
        args is [var program, ..] && program.EndsWith(".py", StringComparison.Ordinal) && host.Environment("PYSPARK_GATEWAY_PORT") is { Length: > 0 };

    /// <summary>Starts a Connect server in the driver, runs the rest of the command line against it, and stops Spark again.</summary>
    public static int Run(string[] args, CliHost host)
    {
        SparkDriver driver;
        try
        {
            driver = SparkDriver.Start(host.Environment("PYSPARK_GATEWAY_PORT"), host.Environment("PYSPARK_GATEWAY_SECRET"));
        }
        catch (DpSparkException e)
        {
            return new Reporter(host, isJson: false, null, Verbosity.Normal, color: false).Finish(CommandResult.Fault(e.ExitCode, Faults.Of(e, null)));
        }

        using (driver)
        {
            return CommandLine.Run(args[1..], host with
            {
                Environment = name => name switch { "SPARK_REMOTE" => driver.Remote, "SPARK_CONNECT_AUTHENTICATE_TOKEN" => driver.Token, _ => host.Environment(name) },
                Listen = () => Watched(host.Listen(), driver),
            });
        }
    }

    /// <summary>A driver that goes away ends the run, as a signal does.</summary>
    private static Interruption Watched(Interruption interruption, SparkDriver driver)
    {
        _ = WatchAsync(interruption, driver);
        return interruption;
    }

    private static async Task WatchAsync(Interruption interruption, SparkDriver driver)
    {
        if (await driver.GoneAsync(interruption.Ended).ConfigureAwait(false))
        {
            interruption.Cancel();
        }
    }
}
