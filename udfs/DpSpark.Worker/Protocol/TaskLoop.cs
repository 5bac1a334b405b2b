using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Protocol;

/// <summary>One connection after its handshake: task after task until Spark closes it.</summary>
internal sealed class TaskLoop
{
    private readonly WireReader _reader;
    private readonly WireWriter _writer;
    private readonly IUdfHost _udfs;
    private readonly WireOptions _options;
    private readonly TimeProvider _time;
    private readonly IHangUp? _hangUp;
    private readonly long _boot;

    public TaskLoop(WireReader reader, WireWriter writer, IUdfHost udfs, WireOptions options, TimeProvider time, IHangUp? hangUp)
    {
        _reader = reader;
        _writer = writer;
        _udfs = udfs;
        _options = options;
        _time = time;
        _hangUp = hangUp;
        _boot = Now();
    }

    /// <summary>Serves tasks until the connection ends. Never throws what a peer can cause.</summary>
    public void Run()
    {
        try
        {
            while (RunTask())
            {
            }
        }
        catch (ConnectionLostException)
        {
            // Cancelled, or Spark is gone: the owner closes the connection.
        }
    }

    /// <returns>Whether the connection can take another task.</returns>
    private bool RunTask()
    {
        ArrowStreamWriter? rows = null;
        try
        {
            var started = Now();
            if (TaskHeaderReader.Read(_reader) is not { } header)
            {
                return false;
            }

            using var cancel = new HangUpToken(_hangUp);
            using var input = new ArrowStreamReader(_reader, leaveOpen: true);
            var initialised = started;
            long spilled;
            var watch = _time.GetTimestamp();
            using (var udf = _udfs.Open(header, StructColumn.Inside(input.Schema)))
            {
                initialised = Now();
                foreach (var batch in udf.Run(Batches(input), cancel.Token))
                {
                    if (batch.Length == 0)
                    {
                        continue;
                    }

                    if (rows is null)
                    {
                        rows = new ArrowStreamWriter(_writer, StructColumn.Around(udf.Output), leaveOpen: true);
                        _writer.WriteInt32(Marker.ArrowStream);
                    }

                    rows.Write([StructColumn.Around(batch)], batch.Length);
                }

                spilled = udf.BytesSpilled;
            }

            // A step may stop before its input ends; Spark waits until all of it was taken.
            while (input.ReadNext() is { } rest)
            {
                rest.Dispose();
            }

            rows?.Finish();
            rows = null;
            WriteEnd(header.Wire, started, initialised, (long)_time.GetElapsedTime(watch).TotalMilliseconds, spilled);
            return Agree();
        }
        catch (ConnectionLostException)
        {
            throw;
        }
        catch (OperationCanceledException e)
        {
            throw new ConnectionLostException(e);
        }
        catch (Exception e)
        {
            Fail(e, rows);
            return false;
        }
    }

    private static IEnumerable<RecordBatch> Batches(ArrowStreamReader input)
    {
        var inner = StructColumn.Inside(input.Schema);
        while (input.ReadNext() is { } batch)
        {
            yield return StructColumn.Inside(inner, batch);
        }
    }

    private void WriteEnd(WireVersion wire, long started, long initialised, long processing, long spilled)
    {
        _writer.WriteInt32(Marker.Timing);
        _writer.WriteInt64(Math.Min(_boot, started));
        _writer.WriteInt64(initialised);
        _writer.WriteInt64(Now());
        if (wire >= WireVersion.V42)
        {
            _writer.WriteInt64(processing);
        }

        _writer.WriteInt64(spilled);
        _writer.WriteInt64(spilled);
        _writer.WriteInt32(Marker.EndOfData);
        _writer.WriteInt32(0);
        _writer.Send();
    }

    /// <summary>The last words of a task: both sides say that it is over, or this side says that the connection ends here.</summary>
    private bool Agree()
    {
        var agreed = _reader.ReadInt32("the end of the task") == Marker.EndOfStream;
        _writer.WriteInt32(agreed && !_options.Pipelined ? Marker.EndOfStream : Marker.EndOfData);
        _writer.Send();
        if (!agreed)
        {
            return false;
        }

        if (_options.Pipelined || !_options.Reuse)
        {
            _reader.Drain();
            return false;
        }

        return true;
    }

    private void Fail(Exception e, ArrowStreamWriter? rows)
    {
        var text = ErrorText.Of(ErrorText.Publishable(e), _options.MessageOnly);
        rows?.Finish();
        _writer.WriteInt32(Marker.Exception);
        _writer.WriteText(text);
        _writer.Send();
        _reader.Drain();
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>How a connection is used, from the environment of the process.</summary>
/// <param name="Reuse">Whether a connection takes more than one task.</param>
/// <param name="Pipelined">Whether Spark writes from a second thread.</param>
/// <param name="MessageOnly">Whether error texts are one line.</param>
internal sealed record WireOptions(bool Reuse, bool Pipelined, bool MessageOnly);
