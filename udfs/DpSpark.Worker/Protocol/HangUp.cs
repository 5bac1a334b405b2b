namespace DpSpark.Worker.Protocol;

/// <summary>Tells whether a peer has closed its side, even while bytes of it wait to be read.</summary>
internal interface IHangUp
{
    /// <summary>Whether the peer is gone.</summary>
    bool IsGone { get; }
}

/// <summary>A token that is cancelled when the peer hangs up: the only sign of a cancelled task while a step computes without reading or writing.</summary>
internal sealed class HangUpToken : IDisposable
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _source = new();
    private readonly IHangUp? _peer;
    private readonly Timer? _timer;
    private readonly Lock _gate = new();
    private bool _disposed;

    public HangUpToken(IHangUp? peer)
    {
        _peer = peer;
        _timer = peer is null ? null : new Timer(static self => ((HangUpToken)self!).Look(), this, s_every, s_every);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _source.Dispose();
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            if (!_disposed && _peer!.IsGone)
            {
                _source.Cancel();
            }
        }
    }
}
