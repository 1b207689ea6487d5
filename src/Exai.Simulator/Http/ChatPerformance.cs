using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>
/// Plays one rule to one client: (1) accept, (2) headers or refusal, (3) first token, (4) the tokens in their pace, (5) the end.
/// Every wait ends with the token, which is the client's leaving or the server's end.
/// </summary>
internal sealed class ChatPerformance(
    HttpContext context, SimulatorRequest entry, SimulatorRule rule, SimulatedDialect dialect, TimeProvider time, CancellationToken cancellationToken)
{
    private readonly long _start = time.GetTimestamp();
    private IAnswerOutput? _output;

    /// <summary>Step 1, asked before anything else; returns only if the rule does not stop here.</summary>
    public Task AcceptAsync() => StopAtAsync(SimulatorStage.ConnectAccepted);

    public async Task PlayAsync(Completion completion, bool stream)
    {
        // 1. The request is in.
        await AcceptAsync();

        // 2. Headers, or a refusal in their place.
        await WaitUntilAsync(TimeSpan.FromMilliseconds(rule.HeadersMs));
        await StopAtAsync(SimulatorStage.Headers);
        if (ErrorResponder.Refuses(rule, dialect))
        {
            await ErrorResponder.RespondAsync(context.Response, dialect, rule, entry, cancellationToken);
            return;
        }

        entry.Answering(StatusCodes.Status200OK);
        _output = stream ? new StreamOutput(context.Response, dialect, completion, rule) : new WholeOutput(context.Response, dialect);
        await _output.BeginAsync(cancellationToken);

        // 3. and 4. The tokens.
        var firstToken = TimeSpan.FromMilliseconds(Math.Max(rule.FirstTokenMs, rule.HeadersMs));
        await WaitUntilAsync(firstToken);
        await StopAtAsync(SimulatorStage.FirstToken);
        if (!await PlayTokensAsync(_output, completion, firstToken))
            return;

        // 5. The end; written down by whoever writes the last byte, or the client could read it before the log knows.
        entry.End(SimulatorOutcome.Completed);
        await _output.FinishAsync(completion, cancellationToken);
    }

    /// <summary>False when the rule ended the answer with an error object.</summary>
    private async Task<bool> PlayTokensAsync(IAnswerOutput output, Completion completion, TimeSpan firstToken)
    {
        var hang = StopPoint.Position(rule.HangAt, rule.HangAfterTokens, completion);
        var drop = StopPoint.Position(rule.DropAt, rule.DropAfterTokens, completion);
        // The last token at the latest: there must be a line to cut.
        int? splice = rule.SpliceAfterTokens is { } tokens ? Math.Min(tokens, completion.TokenCount - 1) : null;
        int? fail = rule.StreamError is null ? null : Math.Min(rule.StreamErrorAfterTokens, completion.TokenCount);

        for (var sent = 0; ; sent++)
        {
            if (sent == hang)
                await HangAsync();
            if (sent == drop)
                Drop();
            if (sent == fail)
            {
                entry.End(SimulatorOutcome.Error);
                await output.FailAsync(ErrorObject(), cancellationToken);
                return false;
            }

            if (sent == completion.TokenCount)
                return true;

            // Due times are absolute, so that the pace does not drift with the cost of writing.
            if (rule.TokensPerSecond > 0)
                await WaitUntilAsync(firstToken + TimeSpan.FromSeconds(sent / rule.TokensPerSecond));
            cancellationToken.ThrowIfCancellationRequested();
            var reasoning = sent < completion.Reasoning.Count;
            var text = reasoning ? completion.Reasoning[sent] : completion.Answer[sent - completion.Reasoning.Count];
            if (sent == splice && output is StreamOutput stream && await SpliceAsync(stream, completion, reasoning, text))
                return false;
            await output.TokenAsync(reasoning, text, cancellationToken);
            entry.TokenSent();
        }
    }

    /// <summary>Lets the bytes of a second completion follow; true when nothing of the first comes after them.</summary>
    private async Task<bool> SpliceAsync(StreamOutput output, Completion completion, bool reasoning, string text)
    {
        const int SecondsBetween = 120;
        var second = completion with
        {
            Id = dialect.CompletionId(entry.Number + SimulatedDialect.SplicedNumbers, entry.At.AddSeconds(SecondsBetween)),
            Created = completion.Created + SecondsBetween,
        };
        if (rule.SpliceAs == "text")
        {
            await output.SpliceTextAsync(second, cancellationToken);
            return false;
        }

        entry.End(SimulatorOutcome.Completed);
        await output.SpliceLineAsync(reasoning, text, second, cancellationToken);
        return true;
    }

    private async Task StopAtAsync(string stage)
    {
        if (rule.HangAt == stage)
            await HangAsync();
        if (rule.DropAt == stage)
            Drop();
    }

    private async Task HangAsync()
    {
        while (true)
            await SilenceAsync(Timeout.InfiniteTimeSpan);
    }

    private void Drop()
    {
        entry.End(SimulatorOutcome.Dropped);
        if (!context.Response.HasStarted)
            context.Abort();
        throw new SimulatedDropException();
    }

    private async Task WaitUntilAsync(TimeSpan sinceRequest)
    {
        while (sinceRequest - time.GetElapsedTime(_start) is var left && left > TimeSpan.Zero)
        {
            // Timers count whole milliseconds; a remainder rounded down to none would spin.
            await SilenceAsync(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)));
        }
    }

    /// <summary>One stretch of silence: the length asked for, or up to the next keep-alive.</summary>
    private async Task SilenceAsync(TimeSpan length)
    {
        // Before the headers there is nothing that a comment could be part of.
        if (_output is null || rule.KeepAliveCommentEveryMs is not { } every)
        {
            await Task.Delay(length, time, cancellationToken);
            return;
        }

        var keepAlive = TimeSpan.FromMilliseconds(Math.Ceiling(every));
        if (length != Timeout.InfiniteTimeSpan && length <= keepAlive)
        {
            await Task.Delay(length, time, cancellationToken);
            return;
        }

        await Task.Delay(keepAlive, time, cancellationToken);
        await _output.KeepAliveAsync(cancellationToken);
    }

    private JsonObject ErrorObject()
    {
        var text = rule.StreamError!;
        if (text.StartsWith('{'))
        {
            try
            {
                return new JsonObject { ["error"] = JsonNode.Parse(text) };
            }
            catch (JsonException)
            {
                // A message may begin with a brace without being an object.
            }
        }

        var usual = dialect.Usual(StatusCodes.Status500InternalServerError);
        return dialect.Error(usual with { Code = rule.ErrorCode ?? usual.Code, Message = text });
    }
}
