using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect.Execution;

/// <summary>
/// The responses of one reattachable operation, each exactly once and in order, over as many streams as it takes. Disposing it before the end
/// interrupts the operation on the server.
/// </summary>
internal sealed class OperationStream(ConnectSession session, Plan plan, string operationId, ExecuteOptions options) : IAsyncDisposable
{
    // A stream that brings nothing and ends sooner than this is a fault, not the server's usual change of streams.
    private static readonly TimeSpan s_shortestStream = TimeSpan.FromSeconds(1);

    private ServerStream<ExecutePlanResponse>? _stream;
    private Task _release = Task.CompletedTask;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private string? _last;
    private bool _reattach;
    private bool _asked;
    private bool _brought;
    private bool _ended;
    private bool _failed;
    private int _retries;
    private int _unreleased;
    private long _opened;
    private long _heard = session.Options.Time.GetTimestamp();

    /// <summary>The next response; null after the one that completes the operation.</summary>
    public async Task<ExecutePlanResponse?> NextAsync(CancellationToken cancellation)
    {
        while (!_ended)
        {
            try
            {
                _stream ??= await OpenAsync(cancellation).ConfigureAwait(false);
                var response = await _stream.NextAsync(cancellation).ConfigureAwait(false);
                if (response is null)
                {
                    await ChangeStreamAsync(cancellation).ConfigureAwait(false);
                }
                else if (Take(response))
                {
                    return response;
                }
            }
            catch (RpcFailure failure)
            {
                CloseStream();
                if (!await MayGoOnAsync(failure, cancellation).ConfigureAwait(false))
                {
                    _failed = true;
                    throw await session.DescribeAsync(failure, operationId).ConfigureAwait(false);
                }
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        CloseStream();
        if (!_ended && !_failed)
        {
            await session.TryInterruptAsync(operationId).ConfigureAwait(false);
        }

        await _release.ConfigureAwait(false);
        await session.TryReleaseAsync(operationId, until: null).ConfigureAwait(false);
    }

    private async Task<ServerStream<ExecutePlanResponse>> OpenAsync(CancellationToken cancellation)
    {
        _opened = session.Options.Time.GetTimestamp();
        _brought = false;
        _asked = _reattach;
        if (!_reattach)
        {
            // Whatever happens to this call, the server may have seen it: from now on we ask for the operation before we start it again.
            _reattach = true;
            return await session.OpenExecuteAsync(plan, operationId, options.Tags, cancellation).ConfigureAwait(false);
        }

        var stream = await session.OpenReattachAsync(operationId, _last, cancellation).ConfigureAwait(false);
        options.Reattached?.Invoke();
        return stream;
    }

    private bool Take(ExecutePlanResponse response)
    {
        session.Check(response.SessionId, response.ServerSession);
        if (response.OperationId != operationId || response.ResponseId.Length == 0)
        {
            throw RpcFailure.Protocol("A response belongs to another operation");
        }

        _heard = session.Options.Time.GetTimestamp();
        if (response.ResponseId == _last)
        {
            return false;
        }

        // A server that tells the same story on every stream would be asked for the rest of it for ever.
        if (!_seen.Add(response.ResponseId))
        {
            throw RpcFailure.Protocol("A response came again");
        }

        _brought = true;
        _last = response.ResponseId;
        _retries = 0;
        if (response.KindCase == ExecutePlanResponse.KindOneofCase.Complete)
        {
            _ended = true;
            CloseStream();
            return false;
        }

        if (++_unreleased >= session.Options.ReleaseEvery && _release.IsCompleted)
        {
            _unreleased = 0;
            _release = session.TryReleaseAsync(operationId, _last);
        }

        return true;
    }

    /// <summary>The server ended a stream without completing the operation; it does so when a stream gets old or long.</summary>
    private async Task ChangeStreamAsync(CancellationToken cancellation)
    {
        CloseStream();
        if (session.Options.Time.GetElapsedTime(_opened) < s_shortestStream && !_brought)
        {
            await BackOffAsync(RpcFailure.Network("The server ends every stream at once"), cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> MayGoOnAsync(RpcFailure failure, CancellationToken cancellation)
    {
        if (ErrorReader.ErrorClass(failure) is "INVALID_HANDLE.OPERATION_NOT_FOUND" or "INVALID_HANDLE.SESSION_NOT_FOUND" && _last is null && _asked)
        {
            // The first call never arrived, so nothing runs twice when it is sent again.
            _reattach = false;
        }
        else if (!ErrorReader.MayRetry(failure))
        {
            return false;
        }

        if (session.Options.Time.GetElapsedTime(_heard) > session.Options.MaxSilence)
        {
            return false;
        }

        if (failure.IsOwnDeadline)
        {
            return true;
        }

        if (_retries >= session.Options.Retry.MaxRetries)
        {
            return false;
        }

        await BackOffAsync(failure, cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task BackOffAsync(RpcFailure failure, CancellationToken cancellation)
    {
        if (++_retries > session.Options.Retry.MaxRetries)
        {
            throw failure;
        }

        await session.WaitAsync(_retries, failure.RetryAfter, cancellation).ConfigureAwait(false);
    }

    private void CloseStream()
    {
        _stream?.Dispose();
        _stream = null;
    }
}
