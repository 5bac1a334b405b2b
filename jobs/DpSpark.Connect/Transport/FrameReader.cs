using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace DpSpark.Connect.Transport;

/// <summary>Takes a body apart into messages: one flag byte, a length of four bytes (big-endian), the message.</summary>
internal sealed class FrameReader(Stream body, int maxMessageBytes)
{
    private const int FirstPiece = 64 << 10;

    private readonly byte[] _prefix = new byte[5];

    /// <summary>Reads the next message; null at the end of the body.</summary>
    public async Task<T?> NextAsync<T>(MessageParser<T> parser, CancellationToken cancellation) where T : class, IMessage<T>
    {
        var got = await body.ReadAtLeastAsync(_prefix, _prefix.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (got == 0)
        {
            return null;
        }

        if (got < _prefix.Length)
        {
            throw RpcFailure.Network("The body ended inside a frame");
        }

        if (_prefix[0] != 0)
        {
            throw RpcFailure.Protocol("A message is compressed, which was not agreed on");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        if (length > (uint)maxMessageBytes)
        {
            throw RpcFailure.Protocol("A message is larger than allowed");
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, FirstPiece));
        try
        {
            // A length is only a claim: memory follows the bytes that have really come.
            for (var have = 0; have < (int)length;)
            {
                if (have == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, 4L * have));
                    buffer.AsSpan(0, have).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await body.ReadAsync(buffer.AsMemory(have, Math.Min(buffer.Length, (int)length) - have), cancellation).ConfigureAwait(false);
                have += read > 0 ? read : throw RpcFailure.Network("The body ended inside a message");
            }

            return parser.ParseFrom(buffer.AsSpan(0, (int)length));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw RpcFailure.Protocol("A message cannot be decoded", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
