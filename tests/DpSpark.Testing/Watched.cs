namespace DpSpark.Testing;

/// <summary>Many cases of one kind, none of which may hang.</summary>
public static class Watched
{
    /// <summary>How long one case may take; they take milliseconds.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Whether full sizes are asked for (<c>DPSPARK_LONG=1</c>).</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1";

    /// <summary>Runs the cases one after another.</summary>
    /// <param name="cases">How many.</param>
    /// <param name="run">Runs one, by its number.</param>
    /// <exception cref="TimeoutException">One does not end; the message names it.</exception>
    public static async Task RunAsync(int cases, Func<int, Task> run)
    {
        var current = 0;
        var all = Task.Run(async () =>
        {
            for (var i = 0; i < cases; i++)
            {
                Volatile.Write(ref current, i);
                await run(i).ConfigureAwait(false);
            }
        });
        for (var seen = -1; await Task.WhenAny(all, Task.Delay(s_patience)).ConfigureAwait(false) != all;)
        {
            var at = Volatile.Read(ref current);
            seen = at != seen ? at : throw new TimeoutException($"case {at} does not end");
        }

        await all.ConfigureAwait(false);
    }
}
