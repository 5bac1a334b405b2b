using DpSpark.Connect.Wire;
using Google.Protobuf;

namespace DpSpark.Connect.Transport;

/// <summary>gRPC status codes that matter here.</summary>
internal static class GrpcCodes
{
    public const int Ok = 0;
    public const int Cancelled = 1;
    public const int Unknown = 2;
    public const int DeadlineExceeded = 4;
    public const int NotFound = 5;
    public const int PermissionDenied = 7;
    public const int Unimplemented = 12;
    public const int Internal = 13;
    public const int Unavailable = 14;
    public const int Unauthenticated = 16;
}

/// <summary>One call failed: what the server, the network or our own checks said. Turned into a <see cref="SparkConnectException"/> before it leaves.</summary>
internal sealed class RpcFailure : Exception
{
    private RpcFailure(int code, string text, Exception? inner) : base("A call failed.", inner)
    {
        Code = code;
        Text = text;
    }

    /// <summary>gRPC status code.</summary>
    public int Code { get; }

    /// <summary>What the server wrote; may quote rows.</summary>
    public string Text { get; }

    /// <summary>Whether the answer broke the rules of the protocol; such a call is never repeated.</summary>
    public bool IsProtocol { get; private init; }

    /// <summary>Whether our own deadline ended the call.</summary>
    public bool IsOwnDeadline { get; private init; }

    /// <summary>Spark's part of the status details, if any came.</summary>
    public ErrorInfo? Info { get; private init; }

    /// <summary>The server asks to come back after this time.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    public static RpcFailure Protocol(string what, Exception? inner = null) => new(GrpcCodes.Internal, what, inner) { IsProtocol = true };

    public static RpcFailure Network(string what, Exception? inner = null) => new(GrpcCodes.Unavailable, what, inner);

    public static RpcFailure Security(Exception inner) => new(GrpcCodes.Unauthenticated, "The encrypted connection could not be set up", inner);

    public static RpcFailure Deadline() => new(GrpcCodes.DeadlineExceeded, "", null) { IsOwnDeadline = true };

    public static RpcFailure Http(int status) => new(
        status switch
        {
            401 => GrpcCodes.Unauthenticated,
            403 => GrpcCodes.PermissionDenied,
            404 => GrpcCodes.Unimplemented,
            429 or 502 or 503 or 504 => GrpcCodes.Unavailable,
            _ => GrpcCodes.Unknown,
        },
        "",
        null);

    /// <summary>Reads the status a server sent. Damaged details are dropped: code and message still say what happened.</summary>
    public static RpcFailure Server(int code, string message, string? detailsBase64)
    {
        ErrorInfo? info = null;
        TimeSpan? retryAfter = null;
        try
        {
            if (detailsBase64 is not null)
            {
                foreach (var detail in Status.Parser.ParseFrom(FromBase64(detailsBase64)).Details)
                {
                    if (detail.TypeUrl.EndsWith("google.rpc.ErrorInfo", StringComparison.Ordinal))
                    {
                        info = ErrorInfo.Parser.ParseFrom(detail.Value);
                    }
                    else if (detail.TypeUrl.EndsWith("google.rpc.RetryInfo", StringComparison.Ordinal))
                    {
                        var delay = RetryInfo.Parser.ParseFrom(detail.Value).RetryDelay;
                        retryAfter = TimeSpan.FromSeconds(Math.Clamp(delay?.Seconds ?? 0, 0, 3600));
                    }
                }
            }
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            info = null;
        }

        return new(code, message, null) { Info = info, RetryAfter = retryAfter };
    }

    private static byte[] FromBase64(string text) => Convert.FromBase64String(text.TrimEnd('=').PadRight((text.TrimEnd('=').Length + 3) / 4 * 4, '='));
}
