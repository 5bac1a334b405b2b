using System.Text;
using System.Text.Json;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>The functions of the recorded conversations: give back, take everything, fail at a row. A command that is none of ours gives back.</summary>
internal sealed class RecordedUdfs : IUdfHost
{
    /// <summary>Tasks opened.</summary>
    public List<TaskHeader> Headers { get; } = [];

    public long RowsRead { get; private set; }

    public IUdf Open(TaskHeader header, Schema input)
    {
        Headers.Add(header);
        return new Udf(this, header.Command, input);
    }

    private sealed class Udf : IUdf
    {
        private readonly RecordedUdfs _owner;
        private readonly string _kernel = "identity";
        private readonly long _failAt = long.MaxValue;

        public Udf(RecordedUdfs owner, byte[] command, Schema input)
        {
            _owner = owner;
            Output = input;
            if (command[0] == '{')
            {
                try
                {
                    using var parsed = JsonDocument.Parse(Encoding.UTF8.GetString(command));
                    _kernel = parsed.RootElement.GetProperty("kernel").GetString()!;
                    _failAt = parsed.RootElement.TryGetProperty("at_row", out var row) ? row.GetInt64() : long.MaxValue;
                }
                catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
                {
                    throw new DataContractException("DPS5998", "a command that cannot be read");
                }
            }
        }

        public Schema Output { get; }

        public long BytesSpilled => 0;

        public IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
        {
            long rows = 0;
            foreach (var batch in input)
            {
                using (batch)
                {
                    rows += batch.Length;
                    _owner.RowsRead += batch.Length;
                    if (rows > _failAt)
                    {
                        throw new DataContractException("DPS5999", "failed as it was asked to");
                    }

                    if (_kernel is "identity" or "fail")
                    {
                        yield return new RecordBatch(Output, batch.Columns, batch.Length);
                    }
                }
            }
        }

        public void Dispose()
        {
        }
    }
}
