using Exai.Core.Calls;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>
/// Several daemons share one database; they die, are taken for dead while they run on, and run out of disk, while clients send, send
/// again, and send other arguments under known ids. Traps 22–25, 131, 220 and invariant 5, whatever the order of events. A failing seed
/// fails again when it is run alone.
/// </summary>
public sealed class CallPropertyTests
{
    /// <summary>A server takes its time for each statement.</summary>
    public static IEnumerable<TheoryDataRow<StoreEngine, int>> Seeds =>
        from store in StoreEngines.All
        from seed in Enumerable.Range(1, store.Engine == StoreEngine.Sqlite ? 100 : 25)
        select new TheoryDataRow<StoreEngine, int>(store.Engine, seed) { Skip = store.Skip };

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_order_of_events_each_call_has_one_outcome_and_each_answer_is_paid_once(StoreEngine store, int seed) =>
        CallWorld.Run(store, world => new Storm(world, seed).RunAsync(), seed);

    private sealed class Storm
    {
        private readonly CallWorld _world;
        private readonly Random _random;
        private readonly List<TestDaemon> _serving = [];
        private readonly List<CallRequest> _sent = [];
        private readonly List<string> _threads = [];
        private readonly Dictionary<string, List<CallOutcome>> _seen = [];
        private readonly HashSet<string> _journaledAnswers = [];

        public Storm(CallWorld world, int seed)
        {
            _world = world;
            _random = new Random(seed);
            world.Options = new CallOptions
            {
                Lease = TimeSpan.FromSeconds(60),
                OwnerPoll = TimeSpan.FromSeconds(2),
                Timeout = TimeSpan.FromSeconds(120),
                MaxRuns = 3,
            };
            world.Provider = new ScriptedChatClient(world.Time, request =>
            {
                _journaledAnswers.ShouldNotContain(request.Prompt, "asked again although its answer was journaled");
                return
                [
                    ScriptStep.Seconds(1 + _random.Next(8)), new ScriptStep.Say($"answer {request.Number} to ({request.Prompt})"),
                    new ScriptStep.Usage(10, 10), new ScriptStep.Finish(),
                ];
            });
        }

        public async Task RunAsync()
        {
            StartDaemon();
            StartDaemon();
            var trouble = TroubleAsync();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(ClientAsync));
            await trouble;
            await CheckAsync();
        }

        private void StartDaemon()
        {
            var daemon = _world.Start();
            daemon.Store.StepSavedFor = run => _journaledAnswers.Add(Prompt(run.ToRequest()));
            daemon.Store.Pause = () => _random.Next(3) == 0 ? _world.AfterAsync(_random.Next(3)) : Task.CompletedTask;
            _serving.Add(daemon);
        }

        private async Task ClientAsync(int client)
        {
            for (var number = 0; number < 4; number++)
            {
                var thread = _threads.Count > 0 && _random.Next(3) > 0 ? _threads[_random.Next(_threads.Count)] : null;
                var request = _world.Chat($"question {client}.{number}", thread);
                _sent.Add(request);
                _seen[request.CallId] = [];
                await SendUntilAnsweredAsync(request);
                if (_random.Next(3) == 0)
                {
                    await SendUntilAnsweredAsync(_sent[_random.Next(_sent.Count)]);
                }

                if (_random.Next(4) == 0)
                {
                    await ConflictAsync(_sent[_random.Next(_sent.Count)]);
                }
            }
        }

        /// <summary>As a shim: the same id again after each loss.</summary>
        private async Task SendUntilAnsweredAsync(CallRequest request)
        {
            while (true)
            {
                var daemon = _serving[_random.Next(_serving.Count)];
                if (await TrySendAsync(daemon, request) is { } outcome && !daemon.Store.Killed)
                {
                    _seen[request.CallId].Add(outcome);
                    if (outcome.State == CallState.Succeeded && outcome.Receipt.Durable && !_threads.Contains(outcome.Receipt.ThreadId!))
                    {
                        _threads.Add(outcome.Receipt.ThreadId!);
                    }

                    return;
                }

                await _world.AfterAsync(1);
            }
        }

