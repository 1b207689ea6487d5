using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Exai.Protocol;

namespace Exai.Torture;

/// <summary>One of a shim's two callers: asks its calls one after the other and judges each answer.</summary>
internal sealed partial class Caller(Bridge bridge, bool impatient, TimeSpan patience, Pace pace, Findings findings, TimeProvider time)
{
    /// <summary>A client whose call has just failed does not ask the next in the same moment: it would spend all its calls on one outage.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenClaims = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(15);

    private static readonly string[] ReasonsOfTrouble =
        [ErrorCodes.ProviderError, ErrorCodes.RateLimited, ErrorCodes.Timeout, ErrorCodes.CircuitOpen];

    private readonly List<string> _said = [];
    private string? _thread;
    private string? _plan;
    private int _step;

    public async Task RunAsync(IEnumerable<PlannedCall> calls)
    {
        foreach (var call in calls)
        {
            if (bridge.HasEnded || !await pace.MayBeginAsync())
                return;
            var ask = Ask(call);
            pace.Begin(ask);
            var answer = await CallAsync(ask.Tool, ask.Arguments);
            while (answer is not null && JobId(answer) is { } job && time.GetUtcNow() - ask.SentAt < patience)
            {
                ask.WasJob = true;
                answer = await ClaimAsync(job, ask);
            }

            pace.End(ask, answer);
            if (answer is null)
                await MissingAsync(ask);
            else if (!Judge(ask, answer))
                await Task.Delay(AfterFailure, time);
        }
    }

