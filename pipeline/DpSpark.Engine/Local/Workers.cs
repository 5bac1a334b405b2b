using System.Runtime.ExceptionServices;

namespace DpSpark.Engine.Local;

/// <summary>Runs the same work on several threads; the first failure stops the others and is thrown.</summary>
internal static class Workers
{
    public static void Run(int threads, Action<int, CancellationToken> work, CancellationToken cancellationToken)
    {
        if (threads == 1)
        {
            work(0, cancellationToken);
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? first = null;
        void Guarded(int index)
        {
            try
            {
                work(index, stop.Token);
            }
            catch (Exception e)
            {
                // Whatever it is, it is thrown again below, on the caller's thread.
                Interlocked.CompareExchange(ref first, e, null);
                stop.Cancel();
            }
        }

        var others = new Thread[threads - 1];
        for (var i = 0; i < others.Length; i++)
        {
            var index = i + 1;
            others[i] = new Thread(() => Guarded(index), 16 * 1024 * 1024) { IsBackground = true, Name = "dpspark-" + index };
            others[i].Start();
        }

        Guarded(0);
        foreach (var thread in others)
        {
            thread.Join();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (first is not null)
        {
            ExceptionDispatchInfo.Capture(first).Throw();
        }
    }
}
