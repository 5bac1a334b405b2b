using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace DpSpark.Connect.Transport;

/// <summary>The body of a request: messages, each with its prefix, made while they are sent.</summary>
internal sealed class FrameContent : HttpContent
{
    private static readonly MediaTypeHeaderValue s_type = new("application/grpc");

    private readonly Func<CancellationToken, IAsyncEnumerable<IMessage>> _messages;

    public FrameContent(Func<CancellationToken, IAsyncEnumerable<IMessage>> messages)
    {
        _messages = messages;
        Headers.ContentType = s_type;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await foreach (var message in _messages(cancellationToken).ConfigureAwait(false))
        {
            var frame = new byte[5 + message.CalculateSize()];
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)(frame.Length - 5));
            message.WriteTo(frame.AsSpan(5));
            await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
