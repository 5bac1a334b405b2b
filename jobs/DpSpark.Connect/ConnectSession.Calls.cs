using DpSpark.Connect.Plans;
using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect;

public sealed partial class ConnectSession
{
    /// <summary>The server's Spark version, such as <c>4.3.0</c>.</summary>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellation = default) =>
        (await AnalyzeAsync(new() { SparkVersion = new() }, cancellation).ConfigureAwait(false)).SparkVersion?.Text ?? throw Missing();

    /// <summary>Columns of a relation, as Spark's analyser sees them. Nothing is computed.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed; the relation may not make sense to Spark.</exception>
    public async Task<IReadOnlyList<SparkField>> SchemaAsync(SparkRelation relation, CancellationToken cancellation = default)
    {
        var answer = await AnalyzeAsync(new() { Schema = new() { Plan = PlanOf(relation) } }, cancellation).ConfigureAwait(false);
        return SparkTypes.FromWire(answer.Schema?.Type ?? throw Missing()).Fields;
    }

    /// <summary>Spark's description of how it would compute a relation. Holds names and expressions, so keep secrets out of those.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="mode">How much of it.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed; the relation may not make sense to Spark.</exception>
    public async Task<string> ExplainAsync(SparkRelation relation, ExplainMode mode = ExplainMode.Simple, CancellationToken cancellation = default)
    {
        var answer = await AnalyzeAsync(new() { Explain = new() { Plan = PlanOf(relation), Mode = (int)mode } }, cancellation).ConfigureAwait(false);
        return answer.Explain?.Text ?? throw Missing();
    }

    /// <summary>Paths of the files that a relation would read.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public async Task<IReadOnlyList<string>> InputFilesAsync(SparkRelation relation, CancellationToken cancellation = default)
    {
        var answer = await AnalyzeAsync(new() { InputFiles = new() { Plan = PlanOf(relation) } }, cancellation).ConfigureAwait(false);
        return answer.InputFiles?.Files_ ?? throw Missing();
    }

    /// <summary>Sets settings of the session. A setting that this version of Spark does not know is accepted all the same.</summary>
    /// <param name="settings">Names and values.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed; a setting may be fixed for the life of the server.</exception>
    public Task SetConfigAsync(IReadOnlyDictionary<string, string> settings, CancellationToken cancellation = default) =>
        ConfigAsync(new() { Set = new() { Pairs = { settings.Select(s => new KeyValue { Key = s.Key, Value = s.Value }) } } }, cancellation);

    /// <summary>Reads settings.</summary>
    /// <param name="names">The settings.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>A value for each name; null where there is none.</returns>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task<IReadOnlyDictionary<string, string?>> GetConfigAsync(IEnumerable<string> names, CancellationToken cancellation = default) =>
        ConfigAsync(new() { GetOption = new() { Keys_ = { names } } }, cancellation);

    /// <summary>Reads all settings whose names start alike.</summary>
    /// <param name="prefix">Start of the names; the answer has the names without it.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task<IReadOnlyDictionary<string, string?>> GetAllConfigAsync(string prefix, CancellationToken cancellation = default) =>
        ConfigAsync(new() { GetAll = new() { Prefix = prefix } }, cancellation);

    /// <summary>Takes settings of the session back.</summary>
    /// <param name="names">The settings.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task UnsetConfigAsync(IEnumerable<string> names, CancellationToken cancellation = default) =>
        ConfigAsync(new() { Unset = new() { Keys_ = { names } } }, cancellation);

    /// <summary>Interrupts one operation of the session.</summary>
    /// <param name="operationId">The operation.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>Ids of the operations that were interrupted.</returns>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task<IReadOnlyList<string>> InterruptAsync(string operationId, CancellationToken cancellation = default) =>
        InterruptAsync(new InterruptRequest { Type = 3, OperationId = operationId }, cancellation);

    /// <summary>Interrupts all operations of the session that carry a tag.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>Ids of the operations that were interrupted.</returns>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task<IReadOnlyList<string>> InterruptTagAsync(string tag, CancellationToken cancellation = default) =>
        InterruptAsync(new InterruptRequest { Type = 2, Tag = tag }, cancellation);

    /// <summary>Interrupts all operations of the session.</summary>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>Ids of the operations that were interrupted.</returns>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public Task<IReadOnlyList<string>> InterruptAllAsync(CancellationToken cancellation = default) =>
        InterruptAsync(new InterruptRequest { Type = 1 }, cancellation);

    private static SparkConnectException Missing() => ErrorReader.Read(RpcFailure.Protocol("The answer lacks what was asked for"), null, null);

    private async Task<AnalyzeResponse> AnalyzeAsync(AnalyzeRequest request, CancellationToken cancellation)
    {
        request.SessionId = Id;
        request.User = _user;
        request.ClientType = Options.ClientType;
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        var answer = await CallAsync("AnalyzePlan", request, AnalyzeResponse.Parser, Options.LongCallDeadline, cancellation).ConfigureAwait(false);
        Verify(answer.SessionId, answer.ServerSession);
        return answer;
    }

    private async Task<IReadOnlyDictionary<string, string?>> ConfigAsync(ConfigRequest.Types.Operation operation, CancellationToken cancellation)
    {
        ConfigRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType, Operation = operation };
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        var answer = await CallAsync("Config", request, ConfigResponse.Parser, Options.CallDeadline, cancellation).ConfigureAwait(false);
        Verify(answer.SessionId, answer.ServerSession);
        Dictionary<string, string?> values = [];
        foreach (var pair in answer.Pairs)
        {
            values[pair.Key] = pair.HasValue ? pair.Value : null;
        }

        return values;
    }

    private async Task<IReadOnlyList<string>> InterruptAsync(InterruptRequest request, CancellationToken cancellation)
    {
        Fill(request);
        var answer = await CallAsync("Interrupt", request, InterruptResponse.Parser, Options.CallDeadline, cancellation).ConfigureAwait(false);
        Verify(answer.SessionId, answer.ServerSession);
        return answer.Interrupted;
    }

    private void Fill(InterruptRequest request)
    {
        request.SessionId = Id;
        request.User = _user;
        request.ClientType = Options.ClientType;
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }
    }
}
