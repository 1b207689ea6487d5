using BenchmarkDotNet.Attributes;
using Exai.Core.Admission;
using Microsoft.Extensions.Logging.Abstractions;

namespace Exai.Benchmarks;

/// <summary>
/// What it costs to take a permit and to give it back; each figure is for one permit. In this process: the projects that BenchmarkDotNet
/// would generate are no match for the analyzers of this repository.
/// </summary>
[MemoryDiagnoser, InProcess]
public class PermitBenchmarks
{
    private const int Waiters = 32;

    private readonly AttemptRegistry _attempts = new();
    private readonly Task[] _asking = new Task[Waiters];
    private PermitScheduler _wide = null!;
    private PermitScheduler _narrow = null!;

    /// <summary>Sessions that ask in turn; all of them wait when there is contention.</summary>
    [Params(1, 8)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _wide = Scheduler(limit: 64);
        _narrow = Scheduler(limit: 1);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _wide.Dispose();
        _narrow.Dispose();
    }

    /// <summary>A free permit: nobody waits.</summary>
    [Benchmark(Baseline = true)]
    public async Task Free()
    {
        using var alive = _attempts.Enter("call");
        using var permit = await _wide.AcquireAsync(Request(alive.Owner, 0), CancellationToken.None);
    }

    /// <summary>One permit for thirty-two who wait for it at the same time.</summary>
    [Benchmark(OperationsPerInvoke = Waiters)]
    public async Task Contended()
    {
        using (var alive = _attempts.Enter("call"))
        using (await _narrow.AcquireAsync(Request(alive.Owner, 0), CancellationToken.None))
        {
            for (var waiter = 0; waiter < Waiters; waiter++)
            {
                _asking[waiter] = AskAsync(waiter % Sessions);
            }
        }

        await Task.WhenAll(_asking);
    }

    private async Task AskAsync(int session)
    {
        using var alive = _attempts.Enter("call");
        using var permit = await _narrow.AcquireAsync(Request(alive.Owner, session), CancellationToken.None);
    }

    private PermitScheduler Scheduler(int limit) => new(
        new AdmissionOptions { GlobalLimit = limit, SessionLimit = limit, DefaultProviderLimit = limit, QueueMax = 1000 },
        _attempts, TimeProvider.System, NullLogger.Instance);

    private static PermitRequest Request(PermitOwner owner, int session) => new()
    {
        CallId = owner.CallId,
        Attempt = owner.Attempt,
        SessionId = Names[session],
        Provider = "glm",
        Model = "glm-4.6",
    };

    private static readonly string[] Names = [.. Enumerable.Range(0, 8).Select(session => $"session-{session}")];
}
