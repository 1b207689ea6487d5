using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Core.Threads;
using Exai.Core.Tokens;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>
/// What a tool may use while its call runs. A model's answer is a journaled step: a later run of the call gets it from the journal
/// and asks only for what is missing. Not thread-safe, except for <see cref="AskAsync"/>.
/// </summary>
public sealed class CallContext
{
    private readonly ICallStore _store;
    private readonly ThreadReader _threads;
    private readonly IModelGateway _models;
    private readonly IFileContents _files;
    private readonly Lock _lock = new();
    private readonly List<ModelAnswer> _answers = [];
    private readonly CallClock _clock;
    private readonly Action<CallProgress> _report;
    private IReadOnlyDictionary<string, ModelAnswerStep> _steps = new Dictionary<string, ModelAnswerStep>();
    private readonly List<ModelAnswer> _replayed = [];

    internal CallContext(
        CallRecord call, CallClock clock, Action<CallProgress> report, ICallStore store, IAttemptLedger ledger, ThreadReader threads, IModelGateway models, IFileContents files, TimeProvider time)
    {
        Call = call;
        _report = report;
        Time = time;
        Arguments = new ToolArguments(call.Tool, JsonElement.Parse(call.ArgumentsJson));
        Attempts = new AttemptBook(call.CallId, call.Runs, ledger, call.Token);
        _clock = clock;
        _store = store;
        _threads = threads;
        _models = models;
        _files = files;
    }

    public CallRecord Call { get; }

    public ToolArguments Arguments { get; }

    /// <summary>The models that the call's token may ask; null for all.</summary>
    public ModelAllowance? Allowed { get; internal set; }

    /// <summary>Tells the waiting client what is going on, in a few words.</summary>
    public void Report(string doing) => _report(new CallProgress(doing));

    public TimeProvider Time { get; }

    /// <summary>The thread that this call continues; null when it begins one.</summary>
    public ValueTask<ConversationThread?> OpenThreadAsync(CancellationToken cancellationToken) => Call.ContinuesThread
        ? _threads.OpenAsync(Call.ThreadId, Call.Token, cancellationToken)
        : ValueTask.FromResult<ConversationThread?>(null);

    /// <summary>The files that came with the call, and those that its thread has seen.</summary>
    /// <param name="named">Paths in the arguments.</param>
    /// <param name="documents">Reads what is no text; null when such files are to be named as problems.</param>
    /// <exception cref="CallException">FILE_DENIED, FILE_NOT_FOUND.</exception>
    internal ValueTask<CallFiles> GatherFilesAsync(
        IReadOnlyList<string> named, ConversationThread? thread, CancellationToken cancellationToken, DocumentReader? documents = null) =>
        new FileGatherer(_files, documents).GatherAsync(Call.Files, named, Arguments.TextList("images"), thread, cancellationToken);

    /// <summary>What the call has asked of models, over all its runs.</summary>
    internal AttemptBook Attempts { get; }

    /// <summary>Fetches the answers that earlier runs of the call have journaled, and what they spent.</summary>
    internal async ValueTask RecallAsync()
    {
        if (Call.Runs > 1)
        {
            _steps = await _store.FindStepsAsync(Call.CallId, CancellationToken.None);
        }

        await Attempts.RecallAsync();
    }

    /// <param name="key">Names the question within the call, the same in every run.</param>
    /// <param name="priority">Whose turn it takes among the session's attempts.</param>
    /// <param name="book">Where its attempts are entered, a part of <see cref="Attempts"/>; null for one of its own.</param>
    public async Task<ModelAnswer> AskAsync(
        string key, ModelQuestion question, CancellationToken cancellationToken, AttemptPriority priority = AttemptPriority.Interactive, AttemptBook? book = null)
    {
        if (_steps.TryGetValue(key, out var step))
        {
            var kept = JsonSerializer.Deserialize(step.AnswerJson, StoreJson.Default.ModelAnswer)!;
            Book(kept, replayed: true);
            return kept;
        }

        var part = book ?? Attempts.Part();
        var answer = await _models.AskAsync(question with { Allowed = Allowed }, Scope(part, priority), cancellationToken) with
        {
            Attempts = [.. part.Attempts.Select(attempt => attempt.ToReceipt())],
        };
        Book(answer, replayed: false);
        using var span = CallTraces.Journal("answer", Call.CallId);
        try
        {
            // An answer that another run of this call will repeat is not worth failing for: the outcome decides who owned it.
            // It is kept whatever was cancelled meanwhile: it is paid for, and the next run would have to pay again.
            await _store.SaveStepAsync(Call, new ModelAnswerStep(key, JsonSerializer.Serialize(answer, StoreJson.Default.ModelAnswer)), CancellationToken.None);
        }
        catch (StoreException)
        {
            // The answer is paid for: it is delivered even if it cannot be kept. The outcome will say that it is not durable.
        }

        return answer;
    }

    /// <summary>What the receipt says of the models that were asked.</summary>
    internal Receipt Fill(Receipt receipt)
    {
        lock (_lock)
        {
            var last = _answers.LastOrDefault();
            var attempts = Attempts.Attempts;
            return receipt with
            {
                AskedModel = last?.AskedModel ?? Attempts.AskedModel,
                Model = Names(answer => answer.Model),
                Provider = Names(answer => answer.Provider),
                Thinking = last?.Thinking,
                // Those of replayed answers are in the answers, those of this run in the book: also when nobody answered in the end.
                Fallbacks = [.. _replayed.SelectMany(answer => answer.Fallbacks), .. Attempts.Fallbacks],
                Attempts = [.. attempts.Select(attempt => attempt.ToReceipt())],
                FirstTokenMs = last?.FirstTokenMs,
                QueueMs = attempts.Sum(attempt => attempt.QueueMs) + (long)Attempts.WaitedInVain.TotalMilliseconds,
                Limits = Attempts.Limits,
                Tokens = attempts.Aggregate(new ReceiptTokens(), (sum, attempt) => sum + attempt.Tokens),
                CostUsd = attempts.Count > 0 && attempts.All(attempt => attempt.CostUsd is not null) ? attempts.Sum(attempt => attempt.CostUsd) : null,
                Recovered = Call.Runs == 1 ? RecoveredHow.None
                    : _replayed.Count > 0 && _replayed.Count == _answers.Count ? RecoveredHow.Replayed
                    : RecoveredHow.Rerun,
            };
        }
    }

    /// <summary>One name, or several when several models answered; null when none did.</summary>
    private string? Names(Func<ModelAnswer, string> name) => _answers.Count == 0 ? null : string.Join(", ", _answers.Select(name).Distinct(StringComparer.Ordinal));

    private AskScope Scope(AttemptBook book, AttemptPriority priority) => new()
    {
        Priority = priority,
        CallId = Call.CallId,
        SessionId = Call.SessionId,
        Report = _report,
        Book = book,
        TimeLeft = () => _clock.Left,
        EndedBy = () => _clock.Reason(Call.CallId),
    };

    private void Book(ModelAnswer answer, bool replayed)
    {
        lock (_lock)
        {
            _answers.Add(answer);
            if (replayed)
            {
                _replayed.Add(answer);
            }
        }
    }
}
