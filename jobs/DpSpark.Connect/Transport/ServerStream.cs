using Google.Protobuf;

namespace DpSpark.Connect.Transport;

/// <summary>The answers of one call, in order. Each wait has the call's deadline.</summary>
internal sealed class ServerStream<T>(HttpResponseMessage response, FrameReader frames, MessageParser<T> parser, CancellationTokenSource deadline) : IDisposable
    where T : class, IMessage<T>
{
    /// <summary>The next answer; null when the call ended well.</summary>
    public async Task<T?> NextAsync(CancellationToken cancellation)
    {
        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
            var answer = await frames.NextAsync(parser, linked.Token).ConfigureAwait(false);
            if (answer is null && !response.Headers.Contains(GrpcStatus.CodeName))
            {
                GrpcStatus.ThrowUnlessOk(response.TrailingHeaders);
            }

            return answer;
        }
        catch (Exception e) when (GrpcChannel.Translate(e, deadline.Token, cancellation) is { } failure)
        {
            throw failure;
        }
    }

    public void Dispose()
    {
        response.Dispose();
        deadline.Dispose();
    }
}
