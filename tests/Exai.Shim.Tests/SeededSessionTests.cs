using Exai.Protocol;
using Exai.Shim.Link;
using Exai.Shim.Tests.Eras;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests;

/// <summary>
/// Whole sessions by chance: a client of both eras that calls, lists and cancels, a daemon that drops, freezes, restarts, answers late and twice, and
/// the order of everything that is ready at once. A failure names its seed; the same seed gives the same run. Traps 22, 28, 48, 50 and 113.
/// </summary>
public sealed class SeededSessionTests
{
    private const int Seeds = 300;

    [Fact]
    public void Every_request_is_answered_once_or_cancelled_whatever_the_daemon_does()
    {
        var (calls, reconnects, again) = (0, 0, 0);
        for (var number = 0; number < Seeds; number++)
        {
            var seed = number;
            try
            {
                ShimRig.Run(
                    async rig =>
                    {
                        await new Session(rig, new Random(seed)).RunAsync();
                        calls += rig.Daemon.Calls.Count;
                        reconnects += rig.Daemon.Connections.Count - 1;
                        again += rig.Daemon.Calls.Sum(call => call.Sent.Count - 1);
                    },
                    seed: seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
            }
        }

        // The chances are such that all of it happens.
        calls.ShouldBeGreaterThan(Seeds * 5);
        reconnects.ShouldBeGreaterThan(Seeds * 3);
        again.ShouldBeGreaterThan(Seeds);
    }

    [Fact]
    public void Same_seed_gives_the_same_session()
    {
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            List<string> lines = [];
            ShimRig.Run(
                async rig =>
                {
                    await new Session(rig, new Random(7)).RunAsync();
                    // Call ids have a random part.
                    lines = [.. rig.Client.Lines.Select(line => $"{line.At:O} {line.Method} {line.IdJson}"), .. rig.Daemon.Received.Select(message => $"{message.At:O} {message.Method}")];
                },
                seed: 7);
            return string.Join('\n', lines);
        }).ToList();

