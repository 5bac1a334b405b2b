using System.Runtime.InteropServices;
using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Hosting;

/// <summary>The process: reads its environment, chooses the transport, and leaves cleanly when it is told to.</summary>
internal static class WorkerProcess
{
    /// <summary>Runs until Spark has no more need of the process. Arguments are module names of Python and mean nothing here.</summary>
    /// <returns>The exit code.</returns>
    public static int Run()
    {
        var environment = WorkerEnvironment.Read(Environment.GetEnvironmentVariable, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (!environment.IsSimple && environment.Secret is null && environment.ListenFolder is null)
        {
            // Spark may ask for a version (-VV) before it starts a worker; a person gets a hint.
            Console.Error.WriteLine("dpspark-worker is started by Spark: let spark.sql.execution.pyspark.python name it.");
            return 0;
        }

        using IWorkerTransport transport = environment.IsSimple
            ? new SimpleTransport(environment, TimeProvider.System)
            : new DaemonTransport(environment, Console.OpenStandardInput(), Console.OpenStandardOutput(), TimeProvider.System);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => transport.Dispose());
        using var hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        return transport.Serve(new StageUdfHost(new WorkerSpillStore(environment.LocalFolders), environment.TaskMemoryBytes));
    }
}
