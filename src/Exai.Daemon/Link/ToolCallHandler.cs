using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Calls;
using Exai.Core.Telemetry;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using MetaKeys = Exai.Protocol.MetaKeys;

namespace Exai.Daemon.Link;

/// <summary>
/// A <c>tools/call</c> from the wire to the call that it starts or joins, and its outcome back to the wire. Waits for the outcome with
/// progress; leaving does not end the call.
/// </summary>
internal sealed class ToolCallHandler(ToolDispatcher tools, CallService calls, DaemonState state, TimeSpan progressInterval, TimeProvider time)
{
    private static readonly TimeSpan FirstNote = TimeSpan.FromMilliseconds(500);

    /// <summary>However short the setting: without a pause a waiting call would do nothing but report.</summary>
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(100);

    private static readonly CallException Revoked = new(
        ErrorCodes.Unauthorized, "The token of this connection has been revoked. Nothing was run. Ask the owner of this daemon for a new one, and set EXAI_WS_TOKEN to it.");

    private readonly TimeSpan _interval = progressInterval > LeastInterval ? progressInterval : LeastInterval;
    private readonly GivenUpCalls _givenUp = new();
    private int _answering;

    /// <summary>Completes when every call with an outcome has been written to its socket.</summary>
    /// <param name="owesAnswers">Whether results are on their way to a socket.</param>
    public async Task WhenAnsweredAsync(Func<bool> owesAnswers, CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _answering) > 0 || owesAnswers())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancellationToken);
        }
    }

    /// <summary>The answer to a call without an id of its client's was lost on the way: the same question of the same session gets it.</summary>
    public void Undelivered(CallRequest call) => _givenUp.Add(call);

    /// <param name="caller">Who asks.</param>
    /// <param name="patience">How long a client of this name lets a call block; null when whoever asks keeps that clock itself.</param>
    /// <param name="owe">Told of the request before its result is returned, so that a daemon which drains waits until it is sent.</param>
    /// <param name="read">The call's files, when they were read here; null for those that it brings.</param>
    public async ValueTask<CallToolResult> CallAsync(
        string sessionId, Caller caller, RequestContext<CallToolRequestParams> context, Asker asker, Action<RequestId> owe, CancellationToken cancellationToken,
        Func<string?, TimeSpan>? patience = null, IReadOnlyList<AttachedFile>? read = null)
    {
        var parameters = context.Params;
        if (caller.Revoked.IsCancellationRequested)
        {
            return McpShapes.ToolResult(tools.Failure(Revoked, parameters.Name, CallId.New(time)));
        }

        caller.Used(time);
        var given = parameters.Meta?[MetaKeys.CallId];
        var callId = "";
        if (given is not null && !(given.GetValueKind() == JsonValueKind.String && CallId.TryParse(given.GetValue<string>(), out callId)))
        {
            // Taken for no id, it would run again each time it is sent again.
            var refusal = new CallException(ErrorCodes.InvalidArgument, $"_meta[\"{MetaKeys.CallId}\"] must be a UUID of version 7, a new one for each call. Nothing was run.");
            return McpShapes.ToolResult(tools.Failure(refusal, parameters.Name, CallId.New(time)));
        }

        if ((read ?? SentFiles.Read(parameters.Meta?[MetaKeys.Files])) is not { } files)
        {
            var refusal = new CallException(ErrorCodes.InvalidArgument, $"_meta[\"{MetaKeys.Files}\"] must be a list of {{argument, path, sha256, bytes, mediaType}} or {{argument, path, error}}. Nothing was run.");
            return McpShapes.ToolResult(tools.Failure(refusal, parameters.Name, given is null ? CallId.New(time) : callId));
        }

        var call = new CallRequest
        {
            CallId = given is null ? CallId.New(time) : callId,
            Tool = parameters.Name,
            Arguments = JsonSerializer.SerializeToElement(parameters.Arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal)),
            SessionId = sessionId,
            ClientName = context.Server.ClientInfo?.Name,
            Token = caller.Token,
            Files = files,
        };
        var repeated = given is null ? _givenUp.TakeRepeated(call) : null;
        call = call with { CallId = repeated ?? call.CallId };
        if (state.IsDraining && !calls.IsLive(call.CallId))
        {
            // Nothing new begins here; the shim sends the call again to the daemon that comes next.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        }

        using var span = CallTraces.Request(call, Trace(parameters));
        if (given is not null)
        {
            CallTraces.ShimToDaemon(call.CallId, CallId.CreatedAt(call.CallId), time.GetUtcNow());
        }

        Interlocked.Increment(ref _answering);
        try
        {
            var result = await AttachAsync(call, mayRepeat: given is null, context, asker, patience?.Invoke(call.ClientName), cancellationToken);
            if (repeated is not null && result is { How: RecoveredHow.Replayed, Outcome.State: CallState.Cancelled })
            {
                // It had been given up for too long and has ended, for nobody wanted it. This question is wanted.
                call = call with { CallId = CallId.New(time) };
                result = await AttachAsync(call, mayRepeat: true, context, asker, patience?.Invoke(call.ClientName), cancellationToken);
            }

            return McpShapes.ToolResult(result.Json);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The daemon stops before there is an outcome. Silence: the shim asks the next daemon, which takes the call over.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            throw;
        }
        catch (ObjectDisposedException) when (state.IsStopping)
        {
            // Too late to begin. Silence: the shim asks the next daemon.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            throw;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return McpShapes.ToolResult(tools.Failure(failure, call.Tool, call.CallId));
        }
        finally
        {
            // A cancelled request gets no answer.
            if (!cancellationToken.IsCancellationRequested)
            {
                owe(context.JsonRpcRequest.Id);
            }

            Interlocked.Decrement(ref _answering);
        }
    }

    /// <param name="mayRepeat">The call has no id of its client's, so that only its question tells when it is asked again.</param>
    private async Task<(JsonObject Json, CallOutcome? Outcome, string How)> AttachAsync(
        CallRequest call, bool mayRepeat, RequestContext<CallToolRequestParams> context, Asker asker, TimeSpan? patience, CancellationToken cancellationToken)
    {
        // The client waits from here on, also while a busy store takes the call.
        var asked = time.GetTimestamp();
        using var attachment = tools.Attach(call);
        if (attachment is null)
        {
            var answer = await AnswerAsync(call, context, cancellationToken);
            // What a job_result brings is delivered too.
            if (!asker.Left.IsCancellationRequested)
            {
                _givenUp.Forget((string?)answer["_meta"]?[MetaKeys.Receipt]?["callId"] ?? call.CallId);
            }

            return (answer, null, RecoveredHow.None);
        }

        asker.WaitsFor(attachment);
        var given = false;
        try
        {
            var outcome = await WaitAsync(attachment, call.CallId, context, asker, Left(patience, asked), cancellationToken);
            given = outcome is not null;
            return outcome is null
                ? (ToolResults.Running(call.CallId, $"State: {attachment.Progress}.", accepted: true), null, attachment.How)
                : (outcome.ToResult(attachment.How), outcome, attachment.How);
        }
        finally
        {
            if (mayRepeat && given)
            {
                asker.IsAnswered(call);
            }
            else if (mayRepeat)
            {
                _givenUp.Add(call);
            }
        }
    }

    private TimeSpan? Left(TimeSpan? patience, long since) =>
        patience - time.GetElapsedTime(since) is { } left ? TimeSpan.FromTicks(Math.Max(left.Ticks, 0)) : null;

    /// <summary>A client that traces its calls says so in the W3C form.</summary>
    private static string? Trace(CallToolRequestParams parameters) =>
        parameters.Meta?["traceparent"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>A recomputed tool's answer. A cancel ends the waiting, and nothing else.</summary>
    private async Task<JsonObject> AnswerAsync(CallRequest call, RequestContext<CallToolRequestParams> context, CancellationToken cancellationToken)
    {
        var watch = new CallWatch();
        var answering = tools.AnswerAsync(call, watch, cancellationToken);
        try
        {
            await ReportAsync(answering, () => watch.Progress(), call.CallId, context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The answering hears of it too.
        }

        return await answering;
    }

    /// <summary>The outcome; null when the client's patience ends before there is one, or it has left. The call runs on.</summary>
    private async Task<CallOutcome?> WaitAsync(
        CallAttachment attachment, string callId, RequestContext<CallToolRequestParams> context, Asker asker, TimeSpan? patience, CancellationToken cancellationToken)
    {
        using var patient = new CancellationTokenSource(patience ?? Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patient.Token, asker.Left, cancellationToken);
        try
        {
            await ReportAsync(attachment.Outcome, () => attachment.Progress, callId, context, either.Token);
            return await attachment.Outcome.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (
            (patient.IsCancellationRequested || asker.Left.IsCancellationRequested) && !cancellationToken.IsCancellationRequested && !attachment.Outcome.IsCanceled)
        {
            // The outcome may have come in the same moment.
            return attachment.Outcome.IsCompletedSuccessfully ? await attachment.Outcome : null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && !state.IsStopping)
        {
            attachment.CancelLater();
            throw;
        }
    }

    /// <summary>Tells a client that asked for it what its call does, until that has ended.</summary>
    private async Task ReportAsync(
        Task ending, Func<string> progress, string callId, RequestContext<CallToolRequestParams> context, CancellationToken cancellationToken)
    {
        // The first note comes soon, for a client that watches a call which has been taken over; a quick call needs none.
        var wait = _interval < FirstNote ? _interval : FirstNote;
        while (context.Params.ProgressToken is { } token && !ending.IsCompleted)
        {
            await Waiting.ForAsync(ending, wait, time, cancellationToken);
            wait = _interval;
            cancellationToken.ThrowIfCancellationRequested();
            if (!ending.IsCompleted)
            {
                // Counted from the call's own birth, so that it rises across daemons too.
                var done = (float)(time.GetUtcNow() - CallId.CreatedAt(callId)).TotalSeconds;
                await context.Server.NotifyProgressAsync(
                    token, new ProgressNotificationValue { Progress = done, Message = progress() }, cancellationToken: cancellationToken);
            }
        }
    }
}
