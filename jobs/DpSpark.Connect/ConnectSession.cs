using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;
using Google.Protobuf;

namespace DpSpark.Connect;

/// <summary>
/// A session on a Spark Connect server: settings, artifacts and temporary views belong to it. Several operations may run at once. It starts with the
/// first call and ends on the server when it is disposed.
/// </summary>
public sealed partial class ConnectSession : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly UserContext _user;
    private readonly Lock _lock = new();
    private string? _serverSession;
    private long _planIds = 1;
    private bool _used;
    private bool _disposed;

    /// <summary>Prepares a session. Nothing is sent yet.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="options">Limits; null for the default ones.</param>
    public ConnectSession(ConnectEndpoint endpoint, ConnectOptions? options = null)
    {
        Options = options ?? new();
        Id = endpoint.SessionId ?? Guid.NewGuid().ToString();
        _channel = new(endpoint, Options);
        _user = new() { UserId = endpoint.User, UserName = endpoint.User };
    }

    /// <summary>Id of the session.</summary>
    public string Id { get; }

    internal ConnectOptions Options { get; }

    /// <summary>Ends the session on the server, as far as it can be reached, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_used)
        {
            ReleaseSessionRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType };
            await TryAsync("ReleaseSession", request, ReleaseSessionResponse.Parser).ConfigureAwait(false);
        }

        _channel.Dispose();
    }

    /// <summary>Makes sure that an answer belongs to this session, and to the same life of the server as those before.</summary>
    internal void Check(string sessionId, string serverSession)
    {
        if (sessionId != Id)
        {
            throw RpcFailure.Protocol("An answer belongs to another session");
        }

        lock (_lock)
        {
            // Spark 3.5 sends no id of its own.
            if (serverSession.Length > 0 && serverSession != (_serverSession ??= serverSession))
            {
                throw new SparkConnectException(ConnectFault.SessionLost, "The Spark session is gone: the server was started anew.");
            }
        }
    }

    internal Task WaitAsync(int retry, TimeSpan? atLeast, CancellationToken cancellation)
    {
        var delay = Options.Retry.DelayBefore(retry, Random.Shared.NextDouble());
        return Task.Delay(atLeast > delay ? atLeast.Value : delay, Options.Time, cancellation);
    }

    /// <summary>The exception for a failure, with all that the server still knows about it.</summary>
    internal async Task<SparkConnectException> DescribeAsync(RpcFailure failure, string? operationId)
    {
        ErrorDetailsResponse? details = null;
        if (!failure.IsProtocol && ErrorReader.ErrorId(failure) is { } errorId)
        {
            ErrorDetailsRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType, ErrorId = errorId };
            if (Observed is { } observed)
            {
                request.ObservedServerSession = observed;
            }

            details = await TryAsync("FetchErrorDetails", request, ErrorDetailsResponse.Parser).ConfigureAwait(false);
        }

        return ErrorReader.Read(failure, operationId, details);
    }

    /// <summary>The server's id of the session, once it has told us.</summary>
    private string? Observed
    {
        get
        {
            lock (_lock)
            {
                return _serverSession;
            }
        }
    }

    private long NextPlanId() => Interlocked.Increment(ref _planIds);

    /// <summary>A call that may be repeated, with retries.</summary>
    private Task<TAnswer> CallAsync<TAnswer>(string method, IMessage request, MessageParser<TAnswer> parser, TimeSpan deadline, CancellationToken cancellation)
        where TAnswer : class, IMessage<TAnswer> =>
        RetryAsync(() => _channel.CallAsync(method, request, parser, deadline, cancellation), cancellation);

    private async Task<TAnswer> RetryAsync<TAnswer>(Func<Task<TAnswer>> call, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _used = true;
        for (var retry = 1; ; retry++)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (RpcFailure failure)
            {
                if (!ErrorReader.MayRetry(failure) || failure.IsOwnDeadline || retry > Options.Retry.MaxRetries)
                {
                    throw await DescribeAsync(failure, null).ConfigureAwait(false);
                }

                await WaitAsync(retry, failure.RetryAfter, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Checks an answer outside of a call; a fault becomes the exception that callers see.</summary>
    private void Verify(string sessionId, string serverSession)
    {
        try
        {
            Check(sessionId, serverSession);
        }
        catch (RpcFailure failure)
        {
            throw ErrorReader.Read(failure, null, null);
        }
    }

    /// <summary>A call that cleans up: one try, a short deadline, no failure. The server forgets by itself what we cannot tell it to forget.</summary>
    private async Task<TAnswer?> TryAsync<TAnswer>(string method, IMessage request, MessageParser<TAnswer> parser)
        where TAnswer : class, IMessage<TAnswer>
    {
        try
        {
            return await _channel.CallAsync(method, request, parser, Options.CleanupDeadline, CancellationToken.None).ConfigureAwait(false);
        }
        catch (RpcFailure)
        {
            return null;
        }
    }
}
