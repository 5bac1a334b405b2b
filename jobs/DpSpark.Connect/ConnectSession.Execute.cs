using System.Runtime.CompilerServices;
using DpSpark.Arrow;
using DpSpark.Connect.Execution;
using DpSpark.Connect.Plans;
using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect;

public sealed partial class ConnectSession
{
    /// <summary>Computes a relation and brings its rows here. Leaving the loop early, or cancelling, interrupts the operation on the server.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="options">How it runs; null for the usual.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Batches in Spark's order, each the caller's to dispose; at least one, which may be empty, so that the columns are known.</returns>
    /// <exception cref="SparkConnectException">The operation failed.</exception>
    public async IAsyncEnumerable<RecordBatch> CollectAsync(
        SparkRelation relation, ExecuteOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var operation = Start(PlanOf(relation), options);
        await using (operation.ConfigureAwait(false))
        {
            BatchDecoder decoder = new(Options.MaxMessageBytes);
            while (await operation.NextAsync(cancellation).ConfigureAwait(false) is { } response)
            {
                Report(response, options);
                if (response.Batch is { } batch)
                {
                    yield return decoder.Read(batch);
                }
            }

            decoder.Finish();
        }
    }

    /// <summary>Runs a command to its end. Cancelling interrupts it on the server.</summary>
    /// <param name="command">The command.</param>
    /// <param name="options">How it runs; null for the usual.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>For SQL the relation that holds its result; otherwise null.</returns>
    /// <exception cref="SparkConnectException">The operation failed.</exception>
    public async Task<SparkRelation?> RunAsync(SparkCommand command, ExecuteOptions? options = null, CancellationToken cancellation = default)
    {
        SparkRelation? result = null;
        var operation = Start(new() { Command = command.ToWire(NextPlanId) }, options);
        await using (operation.ConfigureAwait(false))
        {
            while (await operation.NextAsync(cancellation).ConfigureAwait(false) is { } response)
            {
                Report(response, options);
                if (response.SqlResult?.Relation is { } relation)
                {
                    result = SparkRelation.FromWire(relation);
                }
            }
        }

        return result;
    }

    internal Task<ServerStream<ExecutePlanResponse>> OpenExecuteAsync(Plan plan, string operationId, IReadOnlyList<string> tags, CancellationToken cancellation)
    {
        ExecutePlanRequest request = new()
        {
            SessionId = Id,
            User = _user,
            Plan = plan,
            ClientType = Options.ClientType,
            OperationId = operationId,
            Options = { new ExecutePlanRequest.Types.Option { Reattach = new() { Reattachable = true } } },
            Tags = { tags },
        };
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        return _channel.OpenAsync("ExecutePlan", request, ExecutePlanResponse.Parser, Options.StreamDeadline, cancellation);
    }

    internal Task<ServerStream<ExecutePlanResponse>> OpenReattachAsync(string operationId, string? lastResponseId, CancellationToken cancellation)
    {
        ReattachRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType, OperationId = operationId };
        if (lastResponseId is not null)
        {
            request.LastResponseId = lastResponseId;
        }

        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        return _channel.OpenAsync("ReattachExecute", request, ExecutePlanResponse.Parser, Options.StreamDeadline, cancellation);
    }

    /// <summary>Tells the server to forget an operation, or its responses up to one of them.</summary>
    internal Task TryReleaseAsync(string operationId, string? until)
    {
        ReleaseRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType, OperationId = operationId };
        if (until is null)
        {
            request.All = new();
        }
        else
        {
            request.Until = new() { ResponseId = until };
        }

        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        return TryAsync("ReleaseExecute", request, ReleaseResponse.Parser);
    }

    internal Task TryInterruptAsync(string operationId)
    {
        InterruptRequest request = new() { Type = 3, OperationId = operationId };
        Fill(request);
        return TryAsync("Interrupt", request, InterruptResponse.Parser);
    }

    private static void Report(ExecutePlanResponse response, ExecuteOptions? options)
    {
        if (options?.Progress is { } tell && response.Progress is { } progress)
        {
            tell(new(
                progress.Stages.Sum(s => s.Tasks), progress.Stages.Sum(s => s.CompletedTasks), progress.RunningTasks, progress.Stages.Sum(s => s.InputBytes)));
        }
    }

    private Plan PlanOf(SparkRelation relation) => new() { Root = relation.ToWire(NextPlanId) };

    private OperationStream Start(Plan plan, ExecuteOptions? options)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _used = true;
        var operationId = Options.NewOperationId?.Invoke() ?? Guid.NewGuid().ToString();
        options?.Started?.Invoke(operationId);
        return new(this, plan, operationId, options ?? new());
    }
}
