namespace DpSpark.Jobs.Spark;

/// <summary>Waits for the client's tasks: a run is one thread that does one thing after another.</summary>
internal static class Blocking
{
    public static T Run<T>(Func<Task<T>> work)
    {
        try
        {
            return Task.Run(work).GetAwaiter().GetResult();
        }
        catch (Connect.SparkConnectException e)
        {
            throw SparkFaults.Of(e);
        }
    }

    public static void Run(Func<Task> work) => Run(async () =>
    {
        await work().ConfigureAwait(false);
        return true;
    });
}
