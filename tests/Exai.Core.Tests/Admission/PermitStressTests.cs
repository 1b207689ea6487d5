using Exai.Core.Admission;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Admission;

/// <summary>
/// Many threads at once, on a clock that is real but a thousand times as fast, so that the operations meet in every way that the machine has: what each thread counts for
/// itself must never exceed a limit, every wait must end, and nothing may be held at the end. Traps 57–61, 64, 67.
/// </summary>
public sealed class PermitStressTests(ITestOutputHelper output)
{
    private const int Threads = 8;
    private const int Operations = 1000;
    private const int Sessions = 4;
    private const int Providers = 2;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Threads_that_ask_cancel_lose_learn_and_leave_at_once_break_nothing(int seed)
    {
        using var stress = new Stress(seed);
        stress.Run();
        output.WriteLine(stress.Summary);
        stress.Violations.ShouldBeEmpty($"seed {seed}");
    }

    /// <summary>A second passes in a millisecond: queue clocks and reports happen in the midst of it all.</summary>
    private sealed class FastTime : TimeProvider
    {
        private const int Speed = 1000;

        public override long GetTimestamp() => System.GetTimestamp() * Speed;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new FastTimer(System.CreateTimer(callback, state, Slow(dueTime), Slow(period)));

        private static TimeSpan Slow(TimeSpan time) =>
            time == Timeout.InfiniteTimeSpan ? time : TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds / Speed));

        private sealed class FastTimer(ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(Slow(dueTime), Slow(period));

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }

    private sealed class Stress : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

        private readonly int _seed;
        private readonly AdmissionOptions _options;
        private readonly AttemptRegistry _attempts = new();
        private readonly ListLogger _log = new();
        private readonly PermitScheduler _permits;
        private readonly CancellationTokenSource?[] _waits = new CancellationTokenSource?[Threads];
        private readonly int[] _heldBySession = new int[Sessions];
        private readonly int[] _heldByProvider = new int[Providers];
        private readonly List<string> _violations = [];
        private int _held;
        private int _granted;
        private int _cancelled;
        private int _timedOut;
        private int _lost;
        private int _refused;

        public Stress(int seed)
        {
            _seed = seed;
            var random = new Random(seed);
            _options = new AdmissionOptions
            {
                GlobalLimit = 1 + random.Next(5),
                SessionLimit = 1 + random.Next(3),
                DefaultProviderLimit = 1 + random.Next(3),
                QueueMax = 4 + random.Next(8),
                QueueTimeout = random.Next(2) == 0 ? TimeSpan.FromSeconds(2) : null,
                Aging = TimeSpan.FromSeconds(0.5),
                ReportInterval = TimeSpan.FromSeconds(1),
            };
            _permits = new PermitScheduler(_options, _attempts, new FastTime(), _log);
        }

        public IReadOnlyList<string> Violations => _violations;

        public string Summary => $"seed {_seed}: {_granted} granted, {_cancelled} cancelled, {_timedOut} timed out, {_lost} lost, {_refused} over capacity; {_options}";

        public void Run()
        {
            var threads = Enumerable.Range(0, Threads).Select(index => new Thread(() => Guarded(index))).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());

            _permits.TakeBackLost();
            var end = _permits.Snapshot();
            Require(end.Global is { Held: 0, Queued: 0 } && end.Sessions.Count == 0 && end.AttemptsAlive == 0, $"left behind: {end.Global}, {string.Join(", ", end.Sessions)}");
            Require(end.Leaks == _lost, $"{end.Leaks} leaks found of {_lost}");
            Require(!_log.Errors.Any(), string.Join("; ", _log.Errors));
        }

        public void Dispose() => _permits.Dispose();

        private void Guarded(int index)
        {
            try
            {
                var random = new Random((_seed * 1000) + index);
                for (var operation = 0; operation < Operations; operation++)
                {
                    Step(index, random);
                }
            }
            catch (Exception defect)
            {
                Require(false, defect.ToString());
            }
        }

        private void Step(int index, Random random)
        {
            switch (random.Next(16))
            {
                case 0:
                    _permits.TakeBackLost();
                    break;
                case 1:
                    var snapshot = _permits.Snapshot();
                    Require(snapshot.Global.Held <= _options.GlobalLimit, "more held than there is");
                    break;
                case 2:
                    _permits.Trim();
                    break;
                case 3:
                    // Somebody else's wait.
                    Volatile.Read(ref _waits[random.Next(Threads)])?.Cancel();
                    break;
                case 4:
                    var session = Session(random.Next(Sessions));
                    _permits.SessionConnected(session);
                    Thread.Yield();
                    _permits.SessionLeft(session);
                    break;
                default:
                    Attempt(index, random);
                    break;
            }
        }

        private void Attempt(int index, Random random)
        {
            var (session, provider) = (random.Next(Sessions), random.Next(Providers));
            var alive = _attempts.Enter($"call-{index}");
            try
            {
                using var place = random.Next(2) == 0 ? _permits.Reserve(alive.Owner.CallId, Session(session)) : null;
                // Never disposed: another thread may be about to cancel it.
                var cancel = new CancellationTokenSource();
                Volatile.Write(ref _waits[index], cancel);
                var waiting = _permits.AcquireAsync(Request(alive.Owner, session, provider, random), cancel.Token).AsTask();
                Require(Task.WaitAny([waiting], Patience) == 0, "a wait that does not end");
                Use(waiting.GetAwaiter().GetResult(), alive, session, provider, random);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _cancelled);
            }
            catch (CallException refused) when (refused.Error.Code == ErrorCodes.Timeout)
            {
                Interlocked.Increment(ref _timedOut);
            }
            catch (CallException refused) when (refused.Error.Code == ErrorCodes.OverCapacity)
            {
                Interlocked.Increment(ref _refused);
            }
            finally
            {
                alive.Dispose();
            }
        }

        private PermitRequest Request(PermitOwner owner, int session, int provider, Random random) => new()
        {
            CallId = owner.CallId,
            Attempt = owner.Attempt,
            SessionId = Session(session),
            Provider = $"provider-{provider}",
            Model = $"model-{random.Next(2)}",
            Priority = (AttemptPriority)random.Next(2),
            Queued = place => Require(place.Place >= 1, "an impossible place"),
        };

        private void Use(IPermit permit, AttemptLife alive, int session, int provider, Random random)
        {
            Interlocked.Increment(ref _granted);
            Require(Interlocked.Increment(ref _held) <= _options.GlobalLimit, "too many in all");
            Require(Interlocked.Increment(ref _heldBySession[session]) <= _options.SessionLimit, "too many in a session");
            Require(Interlocked.Increment(ref _heldByProvider[provider]) <= _options.DefaultProviderLimit, "too many at a provider");
            if (random.Next(3) == 0)
            {
                Thread.Yield();
            }

            Interlocked.Decrement(ref _held);
            Interlocked.Decrement(ref _heldBySession[session]);
            Interlocked.Decrement(ref _heldByProvider[provider]);
            permit.Learn(random.Next(4) == 0 ? ProviderSignal.Neutral : ProviderSignal.Served);
            if (random.Next(50) == 0)
            {
                // Its owner goes without giving it back; an audit finds it, and the late release changes nothing.
                Interlocked.Increment(ref _lost);
                alive.Dispose();
                _permits.TakeBackLost();
            }

            permit.Dispose();
        }

        private void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                lock (_violations)
                {
                    _violations.Add(otherwise);
                }
            }
        }

        private static string Session(int index) => $"session-{index}";
    }
}
