using System.Diagnostics;
using DpSpark.Core;
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
    [InlineData("--master yarn --deploy-mode cluster job.yml", "--deploy-mode cluster is not supported yet")]
    [InlineData("--conf spark.submit.deployMode=cluster job.yml", "--deploy-mode cluster is not supported yet")]
    [InlineData("--remote sc://localhost --master yarn job.yml", "--remote uses a server that is there already")]
    [InlineData("job.yml --engine local", "--engine local does not need Spark")]
    public async Task Script_BadUsage_Exits2BeforeAnythingStarts(string args, string message)
    {
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
