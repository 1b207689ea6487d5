namespace Exai.Simulator.Answers;

/// <summary>Token counts that agree with the pieces; completion includes reasoning, prompt includes cached.</summary>
internal sealed record UsageCount(int Prompt, int Completion, int Reasoning, int Cached)
{
    public int Total => Prompt + Completion;
}

/// <summary>A function call in place of an answer.</summary>
internal sealed record ToolCall(string Id, string Name, string Arguments, string Type = "function");

/// <summary>Everything an answer will say, known before its first byte; the dialect gives it its shape, the rule its pace.</summary>
internal sealed record Completion
{
    public required string Id { get; init; }

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<string> Reasoning { get; init; }

    public required IReadOnlyList<string> Answer { get; init; }

    /// <summary>Comes after the answer's pieces, which it mostly replaces; null in an ordinary answer.</summary>
    public required ToolCall? Call { get; init; }

    public required string FinishReason { get; init; }

    /// <summary>Null when the rule leaves usage out.</summary>
    public required UsageCount? Usage { get; init; }

    /// <summary>Whether the request asked for a usage chunk at the end of the stream.</summary>
    public required bool IncludeUsage { get; init; }

    /// <summary>Whether the request asked for web search with its sources.</summary>
    public required bool Sources { get; init; }

    /// <summary>One of <see cref="SimulatorSources"/>.</summary>
    public string SourcesAt { get; init; } = SimulatorSources.Chunk;

    public string ReasoningText => string.Concat(Reasoning);

    public string AnswerText => string.Concat(Answer);

    public int TokenCount => Reasoning.Count + Answer.Count;
}
