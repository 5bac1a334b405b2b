namespace DpSpark.Core.Stages;

/// <summary>Where a column of the record stands in the words of a carried row: behind the row's two key words.</summary>
internal static class RecordColumn
{
    /// <summary>Offset of the column's word, and the column's contract.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="name">Name of the column.</param>
    /// <exception cref="InvalidOperationException">The record has no such column, or the contract does not (DPS9004).</exception>
    public static (int Offset, ColumnSpec Column) Find(StageSpec spec, string? name)
    {
        for (var i = 0; i < spec.RecordColumns.Count; i++)
        {
            if (spec.RecordColumns[i] != name)
            {
                continue;
            }

            foreach (var column in spec.Columns)
            {
                if (column.Name == name)
                {
                    return (2 + i, column);
                }
            }
        }

        throw new InvalidOperationException("DPS9004: a column that is added up, listed or measured is not among the record columns.");
    }
}
