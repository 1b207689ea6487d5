using Exai.Core.Admission;
using Exai.Core.Storage;
using Exai.Daemon.Link;
using Exai.Protocol;

namespace Exai.Daemon.Monitoring.Api;

/// <summary><c>GET /api/v1/overview</c>. Camel-case JSON, as all of the API; times in ISO 8601, durations in milliseconds.</summary>
/// <param name="Today">Calls accepted within 24 hours, by state.</param>
/// <param name="Tokens">Of attempts within 24 hours.</param>
/// <param name="CostUsd">Of those whose price is known.</param>
internal sealed record OverviewDocument(
    HealthDocument Daemon, IReadOnlyDictionary<string, long> Today, long Tokens, double CostUsd, ScopeSnapshot Permits, IReadOnlyList<CallDocument> Running);

/// <summary>One call in a list.</summary>
internal sealed record CallDocument
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>running | succeeded | failed | cancelled | interrupted.</summary>
    public required string State { get; init; }

    public required string SessionId { get; init; }

    public string? Client { get; init; }

    /// <summary>The named token that it was made with; null for the owner's.</summary>
    public string? Token { get; init; }

    public required string ThreadId { get; init; }

    /// <summary>The first words of what was asked, without secrets.</summary>
    public required string Question { get; init; }

    public required int Runs { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public required long ElapsedMs { get; init; }

    /// <summary>Of the last attempt.</summary>
    public string? Provider { get; init; }

    public string? Model { get; init; }

    /// <summary>What it is doing now, in a few words for people. Null, like the next three, when it is finished or runs in another daemon.</summary>
    public string? Progress { get; init; }

    /// <summary>accepted | thread | queue | first_token | reasoning | answer | retry | work | elsewhere.</summary>
    public string? Stage { get; init; }

    /// <summary>1 for the next one; null when it is not queued.</summary>
    public int? QueuePlace { get; init; }

    /// <summary>What the present attempt has received so far, reasoning included, estimated; null before the first token.</summary>
    public int? ReceivedTokens { get; init; }

    /// <summary>Of the attempts that have ended, as they were billed or estimated.</summary>
    public required long Tokens { get; init; }

    public double? CostUsd { get; init; }
}

internal sealed record CallListDocument(IReadOnlyList<CallDocument> Calls);

/// <summary><c>GET /api/v1/calls/{id}</c>: link by link what happened, and the receipt once there is one.</summary>
internal sealed record CallDetailDocument(CallDocument Call, IReadOnlyList<TimelineEntry> Timeline, IReadOnlyList<ReceiptAttempt> Attempts, Receipt? Receipt, CallErrorDocument? Error);

internal sealed record CallErrorDocument(string Code, string Message, string? Clock, string? Stage, string? Provider, string? Model);

/// <summary>One step of a call's way.</summary>
/// <param name="At">Milliseconds after the call was accepted.</param>
/// <param name="Link">client | daemon | queue | provider.</param>
internal sealed record TimelineEntry(long At, string Link, string Event);

/// <summary><c>GET /api/v1/sessions</c>: the links that are connected, and the clients at <c>/mcp</c> that were there in the last half hour.</summary>
internal sealed record SessionListDocument(string Epoch, IReadOnlyList<ConnectedSession> Sessions);

internal sealed record ProviderListDocument(IReadOnlyList<ProviderDocument> Providers);

/// <summary>One provider over the last 24 hours.</summary>
/// <param name="Origin">Where it was configured; never a key.</param>
/// <param name="Hours">By model and hour.</param>
internal sealed record ProviderDocument(
    string Name, string Dialect, string Origin, bool Detected, IReadOnlyList<string> Models, ProviderSnapshot? Limits,
    IReadOnlyList<BreakerDocument> Breakers, IReadOnlyList<AttemptHour> Hours, IReadOnlyList<AttemptFailureCount> Failures);

/// <param name="State">closed | open | halfopen | isolated.</param>
internal sealed record BreakerDocument(string Model, string State);

internal sealed record SettingListDocument(string? File, bool RestartNeeded, IReadOnlyList<SettingDocument> Settings);

/// <param name="Value">Hidden for secrets; null when there is none.</param>
/// <param name="Changed">Whether it has another value now than the daemon started with.</param>
internal sealed record SettingDocument(string Name, string Section, string? Value, string Unit, string Source, string? Default, string Meaning, bool Changed);

internal sealed record ProblemDocument(string Error);

/// <param name="State">What the call is by now.</param>
internal sealed record CancelDocument(string CallId, string State);
