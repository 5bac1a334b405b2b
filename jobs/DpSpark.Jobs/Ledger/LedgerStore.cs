using System.Globalization;
using Microsoft.Data.Sqlite;

namespace DpSpark.Jobs.Ledger;

/// <summary>The SQLite file: tables, transactions, and what SQLite's errors mean to a person. Not thread-safe.</summary>
internal sealed class LedgerStore : IDisposable
{
    private const int ApplicationId = 0x44505370; // "DPSp"
    private const int Version = 2;

    /// <summary>Writes of other processes take milliseconds; only a lock that outlasts this is a fault even when nobody asked to wait.</summary>
    private const int LeastWaitSeconds = 2;

    private static readonly string s_columns = string.Join(", ", LedgerEvent.Columns);
    private static readonly string s_schema = $"""
        CREATE TABLE event (
          seq INTEGER PRIMARY KEY,
          {string.Concat(LedgerEvent.Columns.Select(c => c + " TEXT, "))}
          hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE output_copy (entry INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
        CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
        CREATE TRIGGER copy_no_update BEFORE UPDATE ON output_copy BEGIN SELECT RAISE(ABORT, 'copies are never changed'); END;
        CREATE TRIGGER copy_no_delete BEFORE DELETE ON output_copy BEGIN SELECT RAISE(ABORT, 'copies are never removed'); END;
        PRAGMA application_id = {ApplicationId.ToString(CultureInfo.InvariantCulture)};
        PRAGMA user_version = {Version.ToString(CultureInfo.InvariantCulture)};
        """;

    private readonly SqliteConnection _connection;

    private LedgerStore(SqliteConnection connection, string path)
    {
        _connection = connection;
        FullPath = path;
    }

    public string FullPath { get; }

