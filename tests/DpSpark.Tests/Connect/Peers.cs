using DpSpark.Connect;
using DpSpark.Connect.Wire;
using DpSpark.Testing;
using DpSpark.Testing.Connect;
using Google.Protobuf;

namespace DpSpark.Tests.Connect;

/// <summary>Sessions against a scripted server, and the messages that such a server sends.</summary>
internal static class Peers
{
    public const string Session = "8f9d9e59-1c6c-4b3b-a518-a988af0ce4ac";
    public const string Operation = "3baf1044-c206-4f3d-9ef0-1fe7b407eeb0";
    public const string Life = "8a069d3a-50ad-481b-b126-15a837bcd124";

    /// <summary>A session that waits for nothing: pauses before retries are over at once, deadlines only when the test moves the clock.</summary>
    public static ConnectSession Open(ScriptedConnectServer server, ManualTime? time = null, string keys = "", string? operation = Operation, int retries = 3) => new(
        ConnectEndpoint.Parse($"sc://127.0.0.1:{server.Port}/;session_id={Session};user_id=proto;{keys}"),
        new()
        {
            Time = time ?? new ManualTime { Skips = TimeSpan.FromSeconds(9) },
            Retry = new() { MaxRetries = retries },
            ClientType = "proto-go",
            NewOperationId = operation is null ? null : () => operation,
            MaxMessageBytes = 1 << 20,
        });

    public static byte[] Rows(string id, long start, params long[] values)
    {
        using MemoryStream stream = new();
        using (DpSpark.Arrow.Ipc.ArrowStreamWriter writer = new(stream, new([new("id", DpSpark.Arrow.ArrowType.Int64, false)]), leaveOpen: true))
        {
            writer.Write([DpSpark.Arrow.ArrowArrays.Int64(values)], values.Length);
            writer.Finish();
        }

        return Response(id, r => r.Batch = new() { RowCount = values.Length, StartOffset = start, Data = ByteString.CopyFrom(stream.ToArray()) });
    }

    public static byte[] Complete(string id) => Response(id, r => r.Complete = new());

    public static byte[] Response(string id, Action<ExecutePlanResponse> fill)
    {
        ExecutePlanResponse response = new() { SessionId = Session, ServerSession = Life, OperationId = Operation, ResponseId = id };
        fill(response);
        return response.ToByteArray();
    }

    public static byte[] Details(string errorClass, string? sqlState = null)
    {
        ErrorInfo info = new() { Reason = "org.apache.spark.SparkException", Domain = "org.apache.spark", Metadata = { ["errorClass"] = errorClass } };
        if (sqlState is not null)
        {
            info.Metadata["sqlState"] = sqlState;
        }

        return new Status { Code = 13, Details = { Google.Protobuf.WellKnownTypes.Any.Pack(info) } }.ToByteArray();
    }

    public static byte[] ToBytes(this IMessage message) => message.ToByteArray();

    /// <summary>An act that sends messages and ends well.</summary>
    public static Func<ScriptedCall, Task> Send(params byte[][] messages) => async call =>
    {
        foreach (var message in messages)
        {
            await call.SendAsync(message);
        }

        call.Finish();
    };

    /// <summary>An act that fails without a message.</summary>
    public static Func<ScriptedCall, Task> Fail(int code, string message = "", byte[]? details = null) => call =>
    {
        call.Fail(code, message, details);
        return Task.CompletedTask;
    };

    public static Func<ScriptedCall, Task> Do(Action<ScriptedCall> act) => call =>
    {
        act(call);
        return Task.CompletedTask;
    };
}
