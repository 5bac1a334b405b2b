using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Tests.Core.Keys;

public class SipHash24Tests
{
    [Fact]
    public void Append_InAnyPieces_EqualsTheWhole()
    {
        byte[] message = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 37))];
        for (int length = 0; length <= message.Length; length++)
        {
            ulong whole = SipHash24.Hash(1, 2, message.AsSpan(0, length));
            for (int cut = 0; cut <= length; cut++)
            {
                var state = new SipHash24(1, 2);
                state.Append(message.AsSpan(0, cut));
                state.Append(message.AsSpan(cut, length - cut));
                Assert.Equal(whole, state.Finish());
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(81985529216486895)]
    public void AppendInt64Tuple_AfterAnyPrefix_EqualsItsEncoding(long value)
    {
        var writer = new KeyWriter();
        writer.WriteInt64(value);
        for (int prefix = 0; prefix < 9; prefix++)
        {
            var fast = new SipHash24(3, 4);
            fast.Append(new byte[prefix]);
            SipHash24 plain = fast;
            fast.AppendInt64Tuple(value);
            BoundKey.AppendTlv(ref plain, writer.Written);
            Assert.Equal(plain.Finish(), fast.Finish());
        }
    }

    [Fact]
    public void Finish_Called_LeavesTheStateAsItWas()
    {
        var state = new SipHash24(5, 6);
        state.Append("prefix"u8);

        ulong first = state.Finish();

        Assert.Equal(first, state.Finish());
    }
}
