using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Stages;

/// <summary>Keys that came from elsewhere.</summary>
public sealed class PartitionKeyCodecTests
{
    private static readonly PartitionKeyCodec s_codec = new(
    [
        .. new[] { ColumnType.String, ColumnType.Bool, ColumnType.Long, ColumnType.Double, ColumnType.Date, ColumnType.Timestamp }.Select(t => new PartitionColumnSpec { Name = t.ToString(), Column = "c", KeyType = t }),
    ]);

    [Fact]
    public void IsKey_OfWhatWasEncoded_IsTrue()
    {
        Assert.True(s_codec.IsKey(s_codec.Encode(["ä", true, -1L, double.NaN, 5, 6L])));
        Assert.True(s_codec.IsKey(s_codec.Encode(["", false, null, null, null, null])));
        Assert.True(new PartitionKeyCodec([]).IsKey([]));
    }

    [Fact]
    public void IsKey_OfAnythingElse_IsFalse()
    {
        var key = s_codec.Encode(["ä", true, -1L, 0.5, 5, 6L]);
        for (var length = 0; length < key.Length; length++)
        {
            Assert.False(s_codec.IsKey(key.AsSpan(0, length)));
        }

        Assert.False(s_codec.IsKey([.. key, 0]));
        Assert.False(new PartitionKeyCodec([]).IsKey([0]));
        Assert.False(s_codec.IsKey([]));

        // Lengths that lie, tags of other types, a bool that is neither: the first element is 4 + 1 + 2 bytes, the payload of the bool the last of the next 6.
        foreach (var (at, value) in new[] { (0, 0xFF), (3, 0), (3, 4), (4, 2), (4, 0), (11, 4), (12, 2), (16, 8), (17, 3) })
        {
            var changed = key.ToArray();
            changed[at] = (byte)value;
            Assert.False(s_codec.IsKey(changed), $"byte {at} as {value}");
        }
    }
}
