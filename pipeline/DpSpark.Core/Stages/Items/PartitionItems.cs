namespace DpSpark.Core.Stages.Items;

/// <summary>The combined items of one partition, for the release step.</summary>
public readonly ref struct PartitionItems
{
    private readonly AccumulatorTable? _table;
    private readonly int _entry;

    internal PartitionItems(AccumulatorTable table, int entry)
    {
        _table = table;
        _entry = entry;
    }

    /// <summary>The words of an item list, ascending; empty for a partition without data.</summary>
    /// <param name="item">Index into <see cref="StageSpec.Items"/>.</param>
    internal ReadOnlySpan<ulong> Of(int item) => _table is null ? [] : _table.ItemsOf(_entry, item);
}