    public static LedgerStore Open(string path, LedgerOpenMode mode, TimeSpan wait)
    {
        path = Path.GetFullPath(path);
        var store = new LedgerStore(new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode == LedgerOpenMode.OpenOrCreate ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = (int)Math.Clamp(Math.Ceiling(wait.TotalSeconds), LeastWaitSeconds, int.MaxValue / 1000),
        }.ToString()), path);
        try
        {
            store.Guard(() => store.Prepare(mode));
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Runs a body with exclusive right to write; commits unless it throws.</summary>
    public T Write<T>(Func<T> body) => Guard(() =>
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            var result = body();
            Execute("COMMIT");
            return result;
        }
        catch
        {
            RollBack();
            throw;
        }
    });

    /// <summary>Runs a body that reads one state of the ledger.</summary>
    public T Read<T>(Func<T> body) => Guard(() =>
    {
        Execute("BEGIN");
        try
        {
            return body();
        }
        finally
        {
            RollBack();
        }
    });

    /// <summary>Reads and checks all events.</summary>
    public LedgerImage Load()
    {
        var image = new LedgerImage();
        using var command = Command($"SELECT seq, hash, {s_columns} FROM event ORDER BY seq");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var (sequence, values, hash) = Row(reader);
            image.Add(sequence, values, hash);
        }

        return image;
    }

    public LedgerEvent ReadEvent(long sequence)
    {
        using var command = Command($"SELECT seq, hash, {s_columns} FROM event WHERE seq = $1", sequence);
        using var reader = command.ExecuteReader();
        if (!reader.Read())
        {
            throw Damaged("An event that others refer to is missing.", null);
        }

        var (number, values, hash) = Row(reader);
        return LedgerEvent.FromValues(number, values, hash);
    }

    /// <summary>Number and hash of the last event; 0 and zeros before the first.</summary>
    public (long Sequence, byte[] Hash) Tip()
    {
        using var command = Command("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1");
        using var reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), Hash(reader)) : (0, new byte[LedgerEvent.HashBytes]);
    }

    /// <summary>Appends an event behind the tip.</summary>
    /// <returns>The event with its number and hash, and the hash before it.</returns>
    public (LedgerEvent Event, byte[] Previous) Append(LedgerEvent e)
    {
        var (last, previous) = Tip();
        var values = e.Values();
        var added = e with { Sequence = last + 1, Hash = LedgerEvent.HashOf(previous, last + 1, values) };
        var parameters = string.Join(", ", Enumerable.Range(3, values.Length).Select(i => "$" + i.ToString(CultureInfo.InvariantCulture)));
        using var command = Command($"INSERT INTO event (seq, hash, {s_columns}) VALUES ($1, $2, {parameters})", [added.Sequence, added.Hash, .. values]);
        command.ExecuteNonQuery();
        return (added, previous);
    }

    public void WriteCopy(long entry, byte[] copy)
    {
        using var command = Command("INSERT INTO output_copy (entry, bytes) VALUES ($1, $2)", entry, copy);
        command.ExecuteNonQuery();
    }

    public byte[]? ReadCopy(long entry)
    {
        using var command = Command("SELECT bytes FROM output_copy WHERE entry = $1", entry);
        return command.ExecuteScalar() as byte[];
    }

    /// <summary>SQLite's own check of the file.</summary>
    public void CheckPages()
    {
        using var command = Command("PRAGMA integrity_check(1)");
        if (command.ExecuteScalar() as string is not "ok")
        {
            throw Damaged("SQLite finds its pages inconsistent.", null);
        }
    }

    public LedgerException Damaged(string why, Exception? inner) => new(LedgerFault.Damaged, $"the ledger '{FullPath}' is damaged.", why,
        ["Restore it from a backup that is newer than the last release; an older one forgets what was spent.", "dpspark ledger verify names the first bad entry."], inner);

    public void Dispose() => _connection.Dispose();

    private static (long Sequence, string?[] Values, byte[] Hash) Row(SqliteDataReader reader)
    {
        var values = new string?[LedgerEvent.Columns.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.IsDBNull(i + 2) ? null : reader.GetString(i + 2);
        }

        return (reader.GetInt64(0), values, Hash(reader));
    }

    /// <summary>A hash; empty, and so never right, where a damaged file has none.</summary>
    private static byte[] Hash(SqliteDataReader reader) => reader.IsDBNull(1) ? [] : reader.GetFieldValue<byte[]>(1);

    private bool Prepare(LedgerOpenMode mode)
    {
        _connection.Open();
        Execute("PRAGMA trusted_schema = OFF");
        Execute("PRAGMA cell_size_check = ON");
        Execute("PRAGMA secure_delete = ON");
        Execute("PRAGMA synchronous = EXTRA");
        if (IsEmpty())
        {
            if (mode == LedgerOpenMode.Existing)
            {
                throw Damaged("The file is empty.", null);
            }

            Execute("BEGIN IMMEDIATE");
            try
            {
                if (IsEmpty())
                {
                    Execute(s_schema);
                }

                Execute("COMMIT");
            }
            catch
            {
                RollBack();
                throw;
            }
        }

        if (Scalar("PRAGMA application_id") != ApplicationId)
        {
            throw Damaged("It is a SQLite database, but not a ledger of DpSpark.", null);
        }

        if (Scalar("PRAGMA user_version") == 1)
        {
            Widen();
        }

        if (Scalar("PRAGMA user_version") != Version)
        {
            throw new LedgerException(LedgerFault.Unreachable, $"the ledger '{FullPath}' has a format that this version of DpSpark does not know.", null, ["Use the version that wrote it, or a later one."]);
        }

        return true;
    }

    /// <summary>Version 1 had no column for the neighbouring relation: all of its releases were of units that are there or not, which a null says.</summary>
    private void Widen()
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            if (Scalar("PRAGMA user_version") == 1)
            {
                Execute("ALTER TABLE event ADD COLUMN adjacency TEXT");
                Execute("PRAGMA user_version = 2");
            }

            Execute("COMMIT");
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    private bool IsEmpty() => Scalar("SELECT count(*) FROM sqlite_master") == 0 && Scalar("PRAGMA application_id") == 0;

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private long Scalar(string sql)
    {
        using var command = Command(sql);
        return (long)command.ExecuteScalar()!;
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<object?> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The texts are constants of this class; values travel as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters.AddWithValue("$" + (i + 1).ToString(CultureInfo.InvariantCulture), parameters[i] ?? DBNull.Value);
        }

        return command;
    }

    private void RollBack()
    {
        try
        {
            Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does when the disk is full; the fault that led here is the one to report.
        }
    }

    private T Guard<T>(Func<T> body)
    {
        try
        {
            return body();
        }
        catch (SqliteException e)
        {
            throw Translate(e);
        }
        catch (Exception e) when (e is FormatException or InvalidCastException or OverflowException)
        {
            throw Damaged("A stored value cannot be read.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreachable("Its folder must be writable: the secret of an open release lies beside it.", e);
        }
    }

    private Exception Translate(SqliteException e) => e.SqliteErrorCode switch
    {
        26 => Damaged("It is not a SQLite database.", e),
        11 => Damaged("SQLite finds the database malformed.", e),
        1 => Damaged("Its tables are not those of a ledger.", e),
        5 or 6 => new LedgerException(LedgerFault.Locked, $"the ledger '{FullPath}' is locked by another process.", "A run or a tool is writing to it.", ["Try again later, or wait for it: --wait 10m."], e),
        8 => Unreachable("The file or its folder is read-only.", e),
        13 => Unreachable("There is no space left.", e),
        14 => Unreachable(Directory.Exists(Path.GetDirectoryName(FullPath)) ? "The file is not there or may not be opened." : "Its folder is not there.", e),
        3 or 7 or 10 or 22 or 23 => Unreachable("SQLite says: " + e.Message, e),
        _ => e,
    };

    private LedgerException Unreachable(string why, Exception e) =>
        new(LedgerFault.Unreachable, $"the ledger '{FullPath}' cannot be used.", why, ["Check path, permissions and free space, or name another one with --ledger FILE."], e);
}
