using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Daemon.Monitoring.Api;

/// <summary>Calls as the operations endpoint shows them, those of the journal joined with what the running ones are doing.</summary>
internal sealed class CallViews(DaemonView daemon, Redactor redactor)
{
    private const int LongestQuestion = 160;

    /// <summary>The arguments that say what a call was about, best first.</summary>
    private static readonly string[] Questions = ["prompt", "step", "problem", "topic", "findings", "question"];

    public async Task<IReadOnlyList<CallDocument>> ListAsync(string? search, string? state, int most, CancellationToken cancellationToken) =>
        [.. (await daemon.Core.History.ListAsync(search, state, most, cancellationToken)).Select(View)];

    /// <summary>Null when the call is not known.</summary>
    public async Task<CallDetailDocument?> FindAsync(string callId, CancellationToken cancellationToken)
    {
        if (await daemon.Core.History.FindAsync(callId, cancellationToken) is not { } row)
        {
            return null;
        }

        var attempts = await daemon.Core.Ledger.FindAsync(callId, cancellationToken);
        var outcome = (await daemon.Core.CallStore.FindAsync(callId, cancellationToken))?.Outcome;
        return new CallDetailDocument(
            View(row), Timeline(row, attempts, outcome), [.. attempts.Select(attempt => Receipt(attempt, row))], outcome?.Receipt,
            outcome?.Error is { } error
                ? new CallErrorDocument(error.Code, redactor.Clean(error.Message), error.Clock, error.Stage, error.Provider, error.Model)
                : null);
    }

    /// <summary>An attempt without an end belongs to a dead run, unless it is the present one's.</summary>
    private static ReceiptAttempt Receipt(AttemptRecord attempt, CallRow row) =>
        attempt.Outcome is null && row.FinishedAt is null && attempt.Run == row.Runs ? attempt.ToReceipt() with { Outcome = "running" } : attempt.ToReceipt();

    private static List<TimelineEntry> Timeline(CallRow row, IReadOnlyList<AttemptRecord> attempts, CallOutcome? outcome)
    {
        List<TimelineEntry> timeline = [new(0, "client", $"asked {row.Tool}{(row.Client is null ? "" : $" from {row.Client}")}"), new(0, "daemon", "accepted and journaled")];
        foreach (var attempt in attempts)
        {
            var began = After(attempt.StartedAt);
            var who = $"{attempt.Provider}/{attempt.Model}";
            if (attempt.QueueMs > 0)
            {
                timeline.Add(new(began - attempt.QueueMs, "queue", $"waited {attempt.QueueMs} ms for a permit of {attempt.Provider}"));
            }

            timeline.Add(new(began, "provider", $"asked {who} (run {attempt.Run}, attempt {attempt.Number})"));
            if (attempt.ConnectMs is { } connected)
            {
                timeline.Add(new(began + connected, "provider", $"connected to {attempt.Provider}"));
            }

            if (attempt.FirstTokenMs is { } first)
            {
                timeline.Add(new(began + first, "provider", $"first token of {who}"));
            }

            if (attempt.Outcome is { } ended)
            {
                timeline.Add(new(began + attempt.TotalMs, "provider", $"{who} ended: {ended} at stage {attempt.Stage}{(attempt.Clock is null ? "" : $", clock {attempt.Clock}")}"));
            }
        }

        if (row.Runs > 1)
        {
            timeline.Add(new(attempts.Count == 0 ? 0 : After(attempts[^1].StartedAt), "daemon", $"taken over; this was run {row.Runs}"));
        }

        if (row.FinishedAt is { } finished)
        {
            timeline.Add(new(After(finished), "daemon", $"{row.State}{(outcome?.Error is { } error ? $": {error.Code}" : "")}"));
        }

        return [.. timeline.OrderBy(entry => entry.At)];

        long After(DateTimeOffset at) => Math.Max(0, (long)(at - row.AcceptedAt).TotalMilliseconds);
    }

    private CallDocument View(CallRow row)
    {
        var progress = row.FinishedAt is null ? daemon.Core.Calls.ProgressOf(row.CallId) : null;
        return new CallDocument
        {
            CallId = row.CallId,
            Tool = row.Tool,
            State = row.State,
            SessionId = row.SessionId,
            Client = row.Client,
            Token = row.Token,
            ThreadId = row.ThreadId,
            Question = Question(row.ArgumentsJson),
            Runs = row.Runs,
            AcceptedAt = row.AcceptedAt,
            FinishedAt = row.FinishedAt,
            ElapsedMs = (long)((row.FinishedAt ?? daemon.Time.GetUtcNow()) - row.AcceptedAt).TotalMilliseconds,
            Provider = row.Provider,
            Model = row.Model,
            Progress = progress?.Text,
            Stage = progress?.Stage,
            QueuePlace = progress?.QueuePlace,
            ReceivedTokens = progress?.ReceivedTokens,
            Tokens = row.Tokens,
            CostUsd = row.CostUsd,
        };
    }

    private string Question(string argumentsJson)
    {
        var arguments = JsonElement.Parse(argumentsJson);
        var question = Questions.Select(name => arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null)
            .FirstOrDefault(text => text is not null) ?? "";
        // Cleaned before it is cut: half a key has no form any more.
        var line = string.Join(' ', redactor.Clean(question.Length <= 10_000 ? question : question[..10_000]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestQuestion ? line : line[..(LongestQuestion - 1)] + "…";
    }
}
