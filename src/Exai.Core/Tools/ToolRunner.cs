using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Core.Threads;
using Exai.Core.Tokens;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Tools;

/// <summary>Runs one run of one call: the tool, its time limits, its receipt.</summary>
public sealed class ToolRunner(
    IEnumerable<ITool> tools, ICallStore store, IAttemptLedger ledger, ThreadReader threads, IModelGateway models, IFileContents files,
    TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, ITool> _tools = tools.ToDictionary(tool => tool.Descriptor.Name, StringComparer.Ordinal);

    /// <summary>What is known of the tokens that calls are made with.</summary>
    public ITokenBook Tokens { get; init; } = new NoTokens();

    /// <summary>Whether a call of the tool will need permits.</summary>
    public bool AsksModels(string tool) => _tools.TryGetValue(tool, out var known) && known.AsksModels;

    /// <param name="waitForTurn">Waits until the call may run. Its failure, as any from here on, is the call's outcome.</param>
    /// <exception cref="OperationCanceledException">The daemon stops, or another one has taken the call over; the run has no outcome.</exception>
    public async Task<(CallOutcome Outcome, Turn? Turn)> RunAsync(CallRecord call, Func<Task> waitForTurn, Action<CallProgress> report, CallClock clock)
    {
        var context = new CallContext(call, clock, report, store, ledger, threads, models, files, time);
        try
        {
            await waitForTurn();
            await context.RecallAsync();
            clock.Token.ThrowIfCancellationRequested();
            if (!_tools.TryGetValue(call.Tool, out var tool))
            {
                // Accepted by a daemon that had the tool, taken over by one that has not.
                throw new CallException(ErrorCodes.ToolNotFound, $"This daemon (version {Product.Version}) has no tool '{call.Tool}'.");
            }

            if (call.Token is { } token)
            {
                context.Allowed = (await Tokens.LimitsAsync(token, clock.Token)).Models;
            }

            context.Arguments.Check(tool.Descriptor);
            var answer = await tool.RunAsync(context, clock.Token);
            var receipt = Receipt(context, CallState.Succeeded) with { Parts = answer.Parts };
            if (answer.Turn is null && !call.ContinuesThread)
            {
                // Nothing begins a thread here, so there is none to go on with.
                receipt = receipt with { ThreadId = null };
            }

            return (new CallOutcome { State = CallState.Succeeded, Text = AnswerFooter.Append(answer.Text, receipt), Receipt = receipt }, answer.Turn);
        }
        catch (Exception failure)
        {
            if (clock.Stopping)
            {
                throw new OperationCanceledException("The daemon stops, or another one has the call by now.", failure);
            }

            var error = failure is OperationCanceledException && clock.Reason(call.CallId) is { } reason ? reason : ErrorMapper.Map(failure, call.CallId);
            if (error.Code == ErrorCodes.InternalError)
            {
                CallLog.ToolDefect(logger, failure, call.CallId, call.Tool);
            }

            if (call.Token is not null && context.Allowed is not null && error.Code is (ErrorCodes.ModelNotFound or ErrorCodes.NoProvider))
            {
                Tokens.Refused(call.Token, error);
            }

            if (failure is OperationCanceledException)
            {
                error = error with { Partial = context.Attempts.Partial };
            }

            var state = error.Code == ErrorCodes.Cancelled ? CallState.Cancelled : CallState.Failed;
            return (new CallOutcome { State = state, Text = AnswerText.Failed(error), Error = error, Receipt = Receipt(context, state) }, null);
        }
        finally
        {
            await context.Attempts.FlushAsync();
        }
    }

    private Receipt Receipt(CallContext context, CallState state)
    {
        var call = context.Call;
        var now = time.GetUtcNow();
        return context.Fill(new Receipt
        {
            CallId = call.CallId,
            Tool = call.Tool,
            State = state.ToString().ToLowerInvariant(),
            Runs = call.Runs,
            ThreadId = state == CallState.Succeeded || call.ContinuesThread ? call.ThreadId : null,
            StartedAt = call.AcceptedAt,
            FinishedAt = now,
            TotalMs = (long)(now - call.AcceptedAt).TotalMilliseconds,
        });
    }
}
