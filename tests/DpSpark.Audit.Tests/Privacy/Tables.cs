namespace DpSpark.Audit.Tests.Privacy;

/// <summary>Rows for the audits.</summary>
internal static class Tables
{
    private const long AddedUnit = 1_000_000;

    /// <summary>Units with one row each in a key.</summary>
    internal static IEnumerable<AuditRow> Crowd(long key, int units, double real = 0, long whole = 0) =>
        Enumerable.Range(0, units).Select(u => new AuditRow((key * 1000) + u, key, real, whole));

    /// <summary>The added unit: the same rows in each of the keys 1 to <paramref name="keys"/>.</summary>
    internal static AuditRow[] Added(int keys, int rowsEach, double real = 0, long whole = 0) =>
        [.. Enumerable.Range(1, keys).SelectMany(k => Enumerable.Range(0, rowsEach).Select(_ => new AuditRow(AddedUnit, k, real, whole)))];

    internal static long[] Keys(int count) => [.. Enumerable.Range(1, count).Select(k => (long)k)];
}
