using System.Diagnostics;

namespace DpSpark.Testing.Spark;

/// <summary>Programs of Spark that tests start: they end when their input does.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Asks a program to end, and kills it with its children when it does not.</summary>
    /// <param name="process">The program; it is let go.</param>
    public static async Task StopAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(s_patience);
            try
            {
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        process.Dispose();
    }
}
