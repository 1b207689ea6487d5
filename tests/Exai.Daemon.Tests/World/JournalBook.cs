using Exai.Core.Calls;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// What was really journaled, kept apart from the journal, and what must hold of it: nothing is asked before it is journaled, no answer that
/// is journaled is asked for again, a run that has lost its call writes nothing, and an outcome never changes.
/// </summary>
internal sealed class JournalBook
{
    private Dictionary<string, BookedCall> _calls = new(StringComparer.Ordinal);

    public IReadOnlyCollection<BookedCall> Calls => _calls.Values;

    public Action<string>? Trace { get; init; }

    /// <summary>Found in the midst of the product's code, where an exception would be taken for its own.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Another one after each power cut: what is written to an earlier one is not written.</summary>
    public int File { get; private set; }

    public BookedCall? Find(string callId) => _calls.GetValueOrDefault(callId);

    public void OnAccepted(CallRecord call)
    {
        Trace?.Invoke($"journal: {call.Owner.Epoch} accepted {call.CallId} run {call.Runs}");
        _calls.TryAdd(call.CallId, new BookedCall(call.CallId, call.ToRequest().Arguments.GetProperty("prompt").GetString()!, call.ThreadId, call.SessionId));
    }

    public void OnTakenOver(CallRecord? mine)
    {
        Trace?.Invoke($"journal: {mine?.Owner.Epoch ?? "nobody"} took over {mine?.CallId} run {mine?.Runs}");
        if (mine is not null && Known(mine) is { } call)
        {
            Check(call.Outcome is null, $"'{call.Prompt}' is run again although it has ended");
            _calls[mine.CallId] = call with { Runs = mine.Runs };
        }
    }

    public void OnStepSaved(CallRecord run, bool saved)
    {
        Trace?.Invoke($"journal: {run.Owner.Epoch} answer of {run.CallId} run {run.Runs} {(saved ? "saved" : "refused")}");
        if (saved && Known(run) is { } call)
        {
            Check(call.Runs == run.Runs, $"a run of '{call.Prompt}' that had lost its call wrote an answer");
            _calls[run.CallId] = call with { AnswerIsJournaled = true };
        }
    }

    public void OnFinished(CallRecord run, CallOutcome outcome, bool counts)
    {
        Trace?.Invoke($"journal: {run.Owner.Epoch} {outcome.State} of {run.CallId} run {run.Runs} {(counts ? "written" : "refused")}");
        if (counts && Known(run) is { } call)
        {
            Check(call.Outcome is null, $"'{call.Prompt}' got a second outcome");
            Check(call.Runs == run.Runs, $"a run of '{call.Prompt}' that had lost its call wrote its outcome");
            _calls[run.CallId] = call with { Outcome = outcome };
        }
    }

    /// <summary>A request to the provider begins.</summary>
    /// <param name="threadId">What the provider gets as the key of its prompt cache.</param>
    /// <param name="mayHaveLostIt">It comes from a daemon that was taken for dead: its calls may have others by now, which it finds out when it writes.</param>
    public void OnAsked(string prompt, string? threadId, bool mayHaveLostIt)
    {
        Trace?.Invoke($"provider: asked '{prompt}' of {threadId}");
        var calls = _calls.Values.Where(call => call.Prompt == prompt && call.ThreadId == threadId).ToList();
        Check(calls.Count > 0, $"'{prompt}' was asked before it was journaled");
        Check(mayHaveLostIt || calls.Count == 0 || calls.Exists(call => call is { AnswerIsJournaled: false, Outcome: null }), $"'{prompt}' was asked again although its answer was journaled");
    }

    /// <returns>Brings everything back to this moment, as a power cut does.</returns>
    public Action Remember()
    {
        var now = new Dictionary<string, BookedCall>(_calls, StringComparer.Ordinal);
        return () => (_calls, File) = (now, File + 1);
    }

    public void Check(bool holds, string violation)
    {
        if (!holds)
        {
            Violations.Add(violation);
        }
    }

    private BookedCall? Known(CallRecord run)
    {
        Check(_calls.ContainsKey(run.CallId), $"{run.CallId} is run and was never journaled");
        return _calls.GetValueOrDefault(run.CallId);
    }
}

/// <param name="Runs">How often a daemon has begun it.</param>
/// <param name="AnswerIsJournaled">The model's answer is safe; the outcome may still be to come.</param>
internal sealed record BookedCall(string CallId, string Prompt, string ThreadId, string SessionId, int Runs = 1, bool AnswerIsJournaled = false, CallOutcome? Outcome = null);
