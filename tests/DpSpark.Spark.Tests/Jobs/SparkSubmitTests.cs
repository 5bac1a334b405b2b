using System.Diagnostics;
using DpSpark.Core;
using DpSpark.Jobs.Ledger;
using DpSpark.Spark.Tests.Faults;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>The script at the top, beside a program as in a bundle.</summary>
[Collection(SparkCollection.Name)]
public sealed class SparkSubmitTests : IDisposable
{
    private static readonly string s_key = string.Concat(Enumerable.Range(1, 32).Select(i => i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
    private readonly JobOnBoth _job = new();
    private readonly SubmitScript _script;

    public SparkSubmitTests()
    {
        _job.Copy(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant"));
        _script = new SubmitScript(_job);
    }

    public void Dispose() => _job.Dispose();

    [Theory]
    [InlineData("", "no job manifest")]
    [InlineData("missing.yml", "no manifest 'missing.yml'")]
    [InlineData("--master", "--master lacks its value")]
    [InlineData("--class org.example.Main job.yml", "--class has no meaning here")]
    [InlineData("--no-such-flag x job.yml", "no flag --no-such-flag")]
    [InlineData("--master local[2] --deploy-mode cluster job.yml", "--deploy-mode cluster has no meaning with --master local[2]")]
    [InlineData("--master spark://h:7077 --deploy-mode=cluster job.yml", "does not work on a standalone cluster: Spark starts only programs of the JVM there")]
    [InlineData("--conf spark.submit.deployMode=cluster job.yml", "--deploy-mode cluster needs --master")]
    [InlineData("--properties-file cluster.conf job.yml", "--deploy-mode cluster does not work with --master mesos://h")]
    [InlineData("--properties-file missing.conf job.yml", "no properties file 'missing.conf'")]
    [InlineData("--deploy-mode both job.yml", "no deploy mode 'both'")]
    [InlineData("--master yarn --deploy-mode cluster job.yml", "needs DPSPARK_BUNDLE")]
    [InlineData("--master k8s://https://h --deploy-mode cluster job.yml", "the manifest is a file of the driver's pod")]
    [InlineData("--remote sc://localhost --master yarn job.yml", "--remote uses a server that is there already")]
    [InlineData("job.yml --engine local", "--engine local does not need Spark")]
    public async Task Script_BadUsage_Exits2BeforeAnythingStarts(string args, string message)
    {
        _job.Write("cluster.conf", "# of the cluster\nspark.submit.deployMode  cluster\nspark.master=mesos://h\n");

        var (code, _, error) = await RunAsync(args.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_NoSparkAtSparkHome_Exits7AndSaysSo()
    {
        var (code, _, error) = await RunAsync(["--master", "local[2]", "job.yml"], home: _job["nowhere"]);

        Assert.Equal(ExitCodes.Environment, code);
        Assert.Contains("holds no bin/spark-submit", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_RemoteGiven_HandsOverToTheServerThatIsThere()
    {
        var (code, _, error) = await RunAsync(["--remote", "not-a-server", "job.yml", "--test-mode", "bounded"]);

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("DPS2096", error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Script_OnLocalMaster_GivesTheFilesOfTheLocalEngineAndLeavesNothing()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        _job.Here("here");

        var (code, output, error) = await RunAsync(
            ["--master", "local[2]", "--driver-memory=1g", "--conf", "spark.local.dir=" + _job["scratch"], "job.yml", "--test-mode", "seeded", "--test-key", s_key, "-o", "there"]);

        Assert.True(code == ExitCodes.Ok, output + error);
        _job.AssertSame("here", "there");
        Assert.Empty(ProcessesNaming(_job["scratch"]));
        Assert.Empty(Directory.EnumerateDirectories(_job["tmp"], "tmp.*"));
    }

    [SkippableFact]
    public async Task Script_Terminated_TakesTheApplicationDown()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        using var process = _script.Start(["--master", "local[2]", "--conf", "spark.local.dir=" + _job["scratch"], "job.yml"]);
        var error = process.StandardError.ReadToEndAsync();
        while (!ProcessesNaming("spark.local.dir=" + _job["scratch"]).Any(p => p.Contains("/bin/java", StringComparison.Ordinal)) && !process.HasExited)
        {
            await Task.Yield();
        }

        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync(patience.Token);
        await error;

        Assert.Equal(ExitCodes.Cancelled, process.ExitCode);
        Assert.Empty(ProcessesNaming(_job["scratch"]));
        Assert.False(Directory.Exists(_job["out"]));
    }

    [Theory]
    [InlineData("--master yarn --deploy-mode cluster --queue q --principal p --keytab k --files rates.csv --num-executors 3 --executor-cores 2 job.yml --run-date 2026-11-20",
        "--name|dpspark job.yml|--deploy-mode|cluster|--master|yarn|--queue|q|--principal|p|--keytab|k|--num-executors|3|--executor-cores|2|--files|job.yml,rates.csv|--archives|BUNDLE#dpspark"
        + "|--conf|spark.pyspark.driver.python=./dpspark/dpspark-1-linux-x64/dpspark|PROGRAM|run|job.yml|--run-date|2026-11-20")]
    [InlineData("--master k8s://https://h --deploy-mode cluster --conf spark.kubernetes.container.image=i --driver-memory=2g local:///etc/job/job.yml -v quiet",
        "--name|dpspark job.yml|--deploy-mode|cluster|--master|k8s://https://h|--conf|spark.kubernetes.container.image=i|--driver-memory|2g"
        + "|--conf|spark.pyspark.driver.python=/opt/dpspark/dpspark|local:///opt/dpspark/dpspark.py|run|/etc/job/job.yml|-v|quiet")]
    public async Task Script_ClusterMode_SubmitsDpsparkAsTheProgramOfTheDriver(string args, string expected)
    {
        _job.Write("spark/bin/spark-submit", "#!/bin/sh\nprintf '%s|' \"$@\"\n");
        _job.Write("spark/jars/spark-hive_2.13-4.3.0.jar", "");
        _job.Write("bundle/dpspark.py", "");
        _job.Write("dpspark-1-linux-x64.tar.gz", "");
        SubmitScript.MakeExecutable(_job["spark/bin/spark-submit"]);
        _script.Environment["DPSPARK_BUNDLE"] = _job["dpspark-1-linux-x64.tar.gz"];
        _script.Environment["JAVA_HOME"] = _job["java"];
        _job.Write("java/bin/java", "");
        SubmitScript.MakeExecutable(_job["java/bin/java"]);

        var (code, output, error) = await RunAsync(args.Split(' '), home: _job["spark"]);

        Assert.True(code == 0, error);
        Assert.Equal(expected.Replace("BUNDLE", _job["dpspark-1-linux-x64.tar.gz"], StringComparison.Ordinal).Replace("PROGRAM", _job["bundle/dpspark.py"], StringComparison.Ordinal) + "|", output);
    }

    [SkippableTheory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Script_SignalledInTheMiddleOfAJob_FreesTheBudgetAndLeavesNothing(string signal)
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        var gates = new TaskGates(_job["gates"]);
        gates.Hold("bound");
        _script.Environment["DPSPARK_TASK_GATE"] = gates.Folder;
        using var process = _script.Start(["--master", "local[2]", "--conf", "spark.local.dir=" + _job["scratch"], "job.yml"]);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        SpinWait.SpinUntil(() => process.HasExited || Directory.EnumerateFiles(gates.Folder, "held-bound-*").Any());
        Assert.False(process.HasExited, process.HasExited ? await output + await error : "");

        using (var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(patience.Token);

        Assert.Equal(ExitCodes.Cancelled, process.ExitCode);
        Assert.Contains("DPS6105", await error, StringComparison.Ordinal);
        Assert.Empty(ProcessesNaming(_job["scratch"]));
        Assert.Empty(Directory.EnumerateDirectories(_job["tmp"], "tmp.*"));
        Assert.Equal(ReleaseState.Freed, Assert.Single(_job.History("restaurant")).State);
        Assert.False(Directory.Exists(_job["out"]));
    }

    /// <summary>Command lines of live processes that hold a text.</summary>
    private static string[] ProcessesNaming(string text) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Select(d =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(d, "cmdline")).Replace('\0', ' ');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return "";
            }
        }).Where(c => c.Contains(text, StringComparison.Ordinal)),
    ];

    private Task<(int Code, string Output, string Error)> RunAsync(string[] args, string? home = null) => _script.RunAsync(args, home);
}
