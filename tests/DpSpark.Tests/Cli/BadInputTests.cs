using System.Globalization;
using DpSpark.Core;
using DpSpark.Jobs.Ledger;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Cli;

/// <summary>What goes wrong outside of the manifest: data, ledger, output, options. Each case ends in its exit code, with a code, a cause or a fix, and never with a stack trace or a value.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly JobFolder _job = new();

    public void Dispose() => _job.Dispose();

    public static TheoryData<string, int, string> Data() => new()
    {
        { "missing file", ExitCodes.Contract, "DPS5101" },
        { "missing column", ExitCodes.Contract, "DPS5103" },
        { "empty file", ExitCodes.Contract, "DPS5208" },
        { "too few fields", ExitCodes.Contract, "DPS5201" },
        { "too many fields", ExitCodes.Contract, "DPS5201" },
        { "open quote", ExitCodes.Contract, "DPS5202" },
        { "repeated column", ExitCodes.Contract, "DPS5105" },
        { "binary garbage as parquet", ExitCodes.Contract, "DPS5107" },
        { "truncated parquet", ExitCodes.Contract, "DPS5107" },
        { "empty parquet", ExitCodes.Contract, "DPS5107" },
        { "text as arrow", ExitCodes.Contract, "DPS5107" },
        { "damaged gzip", ExitCodes.Contract, "DPS5211" },
        { "null and policy error", ExitCodes.Contract, "DPS5010" },
        { "NaN and policy error", ExitCodes.Contract, "DPS5011" },
        { "infinity and policy error", ExitCodes.Contract, "DPS5011" },
    };

    [Theory]
    [MemberData(nameof(Data))]
    public void Run_DataBreaksTheContract_EndsWithItsCodeAndSpendsNothing(string situation, int exitCode, string code)
    {
        switch (situation)
        {
            case "missing file":
                File.Delete(_job["visits.csv"]);
                break;
            case "missing column":
                _job.Write("visits.csv", "who,day,spent\nv1,1,2\n");
                break;
            case "empty file":
                _job.Write("visits.csv", "");
                break;
            case "too few fields":
                _job.Write("visits.csv", "who,day,spend\nv1,1,2\nv2,1\n");
                break;
            case "too many fields":
                _job.Write("visits.csv", "who,day,spend\nv1,1,2,3\n");
                break;
            case "open quote":
                _job.Write("visits.csv", "who,day,spend\n\"v1,1,2\n");
                break;
            case "repeated column":
                _job.Write("visits.csv", "who,day,spend,day\nv1,1,2,3\n");
                break;
            case "binary garbage as parquet":
                _job.Edit("csv: visits.csv", "parquet: visits.csv");
                _job.Write("visits.csv", Garbage());
                break;
            case "truncated parquet":
                _job.Edit("csv: visits.csv", "parquet: in.parquet");
                _job.Write("in.parquet", TruncatedParquet());
                break;
            case "empty parquet":
                _job.Edit("csv: visits.csv", "parquet: in.parquet");
                _job.Write("in.parquet", "");
                break;
            case "text as arrow":
                _job.Edit("csv: visits.csv", "arrow: visits.csv");
                break;
            case "damaged gzip":
                _job.Edit("csv: visits.csv", "csv: visits.csv.gz");
                _job.Write("visits.csv.gz", Garbage());
                break;
            case "null and policy error":
                _job.Edit("day: int", "day: { type: int, nulls: error }");
                _job.Write("visits.csv", "who,day,spend\nv1,,2\n");
                break;
            case "NaN and policy error":
                _job.Edit("spend: double", "spend: { type: double, nan: error }");
                _job.Write("visits.csv", "who,day,spend\nv1,1,NaN\n");
                break;
            case "infinity and policy error":
                _job.Edit("spend: double", "spend: { type: double, inf: error }");
                _job.Write("visits.csv", "who,day,spend\nv1,1,-inf\n");
                break;
        }

        var run = _job.Run();

        AssertFault(run, exitCode, code);
        Assert.False(Directory.Exists(_job["out"]));
        Assert.Empty(_job.Leavings());
        if (File.Exists(_job["ledger.db"]))
        {
            Assert.All(_job.History(), e => Assert.Equal(ReleaseState.Freed, e.State));
        }
    }

    [Theory]
    [InlineData("who,day,spend\n")]
    [InlineData("who,day,spend\nv1,1,NaN\nv2,2,inf\nv3,3,-inf\n")]
    [InlineData("who,day,spend\nv1,9223372036854775808,1\nv2,99999999999999999999999999,1\n")]
    [InlineData("who,day,spend\nv1,one,1\n,,\n\"\",2,1e999\n")]
    public void Run_OddValues_AreDataLikeAnyOther(string content)
    {
        _job.Write("visits.csv", content);

        Assert.Equal(0, _job.Run().Code);
    }

    [Fact]
    public void Run_FieldOfAMegabyteAndInvalidUtf8_AreDataLikeAnyOther()
    {
        byte[] rows = [.. "who,day,spend\n"u8, .. Enumerable.Repeat((byte)'x', 1 << 20), .. ",1,2\n"u8, 0xff, 0xfe, 0xc0, .. ",2,3\n"u8];
        _job.Write("visits.csv", rows);

        Assert.Equal(0, _job.Run().Code);
    }

    [Fact]
    public void Run_LedgerIsNotADatabase_RaisesAnAlarm()
    {
        _job.Write("ledger.db", new string('x', 9000));

        AssertFault(_job.Run(), ExitCodes.Assurance, "DPS4010");
        Assert.Equal(ExitCodes.Assurance, CommandLineRun.In(_job.Path, "ledger", "verify").Code);
    }

    [Fact]
    public void Run_LedgerChangedByHand_RaisesAnAlarm()
    {
        Assert.Equal(0, _job.Run().Code);
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_job["ledger.db"]};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DROP TRIGGER event_no_update; UPDATE event SET epsilon = '0.1' WHERE kind = 'reserved'";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        var verify = CommandLineRun.In(_job.Path, "ledger", "verify", "--format", "json");

        Assert.Equal((ExitCodes.Assurance, "broken", 1), (verify.Code, verify.Json.GetProperty("chain").GetString(), verify.Json.GetProperty("first_bad").GetInt32()));
        AssertFault(_job.Run(), ExitCodes.Assurance, "DPS4010");
    }

    [Fact]
    public void Run_LedgerInAFolderThatIsNotThere_IsUnreachable()
    {
        _job.Edit("file: ledger.db", "file: nowhere/ledger.db");

        AssertFault(_job.Run(), ExitCodes.Environment, "DPS4014");
    }

    [Fact]
    public void Run_LedgerLockedByAnotherProcess_IsBusy()
    {
        Assert.Equal(0, _job.Run().Code);
        _job.Edit("max_value: 10,", "max_value: 20,");
        _job.Edit("path: out/", "path: out2/");
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_job["ledger.db"]};Pooling=False");
        other.Open();
        using var command = other.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        command.ExecuteNonQuery();

        AssertFault(_job.Run(), ExitCodes.Busy, "DPS4012");
    }

    [Fact]
    public void Run_OutputHoldsFiles_IsRefusedBeforeTheReservation()
    {
        _job.Write("out/notes.txt", "mine");

        AssertFault(_job.Run(), ExitCodes.Usage, "DPS2094");
        Assert.False(File.Exists(_job["ledger.db"]) && _job.History().Count > 0);
    }

    [Fact]
    public void Run_OutputIsAFile_IsRefused()
    {
        _job.Write("out", "a file");

        AssertFault(_job.Run(), ExitCodes.Usage, "DPS2094");
    }

    [Fact]
    public void Run_OutputBelowAFile_CannotBeWritten()
    {
        _job.Write("file", "a file");
        _job.Edit("path: out/", "path: file/out/");

        AssertFault(_job.Run(), ExitCodes.Environment, "DPS6102");
    }

    [Fact]
    public void Run_NoTempFolder_IsAFaultOfTheEnvironment() =>
        AssertFault(CommandLineRun.In(_job.Path, "run", "--format", "json", "--temp", _job["missing"]), ExitCodes.Environment, "DPS6101");

    [Theory]
    [InlineData("run --memory lots")]
    [InlineData("run --memory 1MiB")]
    [InlineData("run --threads 0")]
    [InlineData("run --wait soon")]
    [InlineData("run --run-date yesterday")]
    [InlineData("run --var x")]
    [InlineData("run --format xml")]
    [InlineData("run --engine spark")]
    [InlineData("run --engine flink")]
    [InlineData("run --engine local --remote sc://localhost")]
    [InlineData("run --remote localhost:15002")]
    [InlineData("run --remote sc://user@localhost")]
    [InlineData("run --remote sc://localhost --conf nonsense")]
    [InlineData("run --conf spark.sql.ansi.enabled=true")]
    [InlineData("run --master local[2]")]
    [InlineData("run --test-mode loud")]
    [InlineData("run --test-mode seeded")]
    [InlineData("run --test-mode seeded --test-key 12")]
    [InlineData("run --test-mode raw --target prod")]
    [InlineData("run --no-such-option")]
    [InlineData("run missing.yml")]
    [InlineData("run --replay-exit-code 300")]
    [InlineData("no-such-verb")]
    [InlineData("tune")]
    [InlineData("sample pizza")]
    [InlineData("ledger cap visits --epsilon minus")]
    [InlineData("ledger cap visits --epsilon 1 --delta 1")]
    [InlineData("ledger show unknown-dataset")]
    [InlineData("plan --strict --format json -v loud")]
    public void CommandLine_BadUsage_Exits2WithoutAStackTrace(string args)
    {
        Assert.Equal(0, CommandLineRun.In(_job.Path, "ledger", "cap", "visits", "--epsilon", "5").Code);

        var run = CommandLineRun.In(_job.Path, args.Split(' '));

        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("error DPS", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static void AssertFault(CommandLineRun run, int exitCode, string code)
    {
        Assert.True(exitCode == run.Code, string.Create(CultureInfo.InvariantCulture, $"exit code {run.Code} instead of {exitCode}: {run.Error}"));
        var diagnostic = run.Json.GetProperty("diagnostics").EnumerateArray().First(d => d.GetProperty("severity").GetString() == "error");
        Assert.Equal(code, diagnostic.GetProperty("code").GetString());
        Assert.True(diagnostic.TryGetProperty("why", out _) || diagnostic.GetProperty("fix").GetArrayLength() > 0, "neither a cause nor a fix");
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static byte[] Garbage()
    {
        var bytes = new byte[4000];
        new Random(9).NextBytes(bytes);
        return bytes;
    }

    private static byte[] TruncatedParquet()
    {
        using var stream = new MemoryStream();
        var schema = new DpSpark.Arrow.Schema([new("who", DpSpark.Arrow.ArrowType.Utf8), new("day", DpSpark.Arrow.ArrowType.Int32), new("spend", DpSpark.Arrow.ArrowType.Double)]);
        using (var writer = new DpSpark.Jobs.Sinks.Parquet.ParquetWriter(stream, schema, leaveOpen: true))
        {
            writer.Write(new DpSpark.Arrow.RecordBatch(schema,
                [DpSpark.Arrow.ArrowArrays.Utf8(["a"]), DpSpark.Arrow.ArrowArrays.Int32([1]), DpSpark.Arrow.ArrowArrays.Double([1])], 1));
            writer.Finish();
        }

        return stream.ToArray()[..^20];
    }
}
