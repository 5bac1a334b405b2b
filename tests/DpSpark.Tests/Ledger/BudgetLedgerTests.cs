using System.Text.Json;
using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using Microsoft.Data.Sqlite;
using static DpSpark.Tests.Ledger.LedgerFolder;

namespace DpSpark.Tests.Ledger;

public sealed class BudgetLedgerTests : LedgerContract
{
    private readonly LedgerFolder _folder = new();

    protected override ILedger OpenLedger(TimeSpan wait = default) => _folder.Open(wait: wait);

    protected override void Advance(TimeSpan time) => _folder.Time.Advance(time);

    public override void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_Shapes_AreThoseOfTheManual()
    {
        using var ledger = _folder.Open();
        ledger.SetCap("d", ExactDecimal.Parse("2.0"), ExactDecimal.Parse("0.000001"), "owner");
        Finish(ledger.Reserve(Request("k1", "0.80", "2e-8")).Reservation!);
        using var open = ledger.Reserve(Request("k2", "0.8", "2e-8")).Reservation!;

        var history = JsonDocument.Parse(LedgerJson.History("d", ledger.History("d"))).RootElement;
        var show = JsonDocument.Parse(LedgerJson.Show(ledger.Show("d"))).RootElement;
        var verify = JsonDocument.Parse(LedgerJson.Verify(ledger.Verify())).RootElement;

        Assert.Equal("d", history.GetProperty("dataset").GetString());
        var first = history.GetProperty("entries")[1];
        Assert.Equal((1, "2026-11-20T14:02:07.000Z", "run-1", "0.8", "2e-8", "svc", "committed", 1),
            (first.GetProperty("n").GetInt32(), first.GetProperty("when").GetString(), first.GetProperty("run_id").GetString(), first.GetProperty("epsilon").GetString(),
            first.GetProperty("delta").GetString(), first.GetProperty("by").GetString(), first.GetProperty("status").GetString(), first.GetProperty("attempts").GetInt32()));
        Assert.StartsWith("rel-", first.GetProperty("release").GetString(), StringComparison.Ordinal);
        Assert.Equal(64, first.GetProperty("hash").GetString()!.Length);
        Assert.Equal(("ok", "2", "1e-6"), (show.GetProperty("chain").GetString(), show.GetProperty("caps")[0].GetProperty("epsilon").GetString(), show.GetProperty("caps")[0].GetProperty("delta").GetString()));
        Assert.Equal(("1.6", "4e-8"), (show.GetProperty("spent").GetProperty("epsilon").GetString(), show.GetProperty("spent").GetProperty("delta").GetString()));
        Assert.Equal("reserved", show.GetProperty("open")[0].GetProperty("status").GetString());
        Assert.Equal(("ok", 2), (verify.GetProperty("chain").GetString(), verify.GetProperty("entries").GetInt32()));
        Assert.False(verify.TryGetProperty("first_bad", out _));
    }

