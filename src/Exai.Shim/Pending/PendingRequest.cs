using Exai.Shim.Files;
using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

internal enum PendingKind
{
    /// <summary>A <c>tools/call</c>: sent again after every reconnect, until it is answered.</summary>
    Call,

    /// <summary>A <c>tools/list</c>: answered from the cache when the daemon cannot.</summary>
    List,

    /// <summary>Anything else: fails when the link does, for nobody knows whether it may be repeated.</summary>
    Other,
}

/// <summary>A client's request that has not been answered. Belongs to the relay's one loop; not thread-safe.</summary>
/// <param name="isKnown">A daemon may have it already, from an earlier request.</param>
internal sealed class PendingRequest(
    RequestId id, PendingKind kind, ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> progressToken, long receivedAt, bool isKnown = false)
{
    private long? _undeliveredSince = receivedAt;
    private TimeSpan _undeliveredBefore;
    private (long At, TimeSpan RetryAfter)? _refused;
    private long? _lastProgressAt;

    public RequestId Id => id;

    public PendingKind Kind => kind;

    /// <summary>What is sent to a daemon, the same bytes each time.</summary>
    public ReadOnlyMemory<byte> Message => message;

    /// <summary>Raw JSON; empty when the client wants no progress.</summary>
    public ReadOnlyMemory<byte> ProgressToken => progressToken;

    /// <summary>A timestamp of the shim's clock.</summary>
    public long ReceivedAt => receivedAt;

    /// <summary>The call's identity in the journal; only of a <see cref="PendingKind.Call"/>.</summary>
    public string? CallId { get; init; }

    /// <summary>What goes before it on each connection; null for nothing.</summary>
    public CallFiles? Files { get; init; }

    /// <summary>A daemon may know it: it, or an earlier request for the same call, has been handed to a connection.</summary>
    public bool Sent { get; private set; } = isKnown;

    /// <summary>Only of a <see cref="PendingKind.Call"/>.</summary>
    public CallShape? Shape { get; init; }

    /// <summary>Who asks, where each request says it; null where the handshake did.</summary>
    public string? ClientName { get; init; }

    /// <summary>The longest that a <c>job_result</c> is to wait.</summary>
    public TimeSpan? WaitAsked { get; init; }

    /// <summary>It asks again what the client had given up, and so has that call's id.</summary>
    public bool Repeats { get; init; }

    /// <summary>The client was told its id as a job's: it is kept also when it is cancelled before a daemon had it.</summary>
    public bool IsPromised { get; init; }

    /// <summary>What a daemon said last of it.</summary>
    public string? LastNote { get; set; }

    /// <summary>The last progress value that the client got, for this call or for the one in whose place it is asked; the next one is greater.</summary>
    public double LastProgress { get; set; } = -1;

    /// <summary>The progress token that a request brings, as raw JSON: a string or a number; some clients write null for none.</summary>
    public static ReadOnlyMemory<byte> TokenOf(Envelope request)
    {
        var token = request.Param("_meta", "progressToken");
        return !token.IsEmpty && token.Span[0] is (byte)'"' or (byte)'-' or (>= (byte)'0' and <= (byte)'9') ? token : default;
    }

    /// <summary>How long in all no connection had it; null while one has it.</summary>
    public TimeSpan? Undelivered(TimeProvider time) => _undeliveredSince is { } since ? _undeliveredBefore + time.GetElapsedTime(since) : null;

    /// <summary>How long until it is sent again after a daemon had no room for it; null when none has said so.</summary>
    public TimeSpan? RoomIn(TimeProvider time) => _refused is { } refused ? refused.RetryAfter - time.GetElapsedTime(refused.At) : null;

    public void OnSent(TimeProvider time)
    {
        Sent = true;
        _refused = null;
        _undeliveredBefore = Undelivered(time) ?? _undeliveredBefore;
        _undeliveredSince = null;
    }

    /// <summary>The daemon had no room for it and has forgotten it.</summary>
    public void OnRefused(TimeSpan retryAfter, TimeProvider time)
    {
        Sent = false;
        _refused = (time.GetTimestamp(), retryAfter);
        OnUndeliverable(time);
    }

    public void OnUndeliverable(TimeProvider time) => _undeliveredSince ??= time.GetTimestamp();

    /// <summary>Whether a note of progress may go to the client, which then counts as sent: progress only rises, and comes at most once in its interval.</summary>
    public bool MayReport(double progress, TimeSpan interval, TimeProvider time)
    {
        if (progressToken.IsEmpty || progress <= LastProgress || (_lastProgressAt is { } last && time.GetElapsedTime(last) < interval))
        {
            return false;
        }

        LastProgress = progress;
        _lastProgressAt = time.GetTimestamp();
        return true;
    }
}
