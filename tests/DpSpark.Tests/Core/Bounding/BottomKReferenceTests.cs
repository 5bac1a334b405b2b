using DpSpark.Core.Bounding;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Core.Bounding;

/// <summary>Properties of bounding on random small tables; the replay seed is fixed.</summary>
public class BottomKReferenceTests
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(20_261_121, 7);
    private static readonly BoundKey s_key = BoundKey.Derive(new byte[32], "release"u8);
    private static readonly Gen<int[]> s_rows = Gen.ArrayOf(Gen.Choose(0, (4 * 5 * 3) - 1));
    private static readonly Gen<(int[] Rows, int L1, int LInf, int L0)> s_cases =
        from rows in s_rows from l1 in Gen.Choose(1, 8) from lInf in Gen.Choose(1, 3) from l0 in Gen.Choose(1, 3) select (rows, l1, lInf, l0);

    [Fact]
    public void Bound_AnyTable_KeepsToAllBounds() => Prop.ForAll(s_cases.ToArbitrary(), c =>
    {
        IReadOnlyList<KeptRow<int>> kept = BottomKReference.Bound(Table(c.Rows), s_key, c.L1, c.LInf, c.L0);
        return kept.GroupBy(k => k.Row.Unit[0]).All(unit => unit.Count() <= c.L1
            && unit.Select(k => k.Row.Partition[0]).Distinct().Count() <= c.L0
            && unit.GroupBy(k => k.Row.Partition[0]).All(partition => partition.Count() <= c.LInf));
    }).Check(s_config);

    [Fact]
    public void Bound_RowsInAnotherOrder_KeepsTheSame() => Prop.ForAll(s_cases.ToArbitrary(), c =>
        Show(BottomKReference.Bound(Table(c.Rows), s_key, c.L1, c.LInf, c.L0))
            .SequenceEqual(Show(BottomKReference.Bound(Table([.. c.Rows.Reverse()]), s_key, c.L1, c.LInf, c.L0)))).Check(s_config);

    [Fact]
    public void Bound_OneUnitRemoved_LeavesAllOthersAsTheyWere() => Prop.ForAll(s_cases.ToArbitrary(), c =>
        Show(BottomKReference.Bound(Table(c.Rows), s_key, c.L1, c.LInf, c.L0)).Where(row => row.Unit != 0)
            .SequenceEqual(Show(BottomKReference.Bound(Table([.. c.Rows.Where(row => UnitOf(row) != 0)]), s_key, c.L1, c.LInf, c.L0)))).Check(s_config);

    [Fact]
    public void DropNonUnique_OneUnitAdded_CanRemoveAnothersRow_WhichIsWhyItIsForRowsOnly()
    {
        ReferenceRow<int> first = new([1], [9], [0], 0);
        ReferenceRow<int> second = new([2], [9], [0], 0);

        Assert.Single(BottomKReference.DropNonUnique([first]));
        Assert.Empty(BottomKReference.DropNonUnique([first, second]));
    }

    [Fact]
    public void Bound_AnotherRelease_ChoosesOtherRows()
    {
        ReferenceRow<int>[] rows = [.. Enumerable.Range(0, 200).Select(i => new ReferenceRow<int>([1], [(byte)i], [0], i))];

        var one = BottomKReference.Bound(rows, BoundKey.Derive(new byte[32], "a"u8), null, null, 20).Select(k => k.Row.Payload).ToHashSet();
        var other = BottomKReference.Bound(rows, BoundKey.Derive(new byte[32], "b"u8), null, null, 20).Select(k => k.Row.Payload).ToHashSet();

        Assert.Equal(20, one.Count);
        Assert.False(one.SetEquals(other));
    }

    private static int UnitOf(int row) => row / 15;

    private static IEnumerable<ReferenceRow<int>> Table(int[] rows) => rows.Select(row =>
        new ReferenceRow<int>([(byte)UnitOf(row)], [(byte)(row / 3 % 5)], [(byte)(row % 3)], row));

    private static IEnumerable<(int Unit, int Payload, ulong Occurrence)> Show(IReadOnlyList<KeptRow<int>> rows) =>
        rows.Select(k => ((int)k.Row.Unit[0], k.Row.Payload, k.Occurrence));
}
