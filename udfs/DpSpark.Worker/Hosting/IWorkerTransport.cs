using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Hosting;

/// <summary>How Spark reaches this process: today the launcher protocol of Python workers, one day Spark's protocol for functions of any language. Disposing it, on any thread, removes what it left on this machine.</summary>
internal interface IWorkerTransport : IDisposable
{
    /// <summary>Serves tasks until Spark has no more need of the process.</summary>
    /// <param name="udfs">Runs the functions.</param>
    /// <returns>Exit code of the process.</returns>
    int Serve(IUdfHost udfs);
}
