using System.Text;

namespace DpSpark.Connect;

/// <summary>What kind of trouble a call ended in.</summary>
public enum ConnectFault
{
    /// <summary>Spark refused or failed the request; error class and SQLSTATE say why, where the server sends them.</summary>
    Rejected,

    /// <summary>The server could not be reached, or the connection broke and stayed broken.</summary>
    Unavailable,

    /// <summary>The token is missing or wrong, or TLS could not be agreed on.</summary>
    Unauthenticated,

    /// <summary>The server did not answer in time.</summary>
    DeadlineExceeded,

    /// <summary>The operation was interrupted, by this client or another one.</summary>
    Cancelled,

    /// <summary>The session, or the whole server, is not the one this client talked to before: its settings and artifacts are gone.</summary>
    SessionLost,

    /// <summary>What came back is not what the protocol allows: damaged, out of order, or not from a Spark Connect server.</summary>
    Protocol,
}

/// <summary>A call to Spark failed. The message holds only codes and names; what Spark itself wrote may quote rows and stays in <see cref="ServerMessage"/>.</summary>
public sealed class SparkConnectException : Exception
{
    internal SparkConnectException(ConnectFault fault, string what, Exception? inner = null) : base(what, inner) => Fault = fault;

    /// <summary>What kind of trouble.</summary>
    public ConnectFault Fault { get; }

    /// <summary>gRPC status code; 0 where the fault was found on this side.</summary>
    public int GrpcCode { get; internal init; }

    /// <summary>Spark's error class, such as <c>TABLE_OR_VIEW_NOT_FOUND</c>; null where there is none.</summary>
    public string? ErrorClass { get; internal init; }

    /// <summary>Spark's SQLSTATE of five characters; null where there is none.</summary>
    public string? SqlState { get; internal init; }

    /// <summary>Id of the operation on the server; null for calls that are not operations.</summary>
    public string? OperationId { get; internal init; }

    /// <summary>Class of the exception on the server, such as <c>org.apache.spark.sql.AnalysisException</c>; null where the server does not say.</summary>
    public string? ServerException { get; internal init; }

    /// <summary>What Spark wrote, uncut where it could be fetched. May quote rows: never for logs, messages or screens.</summary>
    public string ServerMessage { get; internal init; } = "";

    /// <summary>Parameters of the error class, and for a failing worker its text under <c>traceback</c>. May quote rows, like <see cref="ServerMessage"/>.</summary>
    public IReadOnlyDictionary<string, string> MessageParameters { get; internal init; } = new Dictionary<string, string>();

    internal static string Describe(string what, string? errorClass, string? sqlState, int code, string? operationId)
    {
        var text = new StringBuilder(what);
        text.Append(": ").Append(errorClass ?? "gRPC status " + code.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (sqlState is not null)
        {
            text.Append(" (").Append(sqlState).Append(')');
        }

        if (operationId is not null)
        {
            text.Append(" in operation ").Append(operationId);
        }

        return text.Append('.').ToString();
    }
}
