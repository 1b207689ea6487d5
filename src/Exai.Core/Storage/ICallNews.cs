using Exai.Core.Calls;

namespace Exai.Core.Storage;

/// <summary>
/// What other daemons on the same store say of calls, as soon as they say it. Hints only: what is missed is found by looking, as without it.
/// Thread-safe.
/// </summary>
public interface ICallNews : IAsyncDisposable
{
    /// <summary>Raised when somebody asked for calls to be cancelled that may be running here.</summary>
    event Action? CancelAsked;

    /// <summary>Tells what a call is doing that runs here; null for any other.</summary>
    Func<string, CallProgress?> Progress { set; }

    /// <summary>Whether another daemon has asked lately after a call that runs here; only then anybody hears of its end.</summary>
    bool IsAwaited(string callId);

    /// <summary>Ends when the call has ended in another daemon, or the time is over.</summary>
    /// <param name="report">Hears what the call is doing there.</param>
    Task WaitAsync(string callId, TimeSpan most, Action<CallProgress> report, CancellationToken cancellationToken);
}
