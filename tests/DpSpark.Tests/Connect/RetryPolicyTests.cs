using DpSpark.Connect;

namespace DpSpark.Tests.Connect;

public sealed class RetryPolicyTests
{
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 200)]
    [InlineData(3, 800)]
    [InlineData(4, 3_450)]
    [InlineData(5, 13_050)]
    [InlineData(6, 51_450)]
    [InlineData(7, 60_250)]
    [InlineData(500, 60_250)]
    public void DelayBefore_EachRetry_GrowsToItsLimitWithJitterOnLongWaits(int retry, int milliseconds)
    {
        var delay = new RetryPolicy().DelayBefore(retry, 0.5);

        Assert.Equal(milliseconds, delay.TotalMilliseconds);
    }
}
