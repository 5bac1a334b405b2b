using System.Diagnostics;
using System.Text.Json;
using DpSpark.Core;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>The doctor before a real server.</summary>
[Collection(SparkCollection.Name)]
public sealed class DoctorTests(SparkServerFixture spark)
{
    [SkippableFact]
    public async Task Doctor_ServerThatWorks_IsWell()
    {
        var server = spark.Server;

        var (code, json) = await DoctorAsync("--remote", server.ConnectionString, "--worker", WorkerArchive.Plain);

        Assert.True(code == ExitCodes.Ok, json.GetRawText());
        Assert.Equal(["ok", "ok", "ok", "ok"], States(json)[^4..]);
        Assert.Contains("2 tasks at once", Text(json, "probe"), StringComparison.Ordinal);
        Assert.Contains("all 10 types", Text(json, "types"), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Token, json.GetRawText(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Doctor_WorkerNotOnTheExecutors_NamesTheFault()
    {
        var server = spark.Server;

        var (code, json) = await DoctorAsync("--remote", server.ConnectionString, "--worker", "/no/such/worker");

        Assert.Equal(ExitCodes.Environment, code);
        Assert.Equal(["ok", "ok", "fault", "skipped"], States(json)[^4..]);
        Assert.Equal("DPS6004", Text(json, "probe"));
    }

    /// <summary>The program beside these tests: exit code and result.</summary>
    internal static async Task<(int Code, JsonElement Json)> DoctorAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Program, "doctor", "--format", "json", "-v", "quiet", .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("SPARK_REMOTE");
        start.Environment.Remove("DPSPARK_WORKER");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(output.StartsWith('{'), output + await error);
        using var json = JsonDocument.Parse(output);
        return (process.ExitCode, json.RootElement.Clone());
    }

    /// <summary>artifacts/bin/[project]/[configuration]/: the program lies beside these tests.</summary>
    internal static string Program { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "DpSpark.Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "dpspark.dll"));

    internal static string Text(JsonElement json, string name) => json.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name).GetProperty("text").GetString()!;

    private static string[] States(JsonElement json) => [.. json.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("state").GetString()!)];
}
