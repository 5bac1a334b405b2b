using DpSpark.Jobs.Ledger;

namespace DpSpark.Tests.Running;

/// <summary>A small job with its data in a folder of its own.</summary>
internal sealed class JobFolder : IDisposable
{
    public const string Manifest = """
        version: 1
        name: visits
        source:
          csv: visits.csv
          columns: { who: string, day: int, spend: double }
        privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
        partition_by: [day]
        keyset: { values: { day: [1, 2, 3] }, source: calendar }
        aggregates:
          - { count: "*", as: visits }
          - { sum: spend, min_value: 0, max_value: 10, as: spend }
        privacy: { epsilon: "1.0", delta: "0", noise: laplace }
        output: { path: out/, format: csv }
        ledger: { file: ledger.db, dataset: visits }

        """;

    private readonly TempFolder _folder = new();

    public JobFolder(string? manifest = null)
    {
        _folder.Write("job.yml", manifest ?? Manifest);
        _folder.Write("visits.csv", "who,day,spend\n" + string.Concat(Enumerable.Range(0, 60).Select(i => FormattableString.Invariant($"v{i % 25},{1 + (i % 3)},{i % 11}.5\n"))));
        Directory.CreateDirectory(_folder["tmp"]);
    }

    public string Path => _folder.Path;

    public string this[params string[] parts] => _folder[parts];

    public void Write(string name, string content) => _folder.Write(name, content);

    public void Write(string name, byte[] content) => _folder.Write(name, content);

    public void Edit(string from, string to)
    {
        var text = File.ReadAllText(this["job.yml"]);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(this["job.yml"], text.Replace(from, to, StringComparison.Ordinal));
    }

    public CommandLineRun Run(params string[] more) => CommandLineRun.In(Path, ["run", "--format", "json", "--temp", this["tmp"], .. more]);

    public IReadOnlyList<HistoryEntry> History()
    {
        using var ledger = BudgetLedger.Open(this["ledger.db"], LedgerOpenMode.Existing);
        return ledger.History("visits");
    }

    public DatasetBudget Budget()
    {
        using var ledger = BudgetLedger.Open(this["ledger.db"], LedgerOpenMode.Existing);
        return ledger.Show("visits");
    }

    /// <summary>Everything that an interrupted run might leave: hidden stages, old folders, secrets, locks, temporary files.</summary>
    public IEnumerable<string> Leavings() => Directory.EnumerateFileSystemEntries(Path).Select(p => System.IO.Path.GetFileName(p))
        .Where(n => n.StartsWith('.') || n.EndsWith(".secret", StringComparison.Ordinal) || n.EndsWith(".lock", StringComparison.Ordinal))
        .Concat(Directory.EnumerateFileSystemEntries(this["tmp"]));

    public void Dispose() => _folder.Dispose();
}
