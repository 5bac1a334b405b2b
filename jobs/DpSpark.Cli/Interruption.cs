using System.Runtime.InteropServices;

namespace DpSpark.Cli;

/// <summary>Turns Ctrl-C and SIGTERM into a cancelled token, and ends the process where that takes too long: a run is over within two seconds of the signal.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action? _exit;
    private Timer? _timer;
    private bool _isOver;

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

    /// <summary>How long the work may take to end after the first signal; a second one ends it at once.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1.7);

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Cancelled when nobody listens any more.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Acts as if a signal had come.</summary>
    public void Cancel()
    {
        lock (_ended)
        {
            if (!_isOver)
            {
                _source.Cancel();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _timer?.Dispose();
        lock (_ended)
        {
            _isOver = true;
        }

        // Whoever waits for the end wakes up here; the source of the token stays until it is collected, as they may still ask it.
        _ended.Cancel();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_timer is not null)
        {
            _exit!();
        }

        _timer = new Timer(_ => _exit!(), null, Patience, Timeout.InfiniteTimeSpan);
        _source.Cancel();
    }
}