    [Fact]
    public void Open_GarbageFile_IsDamaged()
    {
        File.WriteAllBytes(_folder.File, [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))]);

        AssertFault(LedgerFault.Damaged, ExitCodes.Assurance, () => _folder.Open());
        AssertFault(LedgerFault.Damaged, ExitCodes.Assurance, () => _folder.Open(LedgerOpenMode.Existing));
    }

    [Fact]
    public void Open_OtherDatabase_IsDamagedAndLeftAlone()
    {
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            Execute(connection, "CREATE TABLE mine (x)");
        }

        var before = File.ReadAllBytes(_folder.File);
        AssertFault(LedgerFault.Damaged, ExitCodes.Assurance, () => _folder.Open());
        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void Open_TruncatedFile_IsDamaged()
    {
        _folder.Commit(Request());
        File.WriteAllBytes(_folder.File, File.ReadAllBytes(_folder.File)[..5000]);

        AssertFault(LedgerFault.Damaged, ExitCodes.Assurance, () =>
        {
            using var ledger = _folder.Open();
            ledger.Reserve(Request("k2"));
        });
    }

    [Fact]
    public void Open_BytesFlippedAnywhere_NeverSpendsLessAndNeverCrashes()
    {
        for (var i = 0; i < 5; i++)
        {
            _folder.Commit(Request($"k{i}"), new byte[3000]);
        }

        var whole = File.ReadAllBytes(_folder.File);
        var random = new Random(20_261_121);
        for (var round = 0; round < 100; round++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[random.Next(round % 2 == 0 ? bytes.Length : 4096)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_folder.File, bytes);
            try
            {
                using var ledger = _folder.Open();
                using var r = ledger.Reserve(Request("new")).Reservation!;
                Assert.Equal("6", r.Budget.SpentEpsilon.ToString());
            }
            catch (LedgerException e)
            {
                Assert.True(e.Fault is LedgerFault.Damaged or LedgerFault.Unreachable, e.Message);
            }

            foreach (var path in Directory.EnumerateFiles(_folder.Root))
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void Open_NothingThere_CreatesOnlyWhenAsked()
    {
        AssertFault(LedgerFault.Unreachable, ExitCodes.Environment, () => _folder.Open(LedgerOpenMode.Existing));
        Assert.Empty(_folder.Names());

        using var ledger = _folder.Open();
        Assert.True(ledger.Verify().IsOk);
        Assert.Equal(["ledger.db"], _folder.Names());
    }

    [Fact]
    public void Open_PlacesThatCannotHoldALedger_AreUnreachable()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "file"), "x");

        AssertFault(LedgerFault.Unreachable, ExitCodes.Environment, () => BudgetLedger.Open(Path.Combine(_folder.Root, "file", "ledger.db")));
        AssertFault(LedgerFault.Unreachable, ExitCodes.Environment, () => BudgetLedger.Open(Path.Combine(_folder.Root, "no", "ledger.db")));
        AssertFault(LedgerFault.Unreachable, ExitCodes.Environment, () => BudgetLedger.Open(_folder.Root));
    }

    [SkippableFact]
    public void Reserve_ReadOnlyFolder_IsUnreachableButCanBeLookedAt()
    {
        Skip.If(Environment.IsPrivilegedProcess, "skipped: permissions do not bind this user");
        if (OperatingSystem.IsWindows())
        {
            return; // its folders have no such mode
        }

        _folder.Commit(Request());
        File.SetUnixFileMode(_folder.File, UnixFileMode.UserRead);
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            using var ledger = _folder.Open(LedgerOpenMode.Existing);
            Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
            AssertFault(LedgerFault.Unreachable, ExitCodes.Environment, () => ledger.Reserve(Request("k2")));
        }
        finally
        {
            File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void Reserve_LockedByAnotherConnection_IsLocked()
    {
        using var ledger = _folder.Open();
        using var other = new SqliteConnection($"Data Source={_folder.File};Pooling=False");
        other.Open();
        Execute(other, "BEGIN EXCLUSIVE");

        AssertFault(LedgerFault.Locked, ExitCodes.Busy, () => ledger.Reserve(Request()));

        Execute(other, "ROLLBACK");
        using var r = ledger.Reserve(Request()).Reservation!;
        Assert.Equal(["ledger.db", $"ledger.db-{r.ReleaseId}.lock", $"ledger.db-{r.ReleaseId}.secret"], _folder.Names());
    }

    [Fact]
    public void Events_AreAppendOnly()
    {
        _folder.Commit(Request(), new byte[5]);
        using var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False");
        connection.Open();

        foreach (var sql in (string[])["UPDATE event SET epsilon = '0'", "DELETE FROM event", "UPDATE output_copy SET bytes = x'00'", "DELETE FROM output_copy"])
        {
            Assert.Equal(19, Assert.Throws<SqliteException>(() => Execute(connection, sql)).SqliteErrorCode);
        }
    }

    [Theory]
    [InlineData("UPDATE event SET epsilon = '0.1' WHERE seq = 5", 5, 2)]
    [InlineData("UPDATE event SET record = '{}' WHERE seq = 4", 4, 1)]
    [InlineData("UPDATE event SET input_fingerprint = 'x' WHERE seq = 1", 1, 1)]
    [InlineData("UPDATE event SET hash = zeroblob(32) WHERE seq = 2", 2, 1)]
    [InlineData("DELETE FROM event WHERE seq = 3", 4, 1)]
    [InlineData("UPDATE event SET entry = 'x' WHERE seq = 3", 3, null)]
    [InlineData("INSERT INTO event (seq, at, kind, entry, dataset, salt, hash) VALUES (9, '2026-11-20T14:02:07.000Z', 'freed', '1', 'd', '', zeroblob(32))", 9, 1)]
    [InlineData("UPDATE output_copy SET bytes = x'0102' WHERE entry = 2", 8, 2)]
    [InlineData("DELETE FROM output_copy WHERE entry = 2", 8, 2)]
    public void Verify_AfterTampering_NamesTheFirstBadEvent(string sql, int firstBad, int? entry)
    {
        _folder.Commit(Request("k1"));
        _folder.Commit(Request("k2"), new byte[] { 9, 9 });
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            foreach (var trigger in (string[])["event_no_update", "event_no_delete", "copy_no_update", "copy_no_delete"])
            {
                Execute(connection, "DROP TRIGGER " + trigger);
            }

            Execute(connection, sql);
        }

        using var ledger = _folder.Open();
        var report = ledger.Verify();

        Assert.False(report.IsOk);
        Assert.Equal((firstBad, entry), (report.FirstBadEvent, report.FirstBadEntry));
        Assert.Contains("\"broken\"", LedgerJson.Verify(report), StringComparison.Ordinal);
        AssertFault(LedgerFault.Damaged, ExitCodes.Assurance, () => ledger.Reserve(Request("k2")));
    }

    [Fact]
    public void Show_ForgedFreedEvent_IsNotBelieved()
    {
        _folder.Commit(Request());
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            var values = new LedgerEvent { At = "2026-11-20T14:02:07.000Z", Kind = "freed", Entry = 1, Dataset = "d", Salt = "s" };
            using var tip = connection.CreateCommand();
            tip.CommandText = "SELECT hash FROM event WHERE seq = 4";
            var hash = LedgerEvent.HashOf((byte[])tip.ExecuteScalar()!, 5, values.Values());
            Execute(connection, $"INSERT INTO event (seq, at, kind, entry, dataset, salt, hash) VALUES (5, '{values.At}', 'freed', '1', 'd', 's', x'{Convert.ToHexString(hash)}')");
        }

        using var ledger = _folder.Open();

        Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
        Assert.Equal(5, ledger.Verify().FirstBadEvent);
    }

    [Fact]
    public void Open_LedgerOfVersion1_KeepsItsChainAndItsCharges()
    {
        _folder.Commit(Request());
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            Execute(connection, "ALTER TABLE event DROP COLUMN adjacency");
            Execute(connection, "PRAGMA user_version = 1");
        }

        using var ledger = _folder.Open();

        Assert.True(ledger.Verify().IsOk);
        Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
        Assert.Throws<MixedAdjacencyException>(() => ledger.Reserve(Request("k2") with { Adjacency = NeighbouringRelation.ReplaceOne }));
        ledger.Reserve(Request("k3")).Reservation!.Dispose();
        Assert.True(ledger.Verify().IsOk);
    }

    [Fact]
    public void Verify_RelationOfAReservationChanged_FindsIt()
    {
        _folder.Commit(Request() with { Adjacency = NeighbouringRelation.ReplaceOne });
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            Execute(connection, "DROP TRIGGER event_no_update");
            Execute(connection, "UPDATE event SET adjacency = NULL WHERE seq = 1");
        }

        using var ledger = _folder.Open();

        Assert.Equal(1, ledger.Verify().FirstBadEvent);
    }

    [Fact]
    public void Hash_OfTheSameReservationTwice_DiffersBySalt()
    {
        using var other = new LedgerFolder();
        using var a = _folder.Open();
        using var b = other.Open();

        using var first = a.Reserve(Request()).Reservation!;
        using var second = b.Reserve(Request()).Reservation!;

        Assert.Equal(first.PreviousHash, second.PreviousHash);
        Assert.Equal(new string('0', 64), first.PreviousHash);
        Assert.NotEqual(first.Hash, second.Hash);
    }

    private static void AssertFault(LedgerFault fault, int exitCode, Action action)
    {
        var e = Assert.Throws<LedgerException>(action);
        Assert.Equal((fault, exitCode), (e.Fault, e.ExitCode));
        Assert.StartsWith("DPS40", e.Code, StringComparison.Ordinal);
        Assert.NotEmpty(e.Fixes);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