    private Task<Answer?> CallAsync(string tool, JsonObject arguments) =>
        bridge.RequestAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }, patience);

    /// <summary>A claim finds no daemon now and then; the job is safe, so it is asked for again.</summary>
    private async Task<Answer?> ClaimAsync(string job, Asked ask)
    {
        while (true)
        {
            var answer = await CallAsync("job_result", new JsonObject { ["job_id"] = job });
            if (answer is null || Code(answer) != ErrorCodes.DaemonUnavailable || time.GetUtcNow() - ask.SentAt > patience)
                return answer;
            findings.Answer("claim without daemon");
            await Task.Delay(BetweenClaims, time);
        }
    }

    private Asked Ask(PlannedCall call)
    {
        var question = $"What is {call.Marker}?";
        if (call.Kind == CallKind.Turn && !call.Goes)
            Forget();
        return call.Kind switch
        {
            CallKind.LongChat => Asks("chat", new JsonObject { ["prompt"] = $"{question} Answer {ProviderScript.Long}." }),
            CallKind.Turn => Asks("chat", With(_thread, new JsonObject { ["prompt"] = question })) with { Said = [.. _said] },
            CallKind.Consensus => Asks("consensus", new JsonObject { ["step"] = question, ["models"] = JsonNode.Parse("""[{"model":"glm-4.6","stance":"for"},{"model":"glm-4.5","stance":"against"}]""") }),
            CallKind.Planner => Asks("planner", With(_plan, new JsonObject { ["step"] = question, ["step_number"] = _step + 1, ["total_steps"] = 1000, ["next_step_required"] = true })),
            CallKind.Version => Asks("version", []),
            CallKind.Status => Asks("status", []),
            CallKind.ListModels => Asks("listmodels", []),
            _ => Asks("chat", new JsonObject { ["prompt"] = question }),
        };

        Asked Asks(string tool, JsonObject arguments) => new(call, tool, arguments, time.GetUtcNow());
    }

    private static JsonObject With(string? thread, JsonObject arguments)
    {
        if (thread is not null)
            arguments["continuation_id"] = thread;
        return arguments;
    }

    private async Task MissingAsync(Asked ask)
    {
        Forget();
        if (bridge.HasEnded)
        {
            findings.Violation("lost", $"{bridge.Name}, {ask}: it ended before its answer");
            return;
        }

        var pong = await bridge.RequestAsync("ping", null, PingLimit);
        findings.Violation(pong is null ? "hung" : "lost", $"{bridge.Name}, {ask}: no answer in {patience.TotalSeconds:0} s");
    }

    /// <returns>Whether it was an answer, or an error with a reason.</returns>
    private bool Judge(Asked ask, Answer answer)
    {
        var call = ask.Call;
        var text = answer.Message.ToJsonString();
        var foreign = Markers().Matches(text).Select(match => match.Value).Where(marker => marker != call.Marker && !ask.Said.Contains(marker)).ToArray();
        if (foreign.Length > 0 && !(call.Kind == CallKind.Status))
            findings.Violation("crossed", $"{bridge.Name}, {ask}: the answer holds {string.Join(", ", foreign)}: {text}");

        if (Code(answer) is { } code)
        {
            Forget();
            if (Reason(ask, answer, code) is { } reason)
            {
                findings.Answer($"{code} ({reason})");
                return true;
            }

            findings.Violation("failed", $"{bridge.Name}, {ask}, after {(answer.At - ask.SentAt).TotalSeconds:0.0} s: {text}");
            return false;
        }

        var known = answer.Message["result"]?["_meta"]?[MetaKeys.Receipt];
        ask.Runs = (int?)known?["runs"] ?? 1;
        findings.Answer(ask.WasJob ? "claimed" : (string?)known?["recovered"] is { Length: > 0 } how ? how : "straight");
        if (!IsAnswer(ask, known, text))
            findings.Violation("crossed", $"{bridge.Name}, {ask}: this is no answer to it: {text}");
        if (call.Kind == CallKind.Turn)
        {
            _thread = (string?)known?["threadId"];
            _said.Add(call.Marker);
        }
        else if (call.Kind == CallKind.Planner)
        {
            _plan = (string?)known?["threadId"];
            _step++;
        }

        return true;
    }

    /// <summary>The tool, the marker or the step, and the thread must be those that were asked for.</summary>
    private static bool IsAnswer(Asked ask, JsonNode? receipt, string text)
    {
        // Another bridge gives no receipt.
        if (receipt is not null && (string?)receipt["tool"] != ask.Tool)
            return false;
        if ((string?)ask.Arguments["continuation_id"] is { } thread && (string?)receipt?["threadId"] != thread)
            return false;
        return ask.Call.Kind switch
        {
            CallKind.Version or CallKind.Status or CallKind.ListModels => true,
            CallKind.Planner => text.Contains($"planner: step {ask.Arguments["step_number"]} of ", StringComparison.Ordinal),
            _ => text.Contains(ask.Call.Marker, StringComparison.Ordinal),
        };
    }

    private string? Reason(Asked ask, Answer answer, string code)
    {
        if (ask.Call.Trouble != Trouble.None && ReasonsOfTrouble.Contains(code))
            return "provider's trouble";
        if (code == ErrorCodes.Interrupted && pace.DeathsBetween(ask.SentAt, answer.At) >= Machine.MaxRuns)
            return "daemon died too often";
        if (code == ErrorCodes.DaemonUnavailable && impatient && ask.Call.Kind is CallKind.Version or CallKind.Status or CallKind.ListModels)
            return "client would not wait";
        return null;
    }

    private void Forget()
    {
        _thread = _plan = null;
        _step = 0;
        _said.Clear();
    }

    /// <summary>Null for a success; the code of a tool's error, or the number of a protocol error.</summary>
    private static string? Code(Answer answer)
    {
        if (answer.Message["error"] is { } error)
            return $"error {error["code"]}";
        var result = answer.Message["result"];
        return (bool?)result?["isError"] == true ? (string?)result["_meta"]?[MetaKeys.Error]?["code"] ?? "isError" : null;
    }

    private static string? JobId(Answer answer) =>
        answer.Message["result"]?["structuredContent"] is JsonObject content && (string?)content["status"] == "running" ? (string?)content["job_id"] : null;

    [GeneratedRegex("mk[0-9]{5,}x[0-9a-f]{8}")]
    internal static partial Regex Markers();
}

/// <summary>A call as it was sent.</summary>
internal sealed record Asked(PlannedCall Call, string Tool, JsonObject Arguments, DateTimeOffset SentAt)
{
    /// <summary>What the thread must hold before this question: a question is not said twice, and none of another thread.</summary>
    public string[] Said { get; init; } = [];

    public bool WasJob { get; set; }

    /// <summary>Null when there was no answer.</summary>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>What the receipt says; null when there was no result.</summary>
    public int? Runs { get; set; }

    public override string ToString() => $"{Tool} {Call.Marker} ({Call.Kind}{(Call.Trouble == Trouble.None ? "" : $", {Call.Trouble}")})";
}
