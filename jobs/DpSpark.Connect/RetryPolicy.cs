namespace DpSpark.Connect;

/// <summary>When and how often a failed call is tried again.</summary>
public sealed record RetryPolicy
{
    /// <summary>Most tries after the first one, without an answer in between.</summary>
    public int MaxRetries { get; init; } = 15;

    /// <summary>Wait before the first retry.</summary>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Each wait is so many times the one before.</summary>
    public double Factor { get; init; } = 4;

    /// <summary>No wait is longer, jitter aside.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Most that is added to a long wait, so that many clients do not come back at once.</summary>
    public TimeSpan MaxJitter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits from this length on get jitter.</summary>
    public TimeSpan JitterFrom { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The wait before a retry.</summary>
    /// <param name="retry">1 for the first retry.</param>
    /// <param name="draw">From 0 to below 1; decides the jitter.</param>
    public TimeSpan DelayBefore(int retry, double draw)
    {
        var milliseconds = Math.Min(InitialDelay.TotalMilliseconds * Math.Pow(Factor, retry - 1), MaxDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(milliseconds >= JitterFrom.TotalMilliseconds ? milliseconds + draw * MaxJitter.TotalMilliseconds : milliseconds);
    }
}
