using Exai.Core.Tokens;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Models;

/// <summary>One question to one model, or to whichever model fits.</summary>
public sealed record ModelQuestion
{
    /// <summary>A name, an alias, <c>provider/id</c>; null or <c>auto</c> lets the gateway choose.</summary>
    public string? Model { get; init; }

    /// <summary>Without a name: the model that the thread has been talking to.</summary>
    public string? ContinueWith { get; init; }

    /// <summary>What the tool is for; first in every request, byte for byte the same, so that prompt caches hit.</summary>
    public required string SystemPrompt { get; init; }

    /// <summary>Earlier exchanges, oldest first; the gateway drops the oldest if the model's window is too small.</summary>
    public IReadOnlyList<(string Question, string Answer)> History { get; init; } = [];

    public required string Prompt { get; init; }

    public ThinkingMode? Thinking { get; init; }

    public bool WebSearch { get; init; }

    /// <summary>Shown with the question as far as the model's window has room, most important first.</summary>
    public IReadOnlyList<QuestionFile> Files { get; init; } = [];

    public IReadOnlyList<QuestionImage> Images { get; init; } = [];

    /// <summary>Of earlier turns: shown to a model that sees them, and left out, with a word about it, for any other.</summary>
    public IReadOnlyList<QuestionImage> EarlierImages { get; init; } = [];

    /// <summary>The question cannot be answered without seeing images.</summary>
    public bool NeedsVision { get => field || Images.Count > 0; init; }

    public float? Temperature { get; init; }

    /// <summary>Whether another model may answer if this one fails; null leaves it to the settings.</summary>
    public FallbackMode? Fallback { get; init; }

    /// <summary>The models that may be asked; null for all.</summary>
    public ModelAllowance? Allowed { get; init; }

    /// <summary>Helps the provider find its prompt cache; the thread's id.</summary>
    public string? ConversationId { get; init; }
}

/// <summary>How hard the model should think; what a model cannot do is mapped to the nearest it can.</summary>
public enum ThinkingMode
{
    Minimal,
    Low,
    Medium,
    High,
    Max,
}

/// <summary>An answer, and the truth about how it came. Kept as a journaled step, so all of it survives a restart.</summary>
public sealed record ModelAnswer
{
    public required string Text { get; init; }

    public required string AskedModel { get; init; }

    public required string Model { get; init; }

    public required string Provider { get; init; }

    /// <summary>What was applied: the level of a model that has levels, else <c>on</c>, <c>off</c> or <c>default</c>.</summary>
    public required string Thinking { get; init; }

    /// <summary>The provider's word for why it stopped: stop, length …</summary>
    public required string FinishReason { get; init; }

    public bool Truncated => FinishReason == "length";

    public IReadOnlyList<AnswerSource> Sources { get; init; } = [];

    /// <summary>Exchanges of the thread that did not fit the model's window.</summary>
    public int DroppedTurns { get; init; }

    /// <summary>Paths of files that did not fit the model's window.</summary>
    public IReadOnlyList<string> LeftOutFiles { get; init => field = value ?? []; } = [];

    /// <summary>What the answer cost, those that failed before it included.</summary>
    public IReadOnlyList<ReceiptAttempt> Attempts { get; init => field = value ?? []; } = [];

    /// <summary>Models that were asked before it and did not answer.</summary>
    // The generated reader assigns null to members that the JSON leaves out.
    public IReadOnlyList<ReceiptFallback> Fallbacks { get; init => field = value ?? []; } = [];

    public long? FirstTokenMs { get; init; }

    /// <summary>Things the reader should know: a model the catalogue does not list, an argument that had no effect.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A page that a web search used.</summary>
public sealed record AnswerSource(string Title, string Link);
