using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Shim.Link;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests;

/// <summary>
/// Jobs by chance: an impatient client that asks, cancels, asks the same again and claims, over a link that breaks, with daemons that
/// die, freeze, drain and have no room. Its journal is a model of the real one: attach, grace, replay, take-over. A failure names its
/// seed. Traps 22, 28, 46, 48 and 220.
/// </summary>
public sealed class SeededJobTests
{
    private const int Seeds = 300;

    [Fact]
    public void Every_question_is_answered_once_or_claimed_and_no_cancel_is_lost()
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 0; seed < Seeds; seed++)
        {
            Play(seed, seen);
        }

        // The chances are such that all of it happens.
        foreach (var happening in new[] { "running", "joined", "anew", "claimed", "cancelled at the provider", "taken over", "no room" })
        {
            seen.GetValueOrDefault(happening).ShouldBeGreaterThan(Seeds / 30, happening);
        }
    }

    private static void Play(int seed, Dictionary<string, int> seen)
    {
        try
        {
            ShimRig.Run(
                rig => new Session(rig, new Random(seed), happening => seen[happening] = seen.GetValueOrDefault(happening) + 1).RunAsync(),
                rig => rig.Environment.Remove("EXAI_CLIENT_WAIT_SECS"),
                seed);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
        }
    }

    private sealed class Entry(string callId, string prompt)
    {
        public string CallId => callId;

        public string Prompt => prompt;

        public string? Outcome { get; set; }

        public bool WasCancelled { get; set; }

        public string? Epoch { get; set; }

        public DateTimeOffset EndsAt { get; set; }

        public DateTimeOffset? CancelAt { get; set; }

        public List<(FakeConnection Connection, string IdJson)> Waiting { get; } = [];
    }

    private sealed class Session(ShimRig rig, Random random, Action<string> saw)
    {
        private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

        private readonly Dictionary<string, Entry> _journal = new(StringComparer.Ordinal);
        private readonly List<(FakeConnection Connection, string IdJson, Entry Job, DateTimeOffset Until)> _claims = [];
        private readonly Dictionary<string, string> _asked = new(StringComparer.Ordinal);
        private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
        private readonly HashSet<string> _jobsAsked = new(StringComparer.Ordinal);
        private int _ids;

        private FakeDaemon Daemon => rig.Daemon;

        private DateTimeOffset Now => rig.Time.GetUtcNow();

        public async Task RunAsync()
        {
            Daemon.Intercept = OnMessage;
            if (random.Next(2) == 0)
            {
                Daemon.Start();
            }

            rig.Initialize();
            rig.Initialized();
            for (var step = 0; step < 80; step++)
            {
                Step();
                await PassAsync(random.Next(5) switch { 0 => 0, < 3 => random.NextDouble(), 3 => random.NextDouble() * 10, _ => random.NextDouble() * 60 });
            }

            await HealAsync();
            await ClaimAllAsync();
            Check();
        }

        private void Step()
        {
            switch (random.Next(20))
            {
                case < 3:
                    Ask($"question {_ids}");
                    break;
                case < 7 when _asked.Count > 0:
                    Ask(_asked.Values.ElementAt(random.Next(_asked.Count)));
                    break;
                case < 10 when _asked.Count > 0:
                    Cancel(_asked.Keys.ElementAt(random.Next(_asked.Count)));
                    break;
                case < 12 when Jobs().ToList() is { Count: > 0 } jobs:
                    Claim(jobs[random.Next(jobs.Count)], random.Next(60));
                    break;
                case 12:
                    Daemon.Drop(random.Next(2) == 0 ? null : 1012);
                    break;
                case 13 when Daemon.IsUp:
                    Daemon.Kill();
                    break;
                case 14 or 15 when !Daemon.IsUp:
                    Daemon.Start();
                    break;
                case 14 when Daemon.IsUp:
                    Daemon.Restart();
                    break;
                case 16:
                    Daemon.Frozen = !Daemon.Frozen && Daemon.IsUp;
                    break;
                case 17:
                    Daemon.Refusal = Daemon.Refusal is null ? new LinkException(LinkFailure.NotNow, "not now") : null;
                    break;
                case 18 when Daemon.IsConnected && !Daemon.Frozen:
                    Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"exai/draining","params":{}}""");
                    break;
            }
        }

        // ── The client ───────────────────────────────────────────────────────────────────────────────────────────────

        private void Ask(string prompt)
        {
            var id = $"{++_ids}";
            _asked[id] = prompt;
            rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"{{{prompt}}}"},"_meta":{"progressToken":{{{id}}}} } }""");
        }

        private void Cancel(string id)
        {
            if (!rig.Client.Responses(id).Any() && _cancelled.Add(id))
            {
                rig.Cancel(id);
            }
        }

        private string Claim(string job, double wait)
        {
            var id = $"\"j{++_ids}\"";
            _jobsAsked.Add(id);
            rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"job_result","arguments":{"job_id":"{{{job}}}","wait_seconds":{{{(int)wait}}}} } }""");
            return id;
        }

        private IEnumerable<string> Jobs() => rig.Client.Lines.Where(line => Status(line) == "running").Select(JobId).Distinct(StringComparer.Ordinal);

        // ── The daemon ───────────────────────────────────────────────────────────────────────────────────────────────

        private bool OnMessage(FakeConnection connection, FakeMessage message)
        {
            switch (message.Method)
            {
                case "tools/call" when (string?)message.Json["params"]!["name"] == JobTools.Result:
                    OnClaim(connection, message);
                    return true;
                case "tools/call":
                    OnCall(connection, message);
                    return true;
                case "notifications/cancelled":
                    var id = message.Json["params"]!["requestId"]!.ToJsonString();
                    _claims.RemoveAll(claim => claim.Connection == connection && claim.IdJson == id);
                    foreach (var entry in _journal.Values.Where(entry => entry.Waiting.RemoveAll(waiting => waiting == (connection, id)) > 0))
                    {
                        entry.CancelAt = Now + Grace;
                    }

                    return true;
                default:
                    return false;
            }
        }

        private void OnCall(FakeConnection connection, FakeMessage message)
        {
            var callId = message.CallId!;
            var prompt = (string)message.Json["params"]!["arguments"]!["prompt"]!;
            if (!_journal.TryGetValue(callId, out var entry))
            {
                if (random.Next(10) == 0)
                {
                    saw("no room");
                    Push(connection, message.IdJson!, $$"""{"content":[{"type":"text","text":"OVER_CAPACITY: full"}],"isError":true,"_meta":{"exai/error":{"code":"OVER_CAPACITY","retryAfterSecs":{{random.Next(20)}},"callId":"{{callId}}"} } }""");
                    return;
                }

                _journal[callId] = entry = new Entry(callId, prompt);
            }

            entry.Prompt.ShouldBe(prompt, "a call under the id of another question");
            Attach(entry);
            if (entry.Outcome is null)
            {
                entry.Waiting.Add((connection, message.IdJson!));
            }
            else
            {
                Push(connection, message.IdJson!, Outcome(entry, RecoveredHow.Replayed));
            }
        }

        private void OnClaim(FakeConnection connection, FakeMessage message)
        {
            var job = (string)message.Json["params"]!["arguments"]!["job_id"]!;
            if (!_journal.TryGetValue(job, out var entry))
            {
                Push(connection, message.IdJson!, """{"content":[{"type":"text","text":"INVALID_ARGUMENT: unknown"}],"isError":true,"_meta":{"exai/error":{"code":"INVALID_ARGUMENT"} } }""");
                return;
            }

            Attach(entry);
            _claims.Add((connection, message.IdJson!, entry, Now + TimeSpan.FromSeconds((double)message.Json["params"]!["arguments"]!["wait_seconds"]!)));
        }

        private void Attach(Entry entry)
        {
            if (entry.Outcome is null && entry.Epoch != Daemon.Epoch)
            {
                saw(entry.Epoch is null ? "accepted" : "taken over");
                (entry.Epoch, entry.EndsAt) = (Daemon.Epoch, Now + TimeSpan.FromSeconds(random.NextDouble() * 150));
            }
            else if (entry.CancelAt is not null)
            {
                saw("joined");
            }

            entry.CancelAt = null;
        }

        /// <summary>What the daemon does by its clock.</summary>
        private void Pump()
        {
            if (!Daemon.IsUp || Daemon.Frozen)
            {
                return;
            }

            foreach (var entry in _journal.Values.Where(entry => entry.Outcome is null && entry.Epoch == Daemon.Epoch && (entry.CancelAt <= Now || entry.EndsAt <= Now)))
            {
                entry.WasCancelled = entry.CancelAt <= Now;
                entry.Outcome = entry.WasCancelled ? "CANCELLED: ended" : $"answer to {entry.Prompt}";
                saw(entry.WasCancelled ? "cancelled at the provider" : "ended");
                foreach (var (connection, id) in entry.Waiting)
                {
                    Push(connection, id, Outcome(entry, RecoveredHow.None));
                }

                entry.Waiting.Clear();
            }

            foreach (var claim in _claims.Where(claim => claim.Job.Outcome is not null || claim.Until <= Now).ToList())
            {
                _claims.Remove(claim);
                Push(claim.Connection, claim.IdJson, claim.Job.Outcome is null ? ToolResults.Running(claim.Job.CallId, "Now.", accepted: true).ToJsonString() : Outcome(claim.Job, RecoveredHow.Attached));
            }
        }

        private static string Outcome(Entry entry, string how)
        {
            var error = entry.WasCancelled ? $$""","exai/error":{"code":"CANCELLED","callId":"{{entry.CallId}}"}""" : "";
            return $$"""{"content":[{"type":"text","text":"{{entry.Outcome}}"}],"isError":{{(entry.WasCancelled ? "true" : "false")}},"_meta":{"exai/receipt":{"callId":"{{entry.CallId}}","recovered":"{{how}}"}{{error}} } }""";
        }

        private static void Push(FakeConnection connection, string idJson, string result)
        {
            if (connection.IsOpen)
            {
                connection.Push($$"""{"jsonrpc":"2.0","id":{{idJson}},"result":{{result}}}""");
            }
        }

        // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────

        private async Task PassAsync(double seconds)
        {
            for (var left = seconds; left > 0; left -= 1)
            {
                await rig.PassAsync(Math.Min(left, 1));
                Pump();
            }

            await rig.SettleAsync();
            Pump();
        }

        private async Task HealAsync()
        {
            (Daemon.Refusal, Daemon.Frozen) = (null, false);
            Daemon.Drop();
            if (!Daemon.IsUp)
            {
                Daemon.Start();
            }

            await PassAsync(120);
            foreach (var id in _asked.Keys.Where(id => !_cancelled.Contains(id)).Concat(_jobsAsked))
            {
                rig.Client.Responses(id).Count().ShouldBe(1, $"answers to {id}");
            }

            // A cancel is over by now, whatever it met on its way; what is not cancelled has its clients still, or is a job.
            var jobs = Jobs().ToHashSet(StringComparer.Ordinal);
            _journal.Values.Where(entry => entry.Outcome is null && entry.Epoch == Daemon.Epoch && !jobs.Contains(entry.CallId)).Select(entry => entry.Prompt).ShouldBeEmpty("cancels that were lost");
        }

        private async Task ClaimAllAsync()
        {
            foreach (var job in Jobs().ToList())
            {
                ClientLine answer;
                var tries = 0;
                do
                {
                    (++tries).ShouldBeLessThan(20, $"job {job} does not end");
                    var id = Claim(job, 30);
                    await PassAsync(40);
                    answer = rig.Client.Responses(id).Single();
                }
                while (Status(answer) == "running");

                if (_journal.TryGetValue(job, out var entry))
                {
                    answer.ToolText.ShouldBe(entry.Outcome);
                    saw("claimed");
                }
                else
                {
                    // No daemon ever had room for it, or there was none until its clock was over.
                    answer.ErrorCode.ShouldBeOneOf(ErrorCodes.DaemonUnavailable, ErrorCodes.OverCapacity, ErrorCodes.InvalidArgument);
                }
            }
        }

        private void Check()
        {
            foreach (var (id, prompt) in _asked)
            {
                var answers = rig.Client.Responses(id).ToList();
                answers.Count.ShouldBeInRange(0, 1, $"answers to {id}");
                if (answers is not [var answer])
                {
                    continue;
                }

                if (Status(answer) == "running")
                {
                    saw("running");
                    if (_journal.TryGetValue(JobId(answer), out var entry))
                    {
                        entry.Prompt.ShouldBe(prompt, "a job of another question");
                    }
                }
                else if (!answer.IsToolError)
                {
                    answer.ToolText.ShouldBe($"answer to {prompt}");
                }
                else
                {
                    // Nobody ended calls on purpose: one that was cancelled had been given up, and who asks again is asked for anew.
                    answer.ErrorCode.ShouldNotBe(ErrorCodes.Cancelled, $"request {id}");
                }
            }

            foreach (var calls in _journal.Values.GroupBy(entry => entry.Prompt, StringComparer.Ordinal).Where(calls => calls.Count() > 1))
            {
                saw("anew");
            }

            rig.Log.Entries.ShouldNotContain(entry => entry.Id == 2008, "a defect in the link");
        }

        private static string? Status(ClientLine line) => (string?)line.Result?["structuredContent"]?["status"];

        private static string JobId(ClientLine line) => (string)((JsonNode)line.Result!)["structuredContent"]!["job_id"]!;
    }
}
