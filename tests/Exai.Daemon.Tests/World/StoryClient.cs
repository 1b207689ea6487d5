using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Shim;

namespace Exai.Daemon.Tests.World;

/// <summary>A client of a <see cref="Story"/>: what it asked, gave up and was promised, and what it must have got for it.</summary>
internal sealed class StoryClient(SimulatedWorld world, WorldShim shim, Action<string> saw)
{
    /// <summary>What may fail a call by no fault of ours: the providers of a story, a full disk, too many deaths, no room, no daemon.</summary>
    private static readonly HashSet<string> Misfortunes = new(StringComparer.Ordinal)
    {
        ErrorCodes.ProviderError, ErrorCodes.ProviderAuth, ErrorCodes.RateLimited, ErrorCodes.Timeout, ErrorCodes.CircuitOpen,
        ErrorCodes.StoreFull, ErrorCodes.Interrupted, ErrorCodes.OverCapacity, ErrorCodes.DaemonUnavailable,
    };

    private readonly Random _random = world.Random;
    private readonly Dictionary<string, Question> _asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);
    private int _ids;

    public WorldShim Shim => shim;

    private FakeClient Client => shim.Client;

    public void Act()
    {
        switch (_random.Next(20))
        {
            case < 6:
                Ask(new Question($"question {shim.Number}.{_ids}", Threads().ToList() is { Count: > 0 } threads && _random.Next(2) == 0 ? threads[_random.Next(threads.Count)] : null));
                break;
            case < 10 when _asked.Count > 0:
                Ask(_asked.Values.ElementAt(_random.Next(_asked.Count)));
                break;
            case < 14 when _asked.Count > 0:
                Cancel(_asked.Keys.ElementAt(_random.Next(_asked.Count)));
                break;
            case < 17 when Jobs().ToList() is { Count: > 0 } jobs:
                saw("claimed early");
                Claim(jobs[_random.Next(jobs.Count)], _random.Next(40));
                break;
            case 17 when Jobs().ToList() is { Count: > 0 } jobs:
                EndJob(jobs[_random.Next(jobs.Count)]);
                break;
            case 18 when _random.Next(8) == 0:
                saw("left");
                _ = shim.LeaveAsync();
                break;
            case 19:
                Other(JobTools.List, "{}");
                break;
        }
    }

    /// <summary>Whether the call was asked here, is no job that was promised, and was not answered: then it was cancelled.</summary>
    public bool GaveUp(BookedCall call) => call.SessionId == shim.SessionId && !Jobs().Contains(call.CallId, StringComparer.Ordinal)
        && !Client.Lines.Exists(line => (string?)line.Result?["_meta"]?["exai/receipt"]?["callId"] == call.CallId);

    /// <summary>Everything that waits for an answer has it.</summary>
    public bool IsAnswered => _asked.Keys.Concat(_others).All(id => _cancelled.Contains(id) || Client.Responses(id).Any());

    public bool HasCancelled => _cancelled.Count > 0;

    /// <summary>Each request has its one answer, and that is its own.</summary>
    public void CheckAnswers()
    {
        foreach (var id in _asked.Keys.Concat(_others))
        {
            var answers = Client.Responses(id).ToList();
            answers.Count.ShouldBeInRange(_cancelled.Contains(id) || shim.HasLeft ? 0 : 1, 1, $"answers to {id} of client {shim.Number}");
            CheckProgress(id);
        }

        foreach (var (id, question) in _asked)
        {
            if (Client.Responses(id).SingleOrDefault() is { } answer)
            {
                CheckAnswer(answer, question);
            }
        }
    }

    /// <summary>Every job that was promised comes to its end, which is journaled in the end, and its result is its own.</summary>
    public async Task ClaimAllAsync()
    {
        foreach (var job in Jobs().ToList())
        {
            ClientLine answer;
            var tries = 0;
            do
            {
                (++tries).ShouldBeLessThan(40, $"job {job} does not end");
                answer = await Client.ResponseAsync(Claim(job, 30), within: TimeSpan.FromSeconds(60));
            }
            while (Status(answer) == JobTools.Running || await IsYetToBeJournaledAsync(answer));

            saw("claimed");
            if (world.Book.Find(job) is not { } call)
            {
                // No daemon had room for it until its clock was over, or the one that had it forgot it with its last commits. Its shim may still know how it failed.
                world.Book.Check(
                    answer.ErrorCode is ErrorCodes.DaemonUnavailable or ErrorCodes.OverCapacity or ErrorCodes.StoreFull
                        || (answer.ErrorCode == ErrorCodes.Cancelled && HasCancelledQuestionOf(job))
                        || (world.HasForgotten && (answer.ErrorCode == ErrorCodes.InvalidArgument || IsNoFaultOfOurs(answer.ErrorCode, job))),
                    $"job {job} was promised and is unknown: {answer}");
            }
            else if (answer.ErrorCode is { } code)
            {
                world.Book.Check(code == call.Outcome?.Error?.Code, $"job '{call.Prompt}' ended {call.Outcome?.Text ?? "not"}, and {code} was told");
            }
            else
            {
                world.Book.Check(answer.ToolText.Contains($"to ({call.Prompt})", StringComparison.Ordinal), $"the result of job '{call.Prompt}' was {answer.ToolText}");
            }
        }
    }

    private void Ask(Question question)
    {
        var id = $"{++_ids}";
        _asked[id] = question;
        shim.Call(id, "chat", question.ThreadId is { } thread ? $$"""{"prompt":"{{question.Prompt}}","continuation_id":"{{thread}}"}""" : $$"""{"prompt":"{{question.Prompt}}"}""");
    }

    private void Cancel(string id)
    {
        if (!Client.Responses(id).Any() && _cancelled.Add(id))
        {
            saw("cancelled");
            shim.Cancel(id);
        }
    }

    private string Claim(string job, int wait) => Other(JobTools.Result, $$"""{"job_id":"{{job}}","wait_seconds":{{wait}}}""");

    private void EndJob(string job)
    {
        saw("ended by job_cancel");
        world.EndedOnPurpose.Add(job);
        Other(JobTools.Cancel, $$"""{"job_id":"{{job}}"}""");
    }

    private string Other(string tool, string arguments)
    {
        var id = $"{++_ids}";
        _others.Add(id);
        shim.Call(id, tool, arguments);
        return id;
    }

    private void CheckAnswer(ClientLine answer, Question question)
    {
        if (Status(answer) == JobTools.Running)
        {
            saw("running");
            world.Book.Check(world.Book.Find(JobId(answer)) is not { } call || call.Prompt == question.Prompt, $"'{question.Prompt}' was promised another question's job");
        }
        else if (answer.ErrorCode is { } code)
        {
            saw(code);
            var callId = (string?)answer.Result!["_meta"]!["exai/error"]!["callId"];
            world.Book.Check(
                IsNoFaultOfOurs(code, callId) || (code == ErrorCodes.ThreadNotFound && world.HasForgotten),
                $"'{question.Prompt}' ended {answer}");
        }
        else
        {
            saw("answered");
            world.Book.Check(answer.ToolText.Contains($"to ({question.Prompt})", StringComparison.Ordinal), $"'{question.Prompt}' was answered {answer.ToolText}");
            CheckAgainstBook(answer);
        }
    }

    private bool IsNoFaultOfOurs(string? code, string? callId) => code is not null
        && (Misfortunes.Contains(code) || (code == ErrorCodes.Cancelled && callId is not null && world.EndedOnPurpose.Contains(callId)));

    /// <summary>It was told while the disk was full. By now there is room, and the daemon that told it tries again every few seconds.</summary>
    private async Task<bool> IsYetToBeJournaledAsync(ClientLine answer)
    {
        var isYet = (bool?)answer.Result?["_meta"]?["exai/receipt"]?["durable"] is false;
        if (isYet)
        {
            await world.PassAsync(1);
        }

        return isYet;
    }

    /// <summary>What was delivered as durable is in the journal, and it is that.</summary>
    private void CheckAgainstBook(ClientLine answer)
    {
        var receipt = answer.Result!["_meta"]!["exai/receipt"]!;
        if ((bool?)receipt["durable"] is not false && !world.HasForgotten)
        {
            var call = world.Book.Find((string)receipt["callId"]!);
            world.Book.Check(
                call?.Outcome is { } outcome && answer.ToolText.StartsWith(outcome.Text[..outcome.Text.IndexOf(')')], StringComparison.Ordinal),
                $"delivered: {answer.ToolText}; journaled: {call?.Outcome?.Text ?? "nothing"}");
        }
    }

    private void CheckProgress(string id)
    {
        var (last, answered) = (double.NegativeInfinity, false);
        foreach (var line in Client.Lines)
        {
            answered |= line.IsResponse && line.IdJson == id;
            if (line.Method == "notifications/progress" && line.Json["params"]!["progressToken"]!.ToJsonString() == id)
            {
                answered.ShouldBeFalse($"progress of {id} after its response");
                var value = (double)line.Json["params"]!["progress"]!;
                value.ShouldBeGreaterThan(last);
                last = value;
            }
        }
    }

    private IEnumerable<string> Jobs() => Client.Lines.Where(line => Status(line) == JobTools.Running).Select(JobId).Distinct(StringComparer.Ordinal);

    /// <summary>Those that a safe answer began or continued.</summary>
    private IEnumerable<string> Threads() => Client.Lines
        .Select(line => line.Result?["_meta"]?["exai/receipt"])
        .Where(receipt => receipt?["threadId"] is not null && (bool?)receipt["durable"] is not false && (string?)receipt["state"] == "succeeded")
        .Select(receipt => (string)receipt!["threadId"]!).Distinct(StringComparer.Ordinal);

    /// <summary>Whoever asks again what was promised joins it, and may cancel it.</summary>
    private bool HasCancelledQuestionOf(string job) => Client.Lines
        .Where(line => Status(line) == JobTools.Running && JobId(line) == job && line.IdJson is not null && _asked.ContainsKey(line.IdJson))
        .Any(line => _cancelled.Any(id => _asked.GetValueOrDefault(id) == _asked[line.IdJson!]));

    private static string? Status(ClientLine line) => (string?)line.Result?["structuredContent"]?["status"];

    private static string JobId(ClientLine line) => (string)((JsonNode)line.Result!)["structuredContent"]!["job_id"]!;

    private sealed record Question(string Prompt, string? ThreadId);
}
