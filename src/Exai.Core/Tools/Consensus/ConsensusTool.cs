using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Threads;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Tools.Consensus;

/// <summary>
/// One proposal to several models at once. Each sees the proposal, its own stance, the files and the thread, never another's answer; none is
/// replaced by another model. Every answer is journaled by itself, so that an interrupted call asks only those that are missing. A model that
/// fails is reported as failed, the others stand. Later steps, as callers of old send them, are answered from the thread.
/// </summary>
internal sealed class ConsensusTool(ModelDirectory directory) : ITool
{
    private static readonly string SystemPrompt = PromptLibrary.Read("consensus");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("consensus")!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var thread = await context.OpenThreadAsync(cancellationToken);
        var known = Known(thread);
        var number = arguments.OptionalInteger("step_number");
        if (number > 1 || arguments.Text("run_id") is not null)
        {
            return new ToolAnswer(ConsensusText.Replay(Which(known, arguments.Text("run_id"), number), number ?? 1), Turn: null);
        }

        var panel = PanelReader.Read(arguments, directory, context.Allowed);
        var files = await context.GatherFilesAsync(arguments.TextList("relevant_files"), thread, cancellationToken);
        var proposal = arguments.RequiredText("step", int.MaxValue).Trim();
        var prompt = proposal + (arguments.Text("findings") is { } findings ? $"\n\nWhat the one who asks has found: {findings.Trim()}" : "")
            + (files.Note.Length == 0 ? "" : $"\n\n{files.Note}");
        context.Report($"asking {panel.Count} models");
        var verdicts = await Task.WhenAll(panel.Select((panelist, index) => AskAsync(context, index, panelist, prompt, thread, files, cancellationToken)));
        if (verdicts.All(verdict => verdict.Text is null))
        {
            throw new CallException(
                verdicts[0].Receipt.Code!, $"None of the {verdicts.Length} models answered.\n{string.Join('\n', verdicts.Select(verdict => $"- {verdict.Panelist.Model}: {verdict.Failure}"))}");
        }

        var state = new ConsensusState(context.Call.CallId, proposal, verdicts);
        var text = ConsensusText.Compose(state, others: known.Count > 0);
        return new ToolAnswer(Asking.WithNote(text, files), Turn(context, state, files)) { Parts = [.. verdicts.Select(verdict => verdict.Receipt)] };
    }

    private static async Task<Verdict> AskAsync(
        CallContext context, int index, Panelist panelist, string proposal, ConversationThread? thread, CallFiles files, CancellationToken cancellationToken)
    {
        // Another consensus in the thread is none of its business.
        var question = Asking.Question(context, SystemPrompt, $"{proposal}\n\n{Role(panelist)}", thread, turn => turn.Tool == "consensus") with
        {
            Model = panelist.Model,
            ContinueWith = null,
            Fallback = FallbackMode.Never,
            Files = files.Texts,
            Images = files.Images,
            EarlierImages = files.EarlierImages,
        };
        var book = context.Attempts.Part();
        var started = context.Time.GetTimestamp();
        try
        {
            var answer = await context.AskAsync($"verdict {index + 1}", question, cancellationToken, AttemptPriority.Background, book);
            var receipt = Receipt(panelist, answer.Attempts) with { State = "succeeded", Model = answer.Model, Provider = answer.Provider, Thinking = answer.Thinking };
            return new Verdict(panelist, receipt) { Text = AnswerText.Compose(answer) };
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var error = ErrorMapper.Map(failure);
            var receipt = Receipt(panelist, [.. book.Attempts.Select(attempt => attempt.ToReceipt())]) with
            {
                Code = error.Code,
                TotalMs = (long)context.Time.GetElapsedTime(started).TotalMilliseconds,
            };
            return new Verdict(panelist, receipt) { Failure = $"{error.Code}: {error.Message}" };
        }
    }

    private static string Role(Panelist panelist) => panelist.StancePrompt ?? panelist.Stance switch
    {
        "for" => "Your role: make the best honest case for it. Do not invent merits; if it is harmful or does not work, say so in spite of your role.",
        "against" => "Your role: make the best honest case against it. Do not invent faults; if it is sound, say so in spite of your role.",
        _ => "Your role: weigh it evenly, and let the heavier side show.",
    };

    private static ReceiptPart Receipt(Panelist panelist, IReadOnlyList<ReceiptAttempt> attempts) => new(panelist.Model, "failed")
    {
        Stance = panelist.Stance,
        TotalMs = attempts.Sum(attempt => attempt.QueueMs + attempt.TotalMs),
        Tokens = attempts.Aggregate(new ReceiptTokens(), (sum, attempt) => sum + attempt.Tokens),
        CostUsd = attempts.Count > 0 && attempts.All(attempt => attempt.CostUsd is not null) ? attempts.Sum(attempt => attempt.CostUsd) : null,
    };

    private static List<ConsensusState> Known(ConversationThread? thread) =>
    [
        .. (thread?.Turns ?? []).Where(turn => turn is { Tool: "consensus", State: not null })
            .Select(turn => JsonSerializer.Deserialize(turn.State!, StoreJson.Default.ConsensusState)!),
    ];

    private static ConsensusState Which(List<ConsensusState> known, string? runId, int? number)
    {
        if (runId is not null)
        {
            return known.Find(state => state.RunId == runId) ?? throw ToolArguments.Invalid($"'run_id' was '{runId}'; the thread has {Named(known)}.");
        }

        return known.Count switch
        {
            1 => known[0],
            0 => throw ToolArguments.Invalid(
                $"'step_number' was {number}, and the thread holds no consensus to go on with. Give the continuation_id that the first step returned, or begin with step_number 1."),
            _ => throw ToolArguments.Invalid($"The thread holds {known.Count} consensus runs. Say which one with 'run_id': {Named(known)}."),
        };
    }

    private static string Named(List<ConsensusState> known) => known.Count == 0
        ? "no consensus"
        : string.Join(", ", known.Select(state => $"{state.RunId} (\"{(state.Proposal.Length <= 60 ? state.Proposal : state.Proposal[..57] + "...")}\")"));

    private static Turn Turn(CallContext context, ConsensusState state, CallFiles files) => new()
    {
        CallId = context.Call.CallId,
        Tool = "consensus",
        Question = state.Proposal,
        Answer = ConsensusText.Verdicts(state),
        // Several answered: the thread's own model stays who it was.
        Model = "",
        At = context.Time.GetUtcNow(),
        State = JsonSerializer.Serialize(state, StoreJson.Default.ConsensusState),
        Files = files.References,
    };
}
