using System.Text.Json;

namespace Exai.Simulator;

/// <summary>The words of <see cref="SimulatorRequest.Outcome"/>.</summary>
public static class SimulatorOutcome
{
    /// <summary>Not ended yet, a hang included.</summary>
    public const string Running = "running";

    /// <summary>Answered to the end.</summary>
    public const string Completed = "completed";

    /// <summary>The client closed the connection first.</summary>
    public const string ClientGone = "client_gone";

    /// <summary>The simulator closed the connection: a rule, or its own end.</summary>
    public const string Dropped = "dropped";

    /// <summary>Refused, or ended by an error object.</summary>
    public const string Error = "error";
}

/// <summary>
/// One request as it came in, and how far its answer has got. What came in never changes; <see cref="TokensSent"/>,
/// <see cref="Status"/> and <see cref="Outcome"/> are live. Safe to read from any thread.
/// </summary>
public sealed class SimulatorRequest
{
    private readonly Action _changed;
    private readonly TimeProvider _time;
    private long _endedAtTicks;
    private int _tokensSent;
    private int _status;
    private string _outcome = SimulatorOutcome.Running;

    internal SimulatorRequest(Action changed, TimeProvider time) => (_changed, _time) = (changed, time);

    /// <summary>1 for the first request of the server.</summary>
    public required int Number { get; init; }

    /// <summary><c>glm</c>, <c>kimi</c> or <c>openai</c>.</summary>
    public required string Dialect { get; init; }

    /// <summary>HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The path as asked for, with the base.</summary>
    public required string Path { get; init; }

    /// <summary>The model asked for; empty where the request names none.</summary>
    public required string Model { get; init; }

    /// <summary>The body verbatim; an empty object if there was none or it stayed unread (<see cref="SimulatorStage.ConnectAccepted"/>).</summary>
    public required JsonElement Body { get; init; }

    /// <summary>The Authorization header's text, for tests; null when missing. Never given out over HTTP.</summary>
    public required string? Authorization { get; init; }

    /// <summary>Whether the key was accepted.</summary>
    public required bool Authorized { get; init; }

    /// <summary>Whether a stream was asked for.</summary>
    public required bool Stream { get; init; }

    /// <summary>When it came in.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When it ended; null while it runs. An answer ends before its last byte is sent, a client's leaving when it is noticed.</summary>
    public DateTimeOffset? EndedAt => Interlocked.Read(ref _endedAtTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Tokens produced so far, reasoning included.</summary>
    public int TokensSent => Volatile.Read(ref _tokensSent);

    /// <summary>The HTTP status answered with; 0 before the headers.</summary>
    public int Status => Volatile.Read(ref _status);

    /// <summary>One of <see cref="SimulatorOutcome"/>.</summary>
    public string Outcome => Volatile.Read(ref _outcome);

    internal void Answering(int status)
    {
        Volatile.Write(ref _status, status);
        _changed();
    }

    internal void TokenSent()
    {
        Interlocked.Increment(ref _tokensSent);
        _changed();
    }

    /// <summary>The first end counts: a connection that breaks after the last byte does not unsay the answer.</summary>
    internal void End(string outcome)
    {
        if (Interlocked.CompareExchange(ref _endedAtTicks, _time.GetUtcNow().UtcTicks, 0) != 0)
            return;
        Volatile.Write(ref _outcome, outcome);
        _changed();
    }
}
