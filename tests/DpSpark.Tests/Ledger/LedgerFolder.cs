using System.Text;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Testing;

namespace DpSpark.Tests.Ledger;

/// <summary>A folder of its own for a ledger, and requests to put into it.</summary>
internal sealed class LedgerFolder : IDisposable
{
    public LedgerFolder() => Directory.CreateDirectory(Root);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), "dpspark-ledger-" + Path.GetRandomFileName());

    public string File => Path.Combine(Root, "ledger.db");

    public ManualTime Time { get; } = new(new(2026, 11, 20, 14, 2, 7, TimeSpan.Zero));

    public BudgetLedger Open(LedgerOpenMode mode = LedgerOpenMode.OpenOrCreate, TimeSpan wait = default) => BudgetLedger.Open(File, mode, wait, Time);

    public static ReservationRequest Request(string key = "k1", string epsilon = "1", string delta = "1e-9", string dataset = "d", string? job = null, string input = "in1") => new()
    {
        ReleaseKey = key,
        JobHash = job ?? "job-of-" + key,
        JobName = "visits",
        InputFingerprint = input,
        Dataset = dataset,
        Epsilon = ExactDecimal.Parse(epsilon),
        Delta = ExactDecimal.Parse(delta),
        Principal = "svc",
        RunId = "run-1",
    };

    public static void Finish(IReservation reservation, byte[]? copy = null)
    {
        reservation.MarkRunning();
        reservation.MarkStaged("out.stage", "sha", "{\"r\":1}");
        reservation.Commit("sha", "{\"r\":2}", copy);
        reservation.Dispose();
    }

    public void Commit(ReservationRequest request, byte[]? copy = null)
    {
        using var ledger = Open();
        Finish(ledger.Reserve(request).Reservation!, copy);
    }

    /// <summary>What the disk would hold if the process died now: a copy of every file, locks not held.</summary>
    public LedgerFolder Snapshot()
    {
        var copy = new LedgerFolder();
        foreach (var path in Directory.EnumerateFiles(Root))
        {
            System.IO.File.WriteAllBytes(Path.Combine(copy.Root, Path.GetFileName(path)), Bytes(path));
        }

        return copy;
    }

    /// <summary>Files in which the secret stands, as bytes or as text.</summary>
    public List<string> FilesWith(byte[] secret)
    {
        byte[][] forms = [secret, Encoding.ASCII.GetBytes(Convert.ToHexString(secret)), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret)), Encoding.ASCII.GetBytes(Convert.ToBase64String(secret)), secret[..16], secret[16..]];
        return [.. Directory.EnumerateFiles(Root).Where(p => forms.Any(f => Bytes(p).AsSpan().IndexOf(f) >= 0)).Select(p => Path.GetFileName(p))];
    }

    public List<string> Names() => [.. Directory.EnumerateFiles(Root).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>Content of a file; lock files are empty, and cannot be opened while they are held.</summary>
    private static byte[] Bytes(string path)
    {
        if (new FileInfo(path).Length == 0)
        {
            return [];
        }

        using var handle = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[RandomAccess.GetLength(handle)];
        _ = RandomAccess.Read(handle, bytes, 0);
        return bytes;
    }
}
