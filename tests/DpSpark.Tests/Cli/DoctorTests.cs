using DpSpark.Arrow;
using DpSpark.Connect.Wire;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Spark;
using DpSpark.Testing.Connect;
using DpSpark.Tests.Running;
using Google.Protobuf;

namespace DpSpark.Tests.Cli;

/// <summary>The doctor where there is no Spark, or a Spark that is made up.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Doctor_NoSparkAnywhere_NotesItAndIsWell()
    {
        var run = Doctor([], "--format", "json");

        Assert.Equal((ExitCodes.Ok, "healthy"), (run.Code, run.Json.GetProperty("outcome").GetString()));
        Assert.Equal(["machine:ok", "temp:ok", "job:ok", "java:note", "spark:note"], Checks(run));
    }

    [Fact]
    public void Doctor_EngineLocal_LeavesSparkOut() => Assert.Equal(["machine:ok", "temp:ok", "job:ok"], Checks(Doctor([], "--engine", "local", "--format", "json")));

    [Fact]
    public void Doctor_EngineSparkAndNothingThere_NamesAllThatIsMissing()
    {
        var run = Doctor([], "--engine", "spark", "--worker", "/opt/dpspark-worker", "--format", "json");

        Assert.Equal((ExitCodes.Environment, "unhealthy"), (run.Code, run.Json.GetProperty("outcome").GetString()));
        Assert.Equal(["DPS6013", "DPS6014"], Codes(run));
        Assert.All(run.Json.GetProperty("diagnostics").EnumerateArray(), d => Assert.NotEqual(0, d.GetProperty("fix").GetArrayLength()));
    }

    [Theory]
    [InlineData("openjdk version \"17.0.15\" 2025-04-15", null)]
    [InlineData("openjdk version \"21-ea\" 2023-09-19", null)]
    [InlineData("java version \"1.8.0_402\"", "DPS6013")]
    [InlineData("openjdk version \"11.0.2\"", "DPS6013")]
    [InlineData("no version at all", "DPS6013")]
    public void Doctor_JavaOfSomeVersion_IsJudgedByIt(string says, string? code)
    {
        Program("java/bin/java", $"#!/bin/sh\necho '{says}' >&2\n");
        Spark("4.3.0");

        var run = Doctor(new() { ["JAVA_HOME"] = _folder["java"], ["SPARK_HOME"] = _folder["spark"] }, "--engine", "spark", "--worker", "/opt/dpspark-worker", "--format", "json");

        Assert.Equal(code is null ? [] : [code], Codes(run));
        Assert.Equal(code is null ? ExitCodes.Ok : ExitCodes.Environment, run.Code);
    }

    [Theory]
    [InlineData("4.0.5", null)]
    [InlineData("4.3.1-vendor2", null)]
    [InlineData("3.5.7", "DPS6007")]
    [InlineData("4.4.0", "DPS6007")]
    public void Doctor_SparkOfSomeVersion_IsJudgedByIt(string version, string? code)
    {
        Program("bin/java", "#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n");
        Spark(version);

        var run = Doctor(new() { ["PATH"] = $"{_folder["nowhere"]}{Path.PathSeparator}{_folder["bin"]}{Path.PathSeparator}{_folder["spark/bin"]}" }, "--engine", "spark", "--worker", "/opt/dpspark-worker", "--format", "json");

        Assert.Equal(code is null ? [] : [code], Codes(run));
    }

    [Fact]
    public void Doctor_SparkWithoutConnect_IsAFault()
    {
        Spark("4.1.0");
        File.Delete(_folder["spark/jars/spark-connect_2.13-4.1.0.jar"]);

        Assert.Contains("DPS6014", Codes(Doctor(new() { ["SPARK_HOME"] = _folder["spark"] }, "--engine", "spark", "--worker", "/opt/dpspark-worker", "--format", "json")));
    }

    [Fact]
    public void Doctor_ServerNotThere_SkipsWhatNeedsIt()
    {
        var run = Doctor([], "--remote", "sc://127.0.0.1:1", "--format", "json");

        Assert.Equal(ExitCodes.Environment, run.Code);
        Assert.Equal(["server:fault", "worker:skipped", "probe:skipped", "types:skipped"], Checks(run)[^4..]);
        Assert.Equal(["DPS6001"], Codes(run));
    }

    [Theory]
    [InlineData("3.5.7")]
    [InlineData("4.4.0")]
    [InlineData("5.0.0-preview1")]
    [InlineData("no version")]
    public async Task Doctor_ServerOfAnotherVersion_IsAFault(string version)
    {
        await using var server = await ScriptedConnectServer.StartAsync();
        server.On("AnalyzePlan", async call =>
        {
            var request = AnalyzeRequest.Parser.ParseFrom(call.Messages[0]);
            await call.SendAsync(new AnalyzeResponse { SessionId = request.SessionId, ServerSession = "life", SparkVersion = new() { Text = version } }.ToByteArray());
            call.Finish();
        });

        var run = Doctor(new() { ["SPARK_REMOTE"] = $"sc://127.0.0.1:{server.Port}" }, "--format", "json");

        Assert.Equal(["DPS6007"], Codes(run));
        Assert.Equal(ExitCodes.Environment, run.Code);
    }

    [Theory]
    [InlineData("--remote", "localhost:15002")]
    [InlineData("--worker", "x.tar.gz")]
    [InlineData("--engine", "flink")]
    [InlineData("--master", "yarn")]
    public void Doctor_OptionsThatCannotBe_AreUsageFaults(string option, string value) => Assert.Equal(ExitCodes.Usage, Doctor([], option, value).Code);

    [Fact]
    public void Doctor_LedgerNotThere_IsAFault() => Assert.Equal(ExitCodes.Environment, Doctor([], "--engine", "local", "--ledger", "missing.db").Code);

    [Theory]
    [InlineData(null, false)]
    [InlineData("s3://jars/other.zip#tools", false)]
    [InlineData("hdfs:///w.tar.gz", false)]
    [InlineData("other.zip#tools, hdfs:///dpspark-worker-linux-x64.tar.gz#dpspark-worker", true)]
    public void InArchives_Listed_IsStartedFromTheFolderAboveTheSession(string? archives, bool isThere) =>
        Assert.Equal(isThere ? "../dpspark-worker/bin/dpspark-worker" : null, WorkerPlacement.InArchives("spark.archives", archives)?.Command);

    [Fact]
    public void Find_ExecutableOfThisMachineAlone_IsForALocalMasterAndRefusedElsewhere()
    {
        using var clone = new TempFolder();
        var program = Directory.CreateDirectory(clone["artifacts/bin/DpSpark.Cli/release"]).FullName;
        var none = Assert.Throws<DpSparkException>(() => WorkerPlacement.Find(program, isLocal: false));
        var executable = clone["artifacts/bin/DpSpark.Worker/release/dpspark-worker"];
        Directory.CreateDirectory(Path.GetDirectoryName(executable)!);
        File.WriteAllText(executable, "");

        var local = WorkerPlacement.Find(program, isLocal: true);
        var elsewhere = Assert.Throws<DpSparkException>(() => WorkerPlacement.Find(program, isLocal: false));
        var archive = clone["artifacts/worker/" + WorkerPlacement.ArchiveName];
        Directory.CreateDirectory(Path.GetDirectoryName(archive)!);
        File.WriteAllText(archive, "");

        Assert.Equal((WorkerShipping.Installed, executable), (local.Shipping, local.Path));
        Assert.Equal(["DPS6004", "DPS6004"], new[] { none.Code, elsewhere.Code });
        Assert.Contains(executable, elsewhere.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet build deploy/worker.proj", elsewhere.Fixes[0], StringComparison.Ordinal);
        Assert.Equal(archive, WorkerPlacement.Find(program, isLocal: false).Path);

        // A bundle has the archive beside the program, and takes it everywhere.
        var bundled = Path.Combine(program, WorkerPlacement.ArchiveName);
        File.WriteAllText(bundled, "");
        Assert.All(new[] { true, false }, isLocal => Assert.Equal((WorkerShipping.Artifact, bundled), WorkerPlacement.Find(program, isLocal) is var found ? (found.Shipping, found.Path) : default));
    }

    [Fact]
    public void FirstDifference_OfBatchesCutDifferently_LooksAtValuesAlone()
    {
        Field[] fields = [new("long_", ArrowType.Int64), new("string_", ArrowType.Utf8)];
        List<RecordBatch> whole = [Batch([1, 2, 3], ["a", null, ""])];

        Assert.Null(SparkDoctor.FirstDifference(fields, whole, [Batch([1], ["a"]), Batch([2, 3], [null, ""])]));
        Assert.Equal("string", SparkDoctor.FirstDifference(fields, whole, [Batch([1, 2, 3], ["a", "", ""])]));
        Assert.Equal("long", SparkDoctor.FirstDifference(fields, whole, [Batch([1, 2], ["a", null])]));

        RecordBatch Batch(long[] numbers, string?[] texts) => new(new Schema(fields), [ArrowArrays.Int64(numbers), ArrowArrays.Utf8(texts)], numbers.Length);
    }

    [Fact]
    public void RoundTrip_Types_AreThoseOfTheContract() =>
        Assert.Equal(Enum.GetNames<ColumnType>().Select(n => n.ToLowerInvariant() + "_"), SparkDoctor.ColumnsOfEveryType);

    private static string[] Checks(CommandLineRun run) => [.. run.Json.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString() + ":" + c.GetProperty("state").GetString())];

    private static string[] Codes(CommandLineRun run) => [.. run.Json.GetProperty("diagnostics").EnumerateArray().Select(d => d.GetProperty("code").GetString()!)];

    private CommandLineRun Doctor(Dictionary<string, string> environment, params string[] args) => CommandLineRun.With(_folder.Path, environment, ["doctor", .. args]);

    private void Spark(string version)
    {
        Program("spark/bin/spark-submit", "#!/bin/sh\n");
        _folder.Write($"spark/jars/spark-core_2.13-{version}.jar", []);
        _folder.Write($"spark/jars/spark-connect_2.13-{version}.jar", []);
    }

    private void Program(string name, string text)
    {
        _folder.Write(name, System.Text.Encoding.UTF8.GetBytes(text));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
