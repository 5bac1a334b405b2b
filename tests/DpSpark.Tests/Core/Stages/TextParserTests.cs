using System.Globalization;
using System.Text;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Stages;

public sealed class TextParserTests
{
    [Theory]
    [InlineData("9:30AM", "h:mmtt", "1970-01-01T09:30:00Z")]
    [InlineData("9:30:15 PM", "h:mm:ss tt", "1970-01-01T21:30:15Z")]
    [InlineData("21:30", "t", "1970-01-01T21:30:00Z")]
    [InlineData("November 20", "M", "1970-11-20T00:00:00Z")]
    [InlineData("5", "%d", "1970-01-05T00:00:00Z")]
    [InlineData("20.11.", "dd.MM.", "1970-11-20T00:00:00Z")]
    [InlineData("0001-01-01 05:00", "yyyy-MM-dd HH:mm", "0001-01-01T05:00:00Z")]
    [InlineData("20.11.2026 23:59", "dd.MM.yyyy HH:mm", "2026-11-20T23:59:00Z")]
    public void TryTimestamp_FormatWithoutADate_TakesTheRestFromTheEpoch(string text, string format, string expected)
    {
        Assert.True(TextParser.TryTimestamp(Encoding.UTF8.GetBytes(text), format, out var microseconds));

        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), DateTimeOffset.UnixEpoch.AddTicks(microseconds * 10));
    }
}
