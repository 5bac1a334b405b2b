namespace DpSpark.Core.Bounding;

/// <summary>One row for the reference implementations: canonical bytes of its unit, partition and record, and whatever the caller hangs on it.</summary>
/// <typeparam name="T">The caller's payload; a function of the record's bytes.</typeparam>
/// <param name="Unit">Canonical bytes of the unit.</param>
/// <param name="Partition">Canonical bytes of the partition.</param>
/// <param name="Record">Canonical bytes of all value columns that any aggregate uses.</param>
/// <param name="Payload">The payload.</param>
public sealed record ReferenceRow<T>(byte[] Unit, byte[] Partition, byte[] Record, T Payload);

/// <summary>A row that was kept.</summary>
/// <typeparam name="T">The caller's payload.</typeparam>
/// <param name="Row">The row.</param>
/// <param name="Occurrence">0, 1, 2, ... among byte-identical (unit, partition, record) triples of the input.</param>
public sealed record KeptRow<T>(ReferenceRow<T> Row, ulong Occurrence);

/// <summary>
/// Contribution bounding as it is defined, in row objects and sorts: the oracle that the columnar kernels are compared with. Steps run in the order L1, L-infinity, L0.
/// </summary>
/// <remarks>
/// Every step keeps the smallest (rank, bytes) of a group that lies within one unit, so what a unit keeps is a function of the multiset of its rows alone.
/// Guarantee: adding or removing one unit leaves all other units' kept rows unchanged, and a unit keeps at most L1 rows in all, L-infinity per partition, and L0 partitions,
/// whatever the quality of the hash. The result does not depend on the order of the rows.
/// Source: dp-math 2.3; bounding as such: Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020.
/// </remarks>
public static class BottomKReference
{
    /// <summary>Bounds a table.</summary>
    /// <typeparam name="T">The caller's payload.</typeparam>
    /// <param name="rows">The rows in any order.</param>
    /// <param name="key">The release's bounding key.</param>
    /// <param name="l1">Most rows per unit, or null.</param>
    /// <param name="lInf">Most rows per unit and partition, or null.</param>
    /// <param name="l0">Most partitions per unit, or null.</param>
    /// <returns>The kept rows, sorted by unit, partition, record and occurrence.</returns>
    public static IReadOnlyList<KeptRow<T>> Bound<T>(IEnumerable<ReferenceRow<T>> rows, BoundKey key, int? l1, int? lInf, int? l0)
    {
        ArgumentNullException.ThrowIfNull(rows);
        List<KeptRow<T>> kept = Number(rows);
        if (l1 is int most)
        {
            kept = KeepRows(kept, (row, occurrence) => key.RankRecord(BoundStep.L1, row.Unit, row.Partition, row.Record, occurrence), most, (a, b) => Compare(a.Unit, b.Unit));
        }

        if (lInf is int perPartition)
        {
            kept = KeepRows(kept, (row, occurrence) => key.RankRecord(BoundStep.LInf, row.Unit, row.Partition, row.Record, occurrence), perPartition, CompareUnitPartition);
        }

        return l0 is int partitions ? KeepPartitions(kept, key, partitions) : kept;
    }

    /// <summary>Keeps all rows of units with at most so many rows, and none of the others.</summary>
    /// <typeparam name="T">The caller's payload.</typeparam>
    /// <param name="rows">The rows in any order.</param>
    /// <param name="maxRows">Most rows of a unit that stays.</param>
    /// <remarks>Also a function of one unit at a time, hence as stable as keeping the smallest ranks, but biased: it removes the busiest units.</remarks>
    public static IReadOnlyList<KeptRow<T>> DropUnitsOverBound<T>(IEnumerable<ReferenceRow<T>> rows, int maxRows) =>
        DropGroups(Number(rows), (a, b) => Compare(a.Unit, b.Unit), maxRows);

    /// <summary>Keeps rows whose partition key occurs once in the whole table.</summary>
    /// <typeparam name="T">The caller's payload.</typeparam>
    /// <param name="rows">The rows in any order.</param>
    /// <remarks>Not a function of one unit: a new row removes another unit's row. Row-level privacy only, where it has stability 1.</remarks>
    public static IReadOnlyList<KeptRow<T>> DropNonUnique<T>(IEnumerable<ReferenceRow<T>> rows) =>
        DropGroups(Number(rows), (a, b) => Compare(a.Partition, b.Partition), 1);

    /// <summary>Unsigned lexicographic order of bytes.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">Another.</param>
    public static int Compare(byte[] a, byte[] b) => a.AsSpan().SequenceCompareTo(b);

