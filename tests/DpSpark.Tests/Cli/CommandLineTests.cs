using System.Text;
using System.Text.Json;
using DpSpark.Core;
using DpSpark.Jobs.Sinks;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private static readonly string s_key = new('a', 64);
    private readonly JobFolder _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Run_Text_PrintsOneLineAStepAndAPreviewAndNoBars()
    {
        var run = CommandLineRun.In(_job.Path, "run", "--temp", _job["tmp"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("reserve   visits  epsilon 1 delta 0", run.Out, StringComparison.Ordinal);
        Assert.Contains("Released  rel-", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', run.Out);
        Assert.DoesNotContain('\u001b', run.Out);
        Assert.Contains("warning DPS4030", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Json_WritesOnlyTheResultToStandardOutputAndTheSameToTheFile()
    {
        var run = _job.Run("--result-file", "r.json", "--run-id", "airflow:1");

        using var file = JsonDocument.Parse(File.ReadAllText(_job["r.json"]));
        Assert.Equal("airflow:1", run.Json.GetProperty("run_id").GetString());
        Assert.Equal(run.Json.GetProperty("release_id").GetString(), file.RootElement.GetProperty("release_id").GetString());
        Assert.Equal(_job["out"], run.Json.GetProperty("output").GetString());
        Assert.True(new FileInfo(_job["r.json"]).Length <= 4096);
    }

    [Fact]
    public void Run_FaultWithResultFile_WritesTheResultToo()
    {
        _job.Edit("csv: visits.csv", "csv: missing.csv");

        _job.Run("--result-file", "r.json");

        using var file = JsonDocument.Parse(File.ReadAllText(_job["r.json"]));
        Assert.Equal(ExitCodes.Contract, file.RootElement.GetProperty("exit_code").GetInt32());
        Assert.Equal("job.yml", file.RootElement.GetProperty("diagnostics")[0].GetProperty("file").GetString());
    }

    [Fact]
    public void Run_Strict_MakesWarningsErrorsBeforeAnythingIsSpent()
    {
        _job.Edit("max_partitions_contributed: 2", "max_partitions_contributed: 9");

        var run = _job.Run("--strict");

        Assert.Equal(ExitCodes.Goals, run.Code);
        Assert.False(File.Exists(_job["ledger.db"]));
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("bounded")]
    [InlineData("seeded")]
    public void Run_TestMode_UsesNoLedgerAndStampsEverything(string mode)
    {
        var run = mode == "seeded" ? _job.Run("--test-mode", mode, "--test-key", s_key) : _job.Run("--test-mode", mode);

        Assert.Equal((0, "tested"), (run.Code, run.Json.GetProperty("outcome").GetString()));
        Assert.Equal(["_SUCCESS", "_test.json", "test-part-00000.csv"], Directory.EnumerateFiles(_job["out"]).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));
        Assert.Contains("\"test_mode\": \"" + mode + "\"", File.ReadAllText(_job["out", "_test.json"]), StringComparison.Ordinal);
        Assert.False(File.Exists(_job["ledger.db"]));
    }

    [Fact]
    public void Run_TestModeRaw_GivesTheTruth()
    {
        _job.Write("visits.csv", "who,day,spend\na,1,2.5\nb,1,100\na,3,1\n");

        _job.Run("--test-mode", "raw");

        Assert.Equal("day,visits,spend\n1,2,102.5\n2,0,0\n3,1,1\n", File.ReadAllText(_job["out", "test-part-00000.csv"]));
    }

    [Fact]
    public void Run_TestModeBounded_BoundsAndClampsWithoutNoise()
    {
        _job.Write("visits.csv", "who,day,spend\na,1,2.5\nb,1,100\nb,1,100\na,3,1\n");

        _job.Run("--test-mode", "bounded");

        Assert.Equal("day,visits,spend\n1,2,12.5\n2,0,0\n3,1,1\n", File.ReadAllText(_job["out", "test-part-00000.csv"]));
    }

    [Fact]
    public void Run_Seeded_DependsOnTheKeyAndTheRowsAlone()
    {
        var lines = File.ReadAllLines(_job["visits.csv"]);
        _job.Run("--test-mode", "seeded", "--test-key", s_key, "-o", "first", "--threads", "1");
        _job.Write("visits.csv", string.Join('\n', lines[1..].Reverse().Take(20).Prepend(lines[0])) + "\n");
        _job.Write("more.csv", string.Join('\n', lines[1..].Reverse().Skip(20).Prepend(lines[0])) + "\n");
        _job.Edit("csv: visits.csv", "csv: [more.csv, visits.csv]");
        _job.Run("--test-mode", "seeded", "--test-key", s_key, "-o", "second", "--threads", "2");
        _job.Run("--test-mode", "seeded", "--test-key", new string('b', 64), "-o", "third");

        Assert.Equal(PartFiles.Hash(_job["first"]), PartFiles.Hash(_job["second"]));
        Assert.NotEqual(PartFiles.Hash(_job["first"]), PartFiles.Hash(_job["third"]));
    }

    [Theory]
    [InlineData("parquet")]
    [InlineData("arrow")]
    public void Run_OutputFormat_IsReadBackAsASource(string format)
    {
        _job.Edit("format: csv", "format: " + format);
        Assert.Equal(0, _job.Run("--test-mode", "raw").Code);
        _job.Edit("csv: visits.csv", format + ": out");
        _job.Edit("{ who: string, day: int, spend: double }", "{ who: { type: long, from: visits }, day: long, spend: double }");

        Assert.Equal(0, _job.Run("--test-mode", "raw", "-o", "again").Code);
    }

    [Fact]
    public void Plan_Job_OpensNoDataAndWritesPlanJson()
    {
        File.Delete(_job["visits.csv"]);

        var text = CommandLineRun.In(_job.Path, "plan");
        var json = CommandLineRun.In(_job.Path, "plan", "--format", "json", "-o", "p.json");

        Assert.Equal(0, text.Code);
        Assert.Contains("Plan OK. Nothing was read, nothing was spent.", text.Out, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(_job["p.json"]), json.Out);
        Assert.Equal(File.ReadAllText(_job["plan.json"]), json.Out);
    }

    [Fact]
    public void Validate_FaultyJob_TellsEveryFaultWithItsPlace()
    {
        _job.Edit("min_value: 0, max_value: 10, ", "");
        _job.Edit("max_partitions_contributed", "max_partition_contributed");

        var run = CommandLineRun.In(_job.Path, "validate");

        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("job.yml(11,", run.Error, StringComparison.Ordinal);
        Assert.Contains("Did you mean `max_partitions_contributed`?", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SoundJob_IsValid()
    {
        var run = CommandLineRun.In(_job.Path, "validate", "--format", "json");

        Assert.Equal((0, "valid"), (run.Code, run.Json.GetProperty("outcome").GetString()));
    }

    [Fact]
    public void Ledger_Verbs_ShowWhatWasSpent()
    {
        CommandLineRun.In(_job.Path, "ledger", "cap", "visits", "--epsilon", "5", "--delta", "1e-6");
        _job.Run("--run-id", "cron:7");

        var show = CommandLineRun.In(_job.Path, "ledger", "show", "--format", "json").Json;
        var history = CommandLineRun.In(_job.Path, "ledger", "history", "visits", "--format", "json", "--ledger", "ledger.db").Json;
        var verify = CommandLineRun.In(_job.Path, "ledger", "verify", "--format", "json").Json;
        var text = CommandLineRun.In(_job.Path, "ledger", "history", "--last", "1");

        Assert.Equal(("visits", "ok", "1"), (show.GetProperty("dataset").GetString(), show.GetProperty("chain").GetString(), show.GetProperty("spent").GetProperty("epsilon").GetString()));
        Assert.Equal("5", show.GetProperty("caps")[0].GetProperty("epsilon").GetString());
        var entry = history.GetProperty("entries")[0];
        Assert.Equal((1, "cron:7", "committed", 1), (entry.GetProperty("n").GetInt32(), entry.GetProperty("run_id").GetString(), entry.GetProperty("status").GetString(), entry.GetProperty("attempts").GetInt32()));
        Assert.Equal(("ok", 1), (verify.GetProperty("chain").GetString(), verify.GetProperty("entries").GetInt32()));
        Assert.Contains("committed", text.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("restaurant")]
    [InlineData("taxi")]
    [InlineData("telemetry")]
    public void Sample_Written_IsTheOneInTheRepositoryAndReleasesTwiceAtTheCostOfOne(string name)
    {
        Assert.Equal(0, CommandLineRun.In(_job.Path, "sample", name).Code);
        var repository = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", name);
        foreach (var file in Directory.EnumerateFiles(_job[name], "*", SearchOption.AllDirectories))
        {
            Assert.Equal(File.ReadAllText(Path.Combine(repository, Path.GetRelativePath(_job[name], file)), Encoding.UTF8), File.ReadAllText(file, Encoding.UTF8));
        }

        var first = CommandLineRun.In(_job.Path, "run", name + "/job.yml", "--format", "json");
        var second = CommandLineRun.In(_job.Path, "run", name + "/job.yml", "--format", "json");

        Assert.Equal((0, "released"), (first.Code, first.Json.GetProperty("outcome").GetString()));
        Assert.Equal((0, "replayed"), (second.Code, second.Json.GetProperty("outcome").GetString()));
        Assert.Equal(ExitCodes.Usage, CommandLineRun.In(_job.Path, "sample", name).Code);
    }

    [Fact]
    public void Doctor_ThisMachine_RunsAProbe()
    {
        var run = CommandLineRun.In(_job.Path, "doctor", "--temp", _job["tmp"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("ok      job", run.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_job["tmp"]));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run --help")]
    [InlineData("ledger cap --help")]
    [InlineData("schema job")]
    [InlineData("--version")]
    public void Help_Asked_IsPrinted(string args)
    {
        var run = CommandLineRun.In(_job.Path, args.Split(' '));

        Assert.Equal(0, run.Code);
        Assert.NotEmpty(run.Out);
    }

    [Fact]
    public void Process_OfItsOwn_ReleasesLikeInHere()
    {
        var run = CommandLineRun.Process(_job.Path, null, "run", "--format", "json", "--temp", _job["tmp"]);

        Assert.Equal((0, "released"), (run.Code, run.Json.GetProperty("outcome").GetString()));
    }
}
