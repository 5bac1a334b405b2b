namespace DpSpark.Arrow.Ipc;

/// <summary>Makes record batches of messages.</summary>
internal static class Batches
{
    /// <summary>Reads a batch whose disposal returns its memory.</summary>
    /// <param name="header">The RecordBatch table.</param>
    /// <param name="body">The message's body.</param>
    /// <param name="owner">Pooled block that the body lies in, or null.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="dictionaries">The dictionaries in force.</param>
    /// <param name="options">Limits.</param>
    public static RecordBatch Read(
        FlatTable header, ReadOnlyMemory<byte> body, AlignedBlock? owner, Schema schema, DictionaryStore dictionaries, ArrowReaderOptions options)
    {
        try
        {
            var columns = BatchReader.Read(header, body, schema.Fields, dictionaries, options, out var length, out var block);
            return new(schema, columns, length, () =>
            {
                owner?.Return();
                block?.Return();
            });
        }
        catch
        {
            owner?.Return();
            throw;
        }
    }
}
