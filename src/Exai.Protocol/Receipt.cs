namespace Exai.Protocol;

/// <summary>
/// The truth about one answer: <c>_meta["exai/receipt"]</c>, <c>exai ask --json</c>. Camel-case JSON; times in milliseconds of wall time.
/// </summary>
public sealed record Receipt
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>succeeded | failed | cancelled | interrupted.</summary>
    public required string State { get; init; }

    /// <summary>How many times a daemon ran the call; above 1 after a daemon died under it.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>none | attached (joined while running) | rerun (asked again) | replayed (stored answers, provider not asked again).</summary>
    public string Recovered { get; init; } = RecoveredHow.None;

    /// <summary>False when the outcome could not be written to the store before it was sent.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>The model that the caller named; <c>auto</c> when none was.</summary>
    public string? AskedModel { get; init; }

    /// <summary>The model that answered.</summary>
    public string? Model { get; init; }

    public string? Provider { get; init; }

    /// <summary>The thinking that was really switched on: <c>off</c>, <c>on</c>, an effort, or null when no model was asked.</summary>
    public string? Thinking { get; init; }

    public IReadOnlyList<ReceiptFallback> Fallbacks { get; init; } = [];

    public IReadOnlyList<ReceiptAttempt> Attempts { get; init; } = [];

    /// <summary>What this call has taught about the providers' limits, in order; empty when nothing.</summary>
    public IReadOnlyList<ReceiptLimit> Limits { get; init; } = [];

    /// <summary>How long its attempts waited for their permits, those included that gave up waiting.</summary>
    public long QueueMs { get; init; }

    public long? FirstTokenMs { get; init; }

    /// <summary>From acceptance to outcome, downtime of the daemon included.</summary>
    public long TotalMs { get; init; }

    /// <summary>Sum over all attempts.</summary>
    public ReceiptTokens Tokens { get; init; } = new();

    /// <summary>US dollars; null when the price is not known.</summary>
    public decimal? CostUsd { get; init; }

    public string? ThreadId { get; init; }

    /// <summary>What became of each question, when a tool asked several models; null otherwise.</summary>
    public IReadOnlyList<ReceiptPart>? Parts { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>One question of a call that asked several models. <c>State</c> is succeeded or failed, <c>Code</c> the error of a failed one.</summary>
public sealed record ReceiptPart(string AskedModel, string State)
{
    public string? Stance { get; init; }

    public string? Code { get; init; }

    /// <summary>The model that answered; null when none did.</summary>
    public string? Model { get; init; }

    public string? Provider { get; init; }

    public string? Thinking { get; init; }

    public long TotalMs { get; init; }

    public ReceiptTokens Tokens { get; init; } = new();

    /// <summary>US dollars; null when the price is not known.</summary>
    public decimal? CostUsd { get; init; }
}

/// <summary>Values of <see cref="Receipt.Recovered"/>.</summary>
public static class RecoveredHow
{
    public const string None = "none";
    public const string Attached = "attached";
    public const string Rerun = "rerun";
    public const string Replayed = "replayed";
}

/// <summary>A model that was asked first and did not answer.</summary>
public sealed record ReceiptFallback(string Model, string Code, string? Clock, long AfterMs);

/// <summary>One request to one model. <c>Outcome</c> is <c>ok</c> or an error code; <c>Stage</c> is where it ended.</summary>
public sealed record ReceiptAttempt(
    string Model,
    string Outcome,
    string Stage,
    long QueueMs,
    long? FirstTokenMs,
    long TotalMs,
    ReceiptTokens Tokens)
{
    /// <summary>Who served it, for models that several providers offer.</summary>
    public string? Provider { get; init; }

    /// <summary>Null when the connection was not seen to be made.</summary>
    public long? ConnectMs { get; init; }

    /// <summary>US dollars; null when the price is not known.</summary>
    public decimal? CostUsd { get; init; }
}

/// <summary>A limit that is another since an attempt of this call ended; what is null is as it was.</summary>
public sealed record ReceiptLimit(string Provider)
{
    /// <summary>Whose limit <see cref="Concurrent"/> is; null for the whole key.</summary>
    public string? Model { get; init; }

    /// <summary>Attempts at once.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Requests a minute, of the whole key.</summary>
    public int? PerMinute { get; init; }

    /// <summary>How long nothing is sent under this key, in milliseconds.</summary>
    public long? PausedMs { get; init; }
}

/// <summary>
/// <c>Output</c> is what the provider bills as completion, <c>Reasoning</c> the part of it that was reasoning;
/// <c>Estimated</c> tells that the provider reported no usage and the numbers are ours.
/// </summary>
public sealed record ReceiptTokens
{
    public long Input { get; init; }

    public long Output { get; init; }

    public long Reasoning { get; init; }

    public long Cached { get; init; }

    public bool Estimated { get; init; }

    public static ReceiptTokens operator +(ReceiptTokens left, ReceiptTokens right) => new()
    {
        Input = left.Input + right.Input,
        Output = left.Output + right.Output,
        Reasoning = left.Reasoning + right.Reasoning,
        Cached = left.Cached + right.Cached,
        Estimated = left.Estimated || right.Estimated,
    };
}