        private async Task ConflictAsync(CallRequest known)
        {
            var daemon = _serving[_random.Next(_serving.Count)];
            if (await daemon.FindAsync(known.CallId) is null)
            {
                // Refused for want of room, or lost with its daemon before it was accepted: the id is free still.
                return;
            }

            var before = _world.Provider.Requests.Count(request => request.Prompt == "other");
            try
            {
                if (await TrySendAsync(daemon, _world.Chat("other", callId: known.CallId)) is { } outcome)
                {
                    outcome.Error!.Code.ShouldBe(ErrorCodes.CallConflict);
                }
            }
            catch (CallException failure)
            {
                failure.Error.Code.ShouldBe(ErrorCodes.CallConflict);
            }

            _world.Provider.Requests.Count(request => request.Prompt == "other").ShouldBe(before);
        }

        private static async Task<CallOutcome?> TrySendAsync(TestDaemon daemon, CallRequest request)
        {
            try
            {
                var attachment = daemon.Calls.StartOrAttach(request);
                return await attachment.Outcome;
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return null;
            }
        }

        private async Task TroubleAsync()
        {
            for (var round = 0; round < 6; round++)
            {
                await _world.AfterAsync(1 + _random.Next(6));
                var victim = _serving[_random.Next(_serving.Count)];
                switch (_random.Next(4))
                {
                    case 0 or 1:
                        _serving.Remove(victim);
                        StartDaemon();
                        await victim.KillAsync();
                        break;
                    case 2:
                        // Its lease ran out on another host's clock, and it lives.
                        _world.Dead.Add(victim.Epoch);
                        await _world.AfterAsync(_random.Next(5));
                        _world.Dead.Remove(victim.Epoch);
                        break;
                    default:
                        victim.Store.Full.UnionWith(["AcceptAsync", "SaveStepAsync", "FinishAsync"]);
                        await _world.AfterAsync(_random.Next(5));
                        victim.Store.Full.Clear();
                        break;
                }
            }
        }

        private async Task CheckAsync()
        {
            var daemon = _world.Start();
            foreach (var request in _sent)
            {
                var final = await daemon.AskAsync(request);
                (await daemon.AskAsync(request)).Text.ShouldBe(final.Text);

                // What could not be kept may have died with its daemon; what was refused for want of room never was a call.
                var kept = _seen[request.CallId].Where(outcome => outcome.Receipt.Durable && outcome.Error?.Code != ErrorCodes.StoreFull);
                kept.ShouldAllBe(outcome => outcome.Text == final.Text && outcome.State == final.State);
                final.Receipt.Runs.ShouldBeInRange(1, 3);
                var asked = _world.Provider.Requests.Count(asked => asked.Prompt == Prompt(request));
                asked.ShouldBeLessThanOrEqualTo(final.Receipt.Runs);
                (await daemon.FindAsync(request.CallId))!.Outcome!.Text.ShouldBe(final.Text);
            }

            foreach (var thread in (await Task.WhenAll(_sent.Select(async request => (await daemon.FindAsync(request.CallId))!))).GroupBy(call => call.ThreadId))
            {
                var succeeded = thread.Where(call => call.State == CallState.Succeeded).OrderBy(call => call.ThreadPlace).ToList();
                var turns = (await daemon.Threads.FindAsync(thread.Key, CancellationToken.None))?.Turns ?? [];
                turns.Select(turn => turn.CallId).ShouldBe(succeeded.Select(call => call.CallId));
                turns.Zip(succeeded).ShouldAllBe(pair => pair.Second.Outcome!.Text.StartsWith(pair.First.Answer, StringComparison.Ordinal));
                CheckHistories(turns);
            }

            _world.Log.Errors.Where(error => !error.Contains("could not be journaled", StringComparison.Ordinal)).ShouldBeEmpty();
        }

        /// <summary>The answer that a turn keeps was given to exactly the turns before it.</summary>
        private void CheckHistories(IReadOnlyList<Exai.Core.Threads.Turn> turns)
        {
            for (var index = 0; index < turns.Count; index++)
            {
                var number = int.Parse(turns[index].Answer.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
                _world.Provider.Requests[number - 1].Messages.Skip(1).SkipLast(1).Select(message => message.Text)
                    .ShouldBe(turns.Take(index).SelectMany(turn => (string[])[turn.Question, turn.Answer]));
            }
        }

        private static string Prompt(CallRequest request) => request.Arguments.GetProperty("prompt").GetString()!;
    }
}
