using System.Text.Json;
using System.Text.RegularExpressions;
using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect;

/// <summary>Turns a failed call into the exception that callers see. Only names and codes of the right form go into its message.</summary>
internal static partial class ErrorReader
{
    private const string Disconnected = "INVALID_CURSOR.DISCONNECTED";

    /// <summary>Whether the same call may work a moment later.</summary>
    public static bool MayRetry(RpcFailure failure) => !failure.IsProtocol
        && (failure.Code == GrpcCodes.Unavailable || failure.RetryAfter is not null || failure.IsOwnDeadline
            || failure.Code == GrpcCodes.Internal && failure.Text.Contains(Disconnected, StringComparison.Ordinal));

    /// <summary>Id under which the server keeps the whole error, if it does.</summary>
    public static string? ErrorId(RpcFailure failure) => failure.Info?.Metadata.GetValueOrDefault("errorId");

    /// <summary>The error class: from the details, or from the start of the message where an old server sends no more.</summary>
    public static string? ErrorClass(RpcFailure failure, ErrorDetailsResponse.Types.Throwable? details = null)
    {
        var named = details is { HasErrorClass: true } ? details.ErrorClass : failure.Info?.Metadata.GetValueOrDefault("errorClass");
        named ??= Bracketed().Match(failure.Text) is { Success: true } match ? match.Groups[1].Value : null;
        return named is not null && ClassName().IsMatch(named) ? named : null;
    }

    /// <summary>The exception for a failure.</summary>
    public static SparkConnectException Read(RpcFailure failure, string? operationId, ErrorDetailsResponse? details)
    {
        var root = details is { HasRoot: true } && details.Root >= 0 && details.Root < details.Errors.Count ? details.Errors[details.Root] : null;
        var errorClass = failure.IsProtocol ? null : ErrorClass(failure, root?.Throwable);
        var sqlState = root?.Throwable is { HasSqlState: true } ? root.Throwable.SqlState : failure.Info?.Metadata.GetValueOrDefault("sqlState");
        sqlState = sqlState is not null && SqlState().IsMatch(sqlState) ? sqlState : null;
        var fault = Fault(failure, errorClass);
        var what = fault == ConnectFault.Protocol
            ? What(fault) + ": " + failure.Text + "."
            : SparkConnectException.Describe(What(fault), errorClass, sqlState, failure.Code, operationId);
        return new(fault, what, failure.InnerException)
        {
            GrpcCode = failure.IsProtocol || failure.IsOwnDeadline ? 0 : failure.Code,
            ErrorClass = errorClass,
            SqlState = sqlState,
            OperationId = operationId,
            ServerException = failure.Info?.Reason is { } reason && ClassName().IsMatch(reason) ? reason : null,
            ServerMessage = root?.Message is { Length: > 0 } whole ? whole : failure.IsProtocol ? "" : failure.Text,
            MessageParameters = root?.Throwable is { Parameters.Count: > 0 } throwable ? new Dictionary<string, string>(throwable.Parameters) : Parameters(failure.Info),
        };
    }

    private static ConnectFault Fault(RpcFailure failure, string? errorClass) => failure switch
    {
        { IsProtocol: true } => ConnectFault.Protocol,
        _ when errorClass is "OPERATION_CANCELED" => ConnectFault.Cancelled,
        _ when errorClass is "INVALID_HANDLE.SESSION_CLOSED" or "INVALID_HANDLE.SESSION_CHANGED" or "INVALID_HANDLE.SESSION_NOT_FOUND" => ConnectFault.SessionLost,
        { Code: GrpcCodes.Cancelled } => ConnectFault.Cancelled,
        { Code: GrpcCodes.Unavailable } => ConnectFault.Unavailable,
        { Code: GrpcCodes.DeadlineExceeded } => ConnectFault.DeadlineExceeded,
        { Code: GrpcCodes.Unauthenticated or GrpcCodes.PermissionDenied } => ConnectFault.Unauthenticated,
        _ => ConnectFault.Rejected,
    };

    private static string What(ConnectFault fault) => fault switch
    {
        ConnectFault.Unavailable => "The Spark Connect server cannot be reached",
        ConnectFault.Unauthenticated => "The Spark Connect server does not accept the token or the connection",
        ConnectFault.DeadlineExceeded => "The Spark Connect server did not answer in time",
        ConnectFault.Cancelled => "The Spark operation was interrupted",
        ConnectFault.SessionLost => "The Spark session is gone",
        ConnectFault.Protocol => "The answer is not what Spark Connect allows",
        _ => "Spark refused or failed the request",
    };

    private static Dictionary<string, string> Parameters(ErrorInfo? info)
    {
        try
        {
            return info?.Metadata.GetValueOrDefault("messageParameters") is { } json ? JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [] : [];
        }
        catch (JsonException)
        {
            // The server cuts long metadata in the middle; what is left cannot be read.
            return [];
        }
    }

    [GeneratedRegex(@"^\s*\[([A-Z][A-Z0-9_]*(?:\.[A-Z][A-Z0-9_]*)*)\]")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.$]{0,199}\z")]
    private static partial Regex ClassName();

    [GeneratedRegex(@"^[0-9A-Z]{5}\z")]
    private static partial Regex SqlState();
}
