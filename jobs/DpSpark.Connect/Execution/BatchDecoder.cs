using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect.Execution;

/// <summary>Decodes the batches of one result and makes sure that none is missing, repeated or different in its columns.</summary>
internal sealed class BatchDecoder(int maxBytes)
{
    private readonly ArrowReaderOptions _limits = new() { MaxMetadataBytes = Math.Min(maxBytes, 16 << 20), MaxBodyBytes = Math.Min((int)Math.Min(8L * maxBytes, int.MaxValue), ArrowReaderOptions.Default.MaxBodyBytes) };
    private Schema? _schema;
    private long _rows;

    public RecordBatch Read(ExecutePlanResponse.Types.ArrowBatch message)
    {
        if (message.HasChunks && message.Chunks > 1)
        {
            throw Bad("a batch came in pieces, which was not agreed on");
        }

        if (message.HasStartOffset && message.StartOffset != _rows)
        {
            throw Bad("rows are missing or repeated");
        }

        RecordBatch? batch = null;
        try
        {
            using ArrowStreamReader reader = new(new MemoryStream(message.Data.ToByteArray(), writable: false), _limits);
            batch = reader.ReadNext() ?? throw Bad("a batch is missing");
            if (batch.Length != message.RowCount || reader.ReadNext() is not null)
            {
                throw Bad("a batch has another number of rows than it claims");
            }

            if (!Same((_schema ??= batch.Schema).Fields, batch.Schema.Fields))
            {
                throw Bad("the columns change between batches");
            }

            _rows += batch.Length;
            return batch;
        }
        catch (ArrowUnsupportedException e)
        {
            throw Bad("a column uses what this client does not read: " + e.Feature, e);
        }
        catch (ArrowFormatException e)
        {
            batch?.Dispose();
            throw Bad("a batch is not valid Arrow data", e);
        }
        catch
        {
            batch?.Dispose();
            throw;
        }
    }

    /// <summary>Called after the last batch. Even a result without rows has one batch, which carries the columns.</summary>
    public void Finish()
    {
        if (_schema is null)
        {
            throw Bad("the result has no batch");
        }
    }

    private static bool Same(IReadOnlyList<Field> left, IReadOnlyList<Field> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (left[i].Name != right[i].Name || left[i].Type != right[i].Type || left[i].Nullable != right[i].Nullable || !Same(left[i].Children, right[i].Children))
            {
                return false;
            }
        }

        return true;
    }

    private static SparkConnectException Bad(string what, Exception? inner = null) => ErrorReader.Read(RpcFailure.Protocol(what, inner), null, null);
}
