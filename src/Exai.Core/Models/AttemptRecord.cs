using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>
/// One request to one model, as the ledger keeps it: written when it begins and again when it ends. One that never ended lost its daemon;
/// the provider may have charged for it all the same.
/// </summary>
public sealed record AttemptRecord
{
    public required string CallId { get; init; }

    /// <summary>The run of the call, 1 for the first.</summary>
    public required int Run { get; init; }

    /// <summary>Within its run, 1 for the first.</summary>
    public required int Number { get; init; }

    /// <summary>The named token that pays for it; null for the owner's.</summary>
    public string? Token { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What the caller named; <c>auto</c> when it named none.</summary>
    public required string AskedModel { get; init; }

    public required string Provider { get; init; }

    public required string Model { get; init; }

    /// <summary><c>ok</c> or an error code; null while it runs, and for ever when its daemon died.</summary>
    public string? Outcome { get; init; }

    /// <summary>One of <see cref="Faults"/>; null when nothing failed.</summary>
    public string? Fault { get; init; }

    /// <summary>The clock that fired, if one did.</summary>
    public string? Clock { get; init; }

    /// <summary>How far it got: one of <see cref="Stages"/>.</summary>
    public string Stage { get; init; } = Stages.Connect;

    public long QueueMs { get; init; }

    /// <summary>Null when the connection was not seen to be made.</summary>
    public long? ConnectMs { get; init; }

    public long? FirstTokenMs { get; init; }

    public long TotalMs { get; init; }

    public ReceiptTokens Tokens { get; init; } = new();

    /// <summary>Null when the model's price is not known, which is not the same as free.</summary>
    public decimal? CostUsd { get; init; }

    public ReceiptAttempt ToReceipt() => new(Model, Outcome ?? ErrorCodes.Interrupted, Stage, QueueMs, FirstTokenMs, TotalMs, Tokens)
    {
        Provider = Provider,
        ConnectMs = ConnectMs,
        CostUsd = CostUsd,
    };
}

/// <summary>Whose doing a failed attempt was; with the stage it says where to look.</summary>
public static class Faults
{
    /// <summary>It answered badly, late or not at all.</summary>
    public const string Provider = "provider";

    /// <summary>It could not be reached, or the connection broke.</summary>
    public const string Network = "network";

    /// <summary>Its key, plan, balance or rate limit.</summary>
    public const string Account = "account";

    /// <summary>The question: too long, filtered, malformed, cancelled.</summary>
    public const string Caller = "caller";

    /// <summary>This program.</summary>
    public const string Exai = "exai";

    public static string? Of(string outcome, string stage) => outcome switch
    {
        AttemptOutcomes.Ok => null,
        ErrorCodes.Timeout or ErrorCodes.ProviderError => stage == Stages.Connect ? Network : Provider,
        ErrorCodes.ProviderAuth or ErrorCodes.ProviderQuota or ErrorCodes.RateLimited or ErrorCodes.ModelNotFound => Account,
        ErrorCodes.InternalError or ErrorCodes.Interrupted => Exai,
        _ => Caller,
    };
}

/// <summary>Values of an attempt's outcome beside <see cref="ErrorCodes"/>.</summary>
public static class AttemptOutcomes
{
    public const string Ok = "ok";
}