        runs[1].ShouldBe(runs[0]);
    }

    private sealed class Session(ShimRig rig, Random random)
    {
        private readonly List<string> _calls = [];
        private readonly List<string> _others = [];
        private readonly List<string> _listens = [];
        private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
        private int _ids;

        private FakeDaemon Daemon => rig.Daemon;

        public async Task RunAsync()
        {
            Daemon.AnswersCalls = false;
            if (random.Next(2) == 0)
            {
                Daemon.Start(writesHealth: random.Next(2) == 0);
            }

            rig.Initialize();
            rig.Initialized();
            for (var step = 0; step < 60; step++)
            {
                Step();
                await WaitAsync();
            }

            await SettleAsync();
            Check();
        }

        private void Step()
        {
            switch (random.Next(24))
            {
                case < 7:
                    Call();
                    break;
                case 7:
                    List(Other());
                    break;
                case 8:
                    rig.Send($$"""{"jsonrpc":"2.0","id":{{Other()}},"method":"{{(random.Next(2) == 0 ? "ping" : "some/method")}}"}""");
                    break;
                case 9 or 10 when _calls.Count > 0:
                    Cancel(_calls[random.Next(_calls.Count)]);
                    break;
                case < 15 when Daemon.Calls.Count > 0:
                    Answer(Daemon.Call(random.Next(Daemon.Calls.Count)));
                    break;
                case 15 or 16 when Daemon.Calls.Count > 0:
                    Daemon.Call(random.Next(Daemon.Calls.Count)).Progress(random.Next(1000));
                    break;
                case 17:
                    Daemon.Drop(random.Next(3) switch { 0 => null, 1 => LinkContract.GiveWayCloseCode, _ => 1012 });
                    break;
                case 18 when Daemon.IsUp:
                    Daemon.Kill();
                    break;
                case 19 or 20 when !Daemon.IsUp:
                    Daemon.Start(writesHealth: random.Next(2) == 0);
                    break;
                case 19 when Daemon.IsUp:
                    Daemon.Restart();
                    break;
                case 21:
                    Daemon.Frozen = !Daemon.Frozen && Daemon.IsUp;
                    break;
                case 22:
                    Daemon.Refusal = Daemon.Refusal is null ? new LinkException(LinkFailure.NotNow, "not now") : null;
                    break;
                case 23 when Daemon.IsConnected && !Daemon.Frozen:
                    Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"exai/draining","params":{}}""");
                    break;
            }
        }

        private async Task WaitAsync()
        {
            switch (random.Next(6))
            {
                case 0:
                    break;
                case 1:
                    await Task.Yield();
                    break;
                case < 5:
                    await rig.PassAsync(random.NextDouble() * 0.3);
                    break;
                default:
                    await rig.PassAsync(random.NextDouble() * 12);
                    break;
            }
        }

        private void Call()
        {
            // Numbers and strings of the same digits are different ids.
            var id = random.Next(2) == 0 ? $"{++_ids}" : $"\"{++_ids}\"";
            if (random.Next(4) == 0)
            {
                var twin = id[0] == '"' ? id.Trim('"') : $"\"{id}\"";
                rig.Call(twin);
                _calls.Add(twin);
            }

            var token = random.Next(2) == 0 ? $"\"t{id.Trim('"')}\"" : null;
            if (random.Next(3) == 0)
            {
                rig.ModernCall(id, token);
            }
            else
            {
                rig.Call(id, token);
            }

            _calls.Add(id);
        }

        private void List(string id)
        {
            switch (random.Next(3))
            {
                case 0:
                    rig.Modern(id, "tools/list");
                    break;
                case 1 when _listens.Count < 5:
                    _others.Remove(id);
                    _listens.Add(id);
                    rig.Listen(id);
                    break;
                default:
                    rig.ListTools(id);
                    break;
            }
        }

        private string Other()
        {
            _others.Add($"\"o{++_ids}\"");
            return _others[^1];
        }

        private void Cancel(string id)
        {
            rig.Cancel(id);
            _cancelled.Add(id);
        }

        private void Answer(FakeCall call)
        {
            if (Daemon.Frozen || !Daemon.IsUp)
            {
                return;
            }

            call.Journal();
            for (var times = random.Next(3); times > 0; times--)
            {
                call.Deliver();
            }
        }

        /// <summary>From here on the daemon is well: everything has to come to its end.</summary>
        private async Task SettleAsync()
        {
            (Daemon.Refusal, Daemon.Frozen) = (null, false);
            // A link that drains for ever takes no call.
            Daemon.Drop();
            if (!Daemon.IsUp)
            {
                Daemon.Start();
            }

            await rig.UntilAsync(
                () =>
                {
                    foreach (var call in Daemon.Calls.Where(call => !call.IsDone))
                    {
                        call.Answer();
                    }

                    return _calls.Where(id => !_cancelled.Contains(id)).Concat(_others).All(id => rig.Client.Responses(id).Any());
                },
                "all answers");
            await rig.PassAsync(30);
        }

        private void Check()
        {
            Daemon.Calls.Select(call => call.IdJson).ShouldBeUnique();
            foreach (var call in Daemon.Calls)
            {
                call.Sent.Select(message => message.Text).Distinct(StringComparer.Ordinal).ShouldHaveSingleItem();
            }

            foreach (var id in _calls)
            {
                var answers = rig.Client.Responses(id).ToList();
                answers.Count.ShouldBeInRange(_cancelled.Contains(id) ? 0 : 1, 1, $"answers to {id}");
                if (answers is [var answer])
                {
                    answer.ToolText.ShouldBe($"answer to {Daemon.Calls.Single(call => call.IdJson == id).CallId}");
                }
            }

            foreach (var id in _others)
            {
                rig.Client.Responses(id).Count().ShouldBe(1, $"answers to {id}");
            }

            rig.Client.Responses("0").Count().ShouldBe(1);
            rig.Log.Entries.ShouldNotContain(entry => entry.Id == 2008, "a defect in the link");
            foreach (var era in Daemon.Connections.GroupBy(connection => connection.Era, StringComparer.Ordinal))
            {
                era.SkipLast(1).ShouldAllBe(connection => connection.WasDisposed);
            }

            rig.Client.Notifications(ModernProtocol.Acknowledged).Select(line => line.Json["params"]!["_meta"]![ModernProtocol.SubscriptionKey]!.ToJsonString()).ShouldBe(_listens);
            _listens.ShouldAllBe(id => !rig.Client.Responses(id).Any());
        }
    }
}
