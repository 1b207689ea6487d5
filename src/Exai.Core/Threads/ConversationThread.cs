namespace Exai.Core.Threads;

/// <summary>One exchange: what was asked and what was answered. Stored once, with the outcome of its call.</summary>
public sealed record Turn
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public required string Question { get; init; }

    public required string Answer { get; init; }

    /// <summary>As <c>provider/id</c>, by which it can be asked again even if the catalogue does not know it.</summary>
    public required string Model { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>A conversation that goes on across tools, models, clients and restarts.</summary>
public sealed record ConversationThread(string ThreadId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<Turn> Turns);
