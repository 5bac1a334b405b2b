using System.Runtime.CompilerServices;
using DpSpark.Connect.Transport;
using DpSpark.Connect.Wire;
using Google.Protobuf;

namespace DpSpark.Connect;

public sealed partial class ConnectSession
{
    /// <summary>Bytes of one chunk, and the largest artifact that travels in one message.</summary>
    private const int ChunkBytes = 32 << 10;

    /// <summary>Sends artifacts to the session. Sending the same content under the same name again does no harm; other content is refused by Spark.</summary>
    /// <param name="artifacts">What to send.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SparkConnectException">The call failed, or something arrived damaged.</exception>
    public async Task AddArtifactsAsync(IReadOnlyList<SparkArtifact> artifacts, CancellationToken cancellation = default)
    {
        if (artifacts.Count == 0)
        {
            return;
        }

        var answer = await RetryAsync(
            () => _channel.CallAsync("AddArtifacts", c => Requests(artifacts, c), AddArtifactsResponse.Parser, Options.LongCallDeadline, cancellation),
            cancellation).ConfigureAwait(false);
        if (answer.SessionId.Length > 0)
        {
            Verify(answer.SessionId, answer.ServerSession);
        }

        var arrived = answer.Artifacts.Where(a => a.IsCrcSuccessful).Select(a => a.Name).ToHashSet();
        if (artifacts.FirstOrDefault(a => !arrived.Contains(a.Name)) is { } damaged)
        {
            throw ErrorReader.Read(RpcFailure.Protocol("artifact " + damaged.Name + " did not arrive whole"), null, null);
        }
    }

    /// <summary>Which artifacts the session has. Spark answers for blocks (<c>cache/…</c>) only.</summary>
    /// <param name="names">Names of artifacts.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>The names that are there.</returns>
    /// <exception cref="SparkConnectException">The call failed.</exception>
    public async Task<IReadOnlySet<string>> FindArtifactsAsync(IEnumerable<string> names, CancellationToken cancellation = default)
    {
        ArtifactStatusRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType, Names = { names } };
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        var answer = await CallAsync("ArtifactStatus", request, ArtifactStatusResponse.Parser, Options.CallDeadline, cancellation).ConfigureAwait(false);
        Verify(answer.SessionId, answer.ServerSession);
        return answer.Statuses.Where(s => s.Value.Exists).Select(s => s.Key).ToHashSet();
    }

    private AddArtifactsRequest NewArtifactsRequest()
    {
        AddArtifactsRequest request = new() { SessionId = Id, User = _user, ClientType = Options.ClientType };
        if (Observed is { } observed)
        {
            request.ObservedServerSession = observed;
        }

        return request;
    }

    /// <summary>Small artifacts share messages of at most a chunk; a larger one is announced and follows in chunks.</summary>
    private async IAsyncEnumerable<IMessage> Requests(IReadOnlyList<SparkArtifact> artifacts, [EnumeratorCancellation] CancellationToken cancellation)
    {
        AddArtifactsRequest.Types.Batch batch = new();
        var batched = 0L;
        foreach (var artifact in artifacts)
        {
            if (batched > 0 && batched + artifact.Length > ChunkBytes)
            {
                yield return Wrap(batch);
                batch = new();
                batched = 0;
            }

            var content = artifact.Open();
            await using (content.ConfigureAwait(false))
            {
                if (artifact.Length <= ChunkBytes)
                {
                    var chunk = await ChunkAsync(content, artifact.Length, cancellation).ConfigureAwait(false);
                    batch.Artifacts.Add(new AddArtifactsRequest.Types.Single { Name = artifact.Name, Data = chunk });
                    batched += Math.Max(1, artifact.Length);
                    continue;
                }

                var left = artifact.Length;
                for (var first = true; left > 0; first = false)
                {
                    var chunk = await ChunkAsync(content, Math.Min(left, ChunkBytes), cancellation).ConfigureAwait(false);
                    left -= chunk.Data.Length;
                    var request = NewArtifactsRequest();
                    if (first)
                    {
                        request.Begin = new() { Name = artifact.Name, TotalBytes = artifact.Length, Chunks = (artifact.Length + ChunkBytes - 1) / ChunkBytes, First = chunk };
                    }
                    else
                    {
                        request.Chunk = chunk;
                    }

                    yield return request;
                }
            }
        }

        if (batch.Artifacts.Count > 0)
        {
            yield return Wrap(batch);
        }
    }

    private AddArtifactsRequest Wrap(AddArtifactsRequest.Types.Batch batch)
    {
        var request = NewArtifactsRequest();
        request.Batch = batch;
        return request;
    }

    private static async Task<AddArtifactsRequest.Types.Chunk> ChunkAsync(Stream content, long length, CancellationToken cancellation)
    {
        var bytes = new byte[length];
        await content.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
        return new() { Data = UnsafeByteOperations.UnsafeWrap(bytes), Crc = Crc32.Of(bytes) };
    }
}
