using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Tokens;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Calls;

/// <summary>Accepted → Running → Succeeded | Failed | Cancelled; owner dead: Running → Running (next run) or → Interrupted.</summary>
public enum CallState
{
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Interrupted,
}

/// <summary>Which daemon runs a call. The process tells on one host whether it lives, the lease between hosts.</summary>
/// <param name="Epoch">The UUID of the daemon's start.</param>
/// <param name="Process">A process identity that survives reuse of its pid.</param>
public sealed record CallOwner(string Epoch, string Process);

/// <summary>A call as it comes in, before it is known whether it is new.</summary>
public sealed record CallRequest
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>An object.</summary>
    public required JsonElement Arguments { get; init; }

    public required string SessionId { get; init; }

    public string? ClientName { get; init; }

    /// <summary>The named token that it is made with; null for the owner's. Only that token and the owner can find the call.</summary>
    public string? Token { get; init; }

    /// <summary>The files that its arguments name, as they were found on the client's machine.</summary>
    public IReadOnlyList<AttachedFile> Files { get; init; } = [];

    /// <summary>The same for the same token, tool, arguments and contents of files, and for nothing else.</summary>
    public string Fingerprint() => CanonicalJson.Hash(
        Token is null ? WithFiles() : $"token {Token}\n{WithFiles()}", Arguments);

    private string WithFiles() =>
        Files.Count == 0 ? Tool : $"{Tool}\n{string.Join('\n', Files.Select(file => $"{file.Argument}\t{file.Path}\t{file.Sha256 ?? file.Error}"))}";
}

/// <summary>A call on its way into the journal.</summary>
public sealed record NewCall(CallRequest Request, string ArgumentsHash, string ThreadId, bool ContinuesThread)
{
    /// <summary>What its token's calls may take; null for the owner's, which are not limited.</summary>
    public TokenLimits? Limits { get; init; }
}

/// <summary>A call as the journal knows it.</summary>
public sealed record CallRecord
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public required string ArgumentsHash { get; init; }

    public required string ArgumentsJson { get; init; }

    public required string SessionId { get; init; }

    public string? ClientName { get; init; }

    /// <inheritdoc cref="CallRequest.Token"/>
    public string? Token { get; init; }

    public required CallState State { get; init; }

    /// <summary>1 for the first run.</summary>
    public required int Runs { get; init; }

    public required CallOwner Owner { get; init; }

    public required DateTimeOffset LeaseUntil { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required DateTimeOffset RunStartedAt { get; init; }

    /// <summary>What earlier runs have used of the call clock; downtime does not count.</summary>
    public required TimeSpan Spent { get; init; }

    /// <summary>The thread that it continues, or the one that it will begin if it succeeds.</summary>
    public required string ThreadId { get; init; }

    public required bool ContinuesThread { get; init; }

    public IReadOnlyList<AttachedFile> Files { get; init; } = [];

    /// <summary>Calls on one thread run in the order of their places.</summary>
    public required long ThreadPlace { get; init; }

    /// <summary>Somebody who is not its owner wants it cancelled.</summary>
    public bool CancelRequested { get; init; }

    public CallOutcome? Outcome { get; init; }

    public bool IsFinished => State != CallState.Running;

    public CallRequest ToRequest() => new()
    {
        CallId = CallId,
        Tool = Tool,
        Arguments = JsonElement.Parse(ArgumentsJson),
        SessionId = SessionId,
        ClientName = ClientName,
        Token = Token,
        Files = Files,
    };
}

/// <summary>A call in a list of calls.</summary>
public sealed record CallSummary
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public required string ArgumentsJson { get; init; }

    public required string SessionId { get; init; }

    public string? ClientName { get; init; }

    public required CallState State { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>What a call came to. Once journaled it never changes.</summary>
public sealed record CallOutcome
{
    public required CallState State { get; init; }

    /// <summary>The answer, or what went wrong without its code.</summary>
    public required string Text { get; init; }

    public CallError? Error { get; init; }

    public required Receipt Receipt { get; init; }

    /// <summary>The MCP result. <paramref name="how"/> tells how this delivery came about; a recovery of the call itself outranks it.</summary>
    public JsonObject ToResult(string how = RecoveredHow.None)
    {
        // A shim that asked again for what had been cancelled must see that it had ended before: it then asks anew.
        var wasCancelledBefore = State == CallState.Cancelled && how == RecoveredHow.Replayed;
        var receipt = Receipt.Recovered == RecoveredHow.None || wasCancelledBefore ? Receipt with { Recovered = how } : Receipt;
        return Error is null ? ToolResults.Success(Text, receipt) : ToolResults.Failure(Error with { Message = Text }, receipt);
    }
}

/// <summary>One model's answer within a call, kept so that a later run need not ask again.</summary>
/// <param name="Key">Names the question within its call.</param>
/// <param name="AnswerJson">A serialised <c>ModelAnswer</c>.</param>
public sealed record ModelAnswerStep(string Key, string AnswerJson);
