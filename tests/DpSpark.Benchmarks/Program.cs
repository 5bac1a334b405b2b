using System.Globalization;
using DpSpark.Benchmarks;

// Workloads for whole-process measurements; docs/benchmarks.md says how they are used.
if (args is ["w1", var rows, var path] && long.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
{
    W1.Write(count, path);
    return 0;
}

if (args is ["spark", var file, var remote, var runs, .. var rest] && int.TryParse(runs, NumberStyles.None, CultureInfo.InvariantCulture, out var repeat) && repeat > 0)
{
    int? server = null;
    foreach (var option in rest)
    {
        server = int.TryParse(option, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : server;
    }

    Spark.Compare(file, remote, repeat, rest.Contains("--parts") ? Peers.Parts : rest.Contains("--plain-only") ? Peers.Plain : rest.Contains("--alone") ? Peers.None : Peers.Both, server);
    return 0;
}

if (args is ["calibrate"])
{
    Calibration.Run(Console.Out);
    return 0;
}

if (args is ["accuracy", var manifest, .. var options])
{
    var vars = options.Where(o => o.Contains('=')).Select(o => o.Split('=', 2)).ToDictionary(o => o[0], o => o[1]);
    var releases = options.FirstOrDefault(o => !o.Contains('='));
    return DpSpark.Benchmarks.Accuracy.AccuracyRun.Run(manifest, vars, releases is null ? 200 : int.Parse(releases, CultureInfo.InvariantCulture), Console.Out) ? 0 : 1;
}

Console.Error.WriteLine("""
    usage: w1 ROWS FILE.parquet
             writes workload W1
           spark FILE.parquet sc://HOST:PORT RUNS [PID] [--alone | --plain-only | --parts]
             releases it on Spark, alternating with the same in Spark SQL (plain and bounded; nothing; plain only; or the parts of the release that are Spark's own);
             PID of the server, on this machine: tells processor time and peak memory as well
           calibrate
             finds the noise of a plan of 100 mechanisms, ten of them distinct, by the loss accountant, and says how long that takes
           accuracy JOB.yml [RELEASES] [NAME=VALUE ...]
             releases a job many times (200) in this process and compares every number with that of the bounded data: error, what the release states, naive splitting, coverage
    """);
return 2;
