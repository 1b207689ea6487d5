using System.Diagnostics.Metrics;
using Exai.Core.Admission;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Tests.Models;

/// <summary>A gateway with nothing in its way: permits for everyone, a breaker that hardly ever opens, no chance.</summary>
internal static class TestGateway
{
    public static ModelGateway Create(
        ModelRouter router, TimeProvider time, ILogger log, GatewayOptions? options = null, BreakerOptions? breaker = null, IPermits? permits = null,
        AttemptRegistry? attempts = null)
    {
        var breakers = new CircuitBreakers(breaker ?? new BreakerOptions(10_000, TimeSpan.FromSeconds(60)), time);
        return new ModelGateway(
            router, permits ?? new CountingPermits(), attempts ?? new AttemptRegistry(), breakers, options ?? new GatewayOptions(), new GatewayMeters(new Meter(GatewayMeters.MeterName), breakers),
            () => 0, time, log);
    }

    /// <summary>A call that asks, with a ledger of its own.</summary>
    public static AskScope Scope(Action<string>? report = null, MemoryLedger? ledger = null, Func<TimeSpan>? timeLeft = null, Func<CallError?>? endedBy = null) => new()
    {
        CallId = "call",
        SessionId = "session",
        Report = progress => report?.Invoke(progress.Text),
        Book = new AttemptBook("call", 1, ledger ?? new MemoryLedger()),
        TimeLeft = timeLeft ?? (() => TimeSpan.FromSeconds(960)),
        EndedBy = endedBy ?? (() => null),
    };
}

/// <summary>Permits for everyone, counted.</summary>
internal sealed class CountingPermits : IPermits
{
    public int Taken { get; private set; }

    public int Held { get; private set; }

    public ValueTask<IPermit> AcquireAsync(PermitRequest request, CancellationToken cancellationToken)
    {
        Taken++;
        Held++;
        return ValueTask.FromResult<IPermit>(new Permit(this));
    }

    private sealed class Permit(CountingPermits permits) : IPermit
    {
        public TimeSpan Waited => TimeSpan.Zero;

        /// <summary>Has no limits to learn.</summary>
        public ReceiptLimit? Learn(ProviderSignal signal, TimeSpan? retryAfter = null) => null;

        public void Dispose() => permits.Held--;
    }
}

/// <summary>A ledger that keeps every version of every row.</summary>
internal sealed class MemoryLedger : IAttemptLedger
{
    public List<AttemptRecord> Writes { get; } = [];

    /// <summary>The last version of each row, in order.</summary>
    public IReadOnlyList<AttemptRecord> Rows => [.. Writes.GroupBy(row => (row.CallId, row.Run, row.Number)).Select(versions => versions.Last())];

    public ValueTask SaveAsync(AttemptRecord attempt, CancellationToken cancellationToken)
    {
        Writes.Add(attempt);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<AttemptRecord>> FindAsync(string callId, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<AttemptRecord>>([.. Rows.Where(row => row.CallId == callId)]);

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Writes.RemoveAll(row => row.StartedAt < before));
}
