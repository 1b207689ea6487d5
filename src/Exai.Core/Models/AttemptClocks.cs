using Exai.Core.Providers;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Models;

/// <summary>
/// The clocks of one attempt: headers, first token, idle, stream. Each is a timer, so that none depends on data arriving; the first
/// that fires cancels the attempt and says which it was. (The connect clock is the HTTP handler's.) Thread-safe.
/// </summary>
internal sealed class AttemptClocks : IAttemptSignals, IDisposable
{
    private readonly AttemptClockLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancel;
    private readonly Lock _lock = new();
    private readonly long _started;
    private readonly ITimer _stream;
    private ITimer? _headers;
    private ITimer? _firstToken;
    private ITimer? _idle;
    private string? _fired;
    private TimeSpan _idleLimit;
    private TimeSpan? _connected;
    private long _lastSign;
    private bool _headersSeen;
    private bool _tokenSeen;
    private bool _disposed;

    public AttemptClocks(AttemptClockLimits limits, TimeProvider time, CancellationToken cancellationToken)
    {
        _limits = limits;
        _time = time;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _started = time.GetTimestamp();
        _idleLimit = limits.Idle;
        _stream = Start(Clocks.Stream, limits.Stream);
        _firstToken = Start(Clocks.FirstToken, limits.FirstToken);
        _headers = limits.Headers is { } headers ? Start(Clocks.Headers, headers) : null;
    }

    public CancellationToken Token => _cancel.Token;

    /// <summary>The clock that ended the attempt; null while none has.</summary>
    public string? Fired
    {
        get
        {
            lock (_lock)
            {
                return _fired;
            }
        }
    }

    public TimeSpan Elapsed => _time.GetElapsedTime(_started);

    public TimeSpan Limit(string clock) => clock switch
    {
        Clocks.Headers => _limits.Headers ?? _limits.FirstToken,
        Clocks.FirstToken => _limits.FirstToken,
        Clocks.Idle => _idleLimit,
        _ => _limits.Stream,
    };

    /// <summary>Time from the request to a connection that carries it; null while there is none, or with a client that does not tell.</summary>
    public TimeSpan? ConnectedAfter
    {
        get
        {
            lock (_lock)
            {
                return _connected;
            }
        }
    }

    /// <summary>Only noted: the connect clock belongs to the HTTP handler.</summary>
    public void Connected()
    {
        lock (_lock)
        {
            _connected ??= Elapsed;
        }
    }

    /// <summary>Whether the response's headers had come; without a dialect that tells, whether a token had.</summary>
    public bool HeadersSeen
    {
        get
        {
            lock (_lock)
            {
                return _headersSeen;
            }
        }
    }

    public void HeadersReceived()
    {
        lock (_lock)
        {
            _headersSeen = true;
            StopUnsynchronized(ref _headers);
        }
    }

    /// <summary>Comments keep the gap between tokens alive; they never replace the first token.</summary>
    public void BytesReceived()
    {
        lock (_lock)
        {
            RestartIdleUnsynchronized();
        }
    }

    /// <summary>A token arrived.</summary>
    /// <param name="thinking">Of reasoning or of a tool call: a model takes longer breaths there than in its answer.</param>
    public void TokenReceived(bool thinking)
    {
        lock (_lock)
        {
            _idleLimit = thinking ? _limits.IdleWhileThinking : _limits.Idle;
            _headersSeen = true;
            _tokenSeen = true;
            StopUnsynchronized(ref _headers);
            StopUnsynchronized(ref _firstToken);
            RestartIdleUnsynchronized();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _stream.Dispose();
            StopUnsynchronized(ref _headers);
            StopUnsynchronized(ref _firstToken);
            StopUnsynchronized(ref _idle);
        }

        _cancel.Dispose();
    }

    private ITimer Start(string clock, TimeSpan limit) => _time.CreateTimer(_ => Fire(clock), null, limit, Timeout.InfiniteTimeSpan);

    private void Fire(string clock)
    {
        lock (_lock)
        {
            if (_disposed || _fired is not null || IsPutOffUnsynchronized(clock))
            {
                return;
            }

            _fired = clock;
        }

        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The attempt ended in the same moment.
        }
    }

    /// <summary>A timer may fire in the moment in which it is stopped or set anew.</summary>
    private bool IsPutOffUnsynchronized(string clock)
    {
        switch (clock)
        {
            case Clocks.Headers:
                return _headersSeen;
            case Clocks.FirstToken:
                return _tokenSeen;
            case Clocks.Idle:
                var left = _idleLimit - _time.GetElapsedTime(_lastSign);
                if (left > TimeSpan.Zero)
                {
                    _idle?.Change(left, Timeout.InfiniteTimeSpan);
                }

                return left > TimeSpan.Zero;
            default:
                return false;
        }
    }

    /// <summary>The gap between tokens has no clock before the first one.</summary>
    private void RestartIdleUnsynchronized()
    {
        if (!_tokenSeen || _disposed || _fired is not null)
        {
            return;
        }

        _lastSign = _time.GetTimestamp();
        _idle ??= Start(Clocks.Idle, _idleLimit);
        _idle.Change(_idleLimit, Timeout.InfiniteTimeSpan);
    }

    private static void StopUnsynchronized(ref ITimer? timer)
    {
        timer?.Dispose();
        timer = null;
    }
}
