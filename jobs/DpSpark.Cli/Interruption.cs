using System.Runtime.InteropServices;

namespace DpSpark.Cli;

/// <summary>Turns Ctrl-C and SIGTERM into a cancelled token, and ends the process where that takes too long: a run is over within two seconds of the signal.</summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1.7);
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action? _exit;
    private Timer? _timer;

    /// <summary>Listens until disposed.</summary>
    /// <param name="exit">Ends the process at once; null where signals are not listened to.</param>
    public Interruption(Action? exit)
    {
        _exit = exit;
        if (exit is not null)
        {
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Acts as if a signal had come.</summary>
    public void Cancel() => _source.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _timer?.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _timer ??= new Timer(_ => _exit!(), null, s_patience, Timeout.InfiniteTimeSpan);
        _source.Cancel();
    }
}