    private static int CompareUnitPartition<T>(ReferenceRow<T> a, ReferenceRow<T> b)
    {
        int order = Compare(a.Unit, b.Unit);
        return order != 0 ? order : Compare(a.Partition, b.Partition);
    }

    private static int CompareRows<T>(ReferenceRow<T> a, ReferenceRow<T> b)
    {
        int order = CompareUnitPartition(a, b);
        return order != 0 ? order : Compare(a.Record, b.Record);
    }

    private static List<KeptRow<T>> Number<T>(IEnumerable<ReferenceRow<T>> rows)
    {
        var sorted = new List<ReferenceRow<T>>(rows);
        sorted.Sort(CompareRows);
        var numbered = new List<KeptRow<T>>(sorted.Count);
        for (int i = 0; i < sorted.Count; i++)
        {
            ulong occurrence = i > 0 && CompareRows(sorted[i - 1], sorted[i]) == 0 ? numbered[i - 1].Occurrence + 1 : 0;
            numbered.Add(new(sorted[i], occurrence));
        }

        return numbered;
    }

    private static List<KeptRow<T>> KeepRows<T>(
        List<KeptRow<T>> rows, Func<ReferenceRow<T>, ulong, ulong> rank, int most, Comparison<ReferenceRow<T>> groupOrder)
    {
        var ranked = new List<(ulong Rank, KeptRow<T> Kept)>(rows.Count);
        foreach (KeptRow<T> kept in rows)
        {
            ranked.Add((rank(kept.Row, kept.Occurrence), kept));
        }

        ranked.Sort((a, b) =>
        {
            int order = groupOrder(a.Kept.Row, b.Kept.Row);
            order = order != 0 ? order : a.Rank.CompareTo(b.Rank);
            order = order != 0 ? order : CompareRows(a.Kept.Row, b.Kept.Row);
            return order != 0 ? order : a.Kept.Occurrence.CompareTo(b.Kept.Occurrence);
        });
        var result = new List<KeptRow<T>>();
        int inGroup = 0;
        for (int i = 0; i < ranked.Count; i++)
        {
            inGroup = i > 0 && groupOrder(ranked[i - 1].Kept.Row, ranked[i].Kept.Row) == 0 ? inGroup + 1 : 0;
            if (inGroup < most)
            {
                result.Add(ranked[i].Kept);
            }
        }

        return Sorted(result);
    }

    private static List<KeptRow<T>> KeepPartitions<T>(List<KeptRow<T>> rows, BoundKey key, int most)
    {
        var result = new List<KeptRow<T>>();
        for (int start = 0; start < rows.Count;)
        {
            int end = start;
            var partitions = new List<(ulong Rank, byte[] Partition)>();
            while (end < rows.Count && Compare(rows[end].Row.Unit, rows[start].Row.Unit) == 0)
            {
                ReferenceRow<T> row = rows[end].Row;
                if (partitions.Count == 0 || Compare(partitions[^1].Partition, row.Partition) != 0)
                {
                    partitions.Add((key.RankPartition(BoundStep.L0, row.Unit, row.Partition), row.Partition));
                }

                end++;
            }

            partitions.Sort((a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : Compare(a.Partition, b.Partition));
            partitions.RemoveRange(Math.Min(most, partitions.Count), Math.Max(0, partitions.Count - most));
            for (; start < end; start++)
            {
                KeptRow<T> kept = rows[start];
                if (partitions.Exists(p => Compare(p.Partition, kept.Row.Partition) == 0))
                {
                    result.Add(kept);
                }
            }
        }

        return result;
    }

    private static List<KeptRow<T>> DropGroups<T>(List<KeptRow<T>> rows, Comparison<ReferenceRow<T>> groupOrder, int most)
    {
        rows.Sort((a, b) => groupOrder(a.Row, b.Row));
        var result = new List<KeptRow<T>>();
        for (int start = 0; start < rows.Count;)
        {
            int end = start;
            while (end < rows.Count && groupOrder(rows[start].Row, rows[end].Row) == 0)
            {
                end++;
            }

            if (end - start <= most)
            {
                result.AddRange(rows.GetRange(start, end - start));
            }

            start = end;
        }

        return Sorted(result);
    }

    private static List<KeptRow<T>> Sorted<T>(List<KeptRow<T>> rows)
    {
        rows.Sort((a, b) =>
        {
            int order = CompareRows(a.Row, b.Row);
            return order != 0 ? order : a.Occurrence.CompareTo(b.Occurrence);
        });
        return rows;
    }
}
