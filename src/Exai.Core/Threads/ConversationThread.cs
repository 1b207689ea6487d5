using System.Text.Json.Serialization;
using Exai.Core.Tools.Files;

namespace Exai.Core.Threads;

/// <summary>One exchange: what was asked and what was answered. Stored once, with the outcome of its call.</summary>
public sealed record Turn
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public required string Question { get; init; }

    public required string Answer { get; init; }

    /// <summary>As <c>provider/id</c>, by which it can be asked again even if the catalogue does not know it; empty when no model was asked.</summary>
    public required string Model { get; init; }

    /// <summary>What the tool keeps of it for the next call, as JSON of its own; null for nothing.</summary>
    public string? State { get; init; }

    /// <summary>The files that it showed to the model, without their contents.</summary>
    public IReadOnlyList<FileReference> Files { get; init; } = [];

    public required DateTimeOffset At { get; init; }
}

/// <summary>A thread in a list of them.</summary>
/// <param name="Title">Its first question.</param>
/// <param name="Tools">The tools that took part, in alphabetical order.</param>
public sealed record ThreadSummary(string ThreadId, string Title, int Turns, IReadOnlyList<string> Tools, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A conversation that goes on across tools, models, clients and restarts.</summary>
public sealed record ConversationThread(string ThreadId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<Turn> Turns)
{
    /// <summary>The named token that began it; null for the owner's. Only that token and the owner can go on with it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    /// <summary>The model that answered last; null when none has.</summary>
    public string? LastModel => Turns.LastOrDefault(turn => turn.Model.Length > 0)?.Model;

    /// <summary>The exchanges as a model reads them, oldest first.</summary>
    public IReadOnlyList<(string Question, string Answer)> History(Func<Turn, bool>? without = null) =>
        [.. Turns.Where(turn => without?.Invoke(turn) != true).Select(turn => (turn.Question, turn.Answer))];
}
