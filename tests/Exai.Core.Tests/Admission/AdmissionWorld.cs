using Exai.Core.Admission;
using Exai.Testing;

namespace Exai.Core.Tests.Admission;

/// <summary>A scheduler on a clock that stands still, and attempts that ask it. Everything it decides is visible at once.</summary>
internal sealed class AdmissionWorld : IDisposable
{
    private int _calls;
    private readonly long _started;

    public AdmissionWorld(AdmissionOptions? options = null)
    {
        Options = options ?? new AdmissionOptions();
        _started = Time.GetTimestamp();
        Permits = new PermitScheduler(Options, Attempts, Time, Log);
    }

    public VirtualTime Time { get; } = new();

    public TimeSpan Elapsed => Time.GetElapsedTime(_started);

    public AdmissionOptions Options { get; }

    public AttemptRegistry Attempts { get; } = new();

    public ListLogger Log { get; } = new();

    public PermitScheduler Permits { get; }

    public TestAttempt Ask(
        string session, string provider = "glm", string? model = null, AttemptPriority priority = AttemptPriority.Interactive, string? call = null, Action<QueuePlace>? queued = null)
    {
        var cancel = new CancellationTokenSource();
        var alive = Attempts.Enter(call ?? $"call-{++_calls}");
        var request = new PermitRequest
        {
            CallId = alive.Owner.CallId,
            Attempt = alive.Owner.Attempt,
            SessionId = session,
            Provider = provider,
            Model = model ?? provider + "-model",
            Priority = priority,
            Queued = queued,
        };
        return new TestAttempt(request, cancel, alive, Permits.AcquireAsync(request, cancel.Token).AsTask());
    }

    public ScopeSnapshot Global => Permits.Snapshot().Global;

    public ProviderSnapshot Provider(string name) => Permits.Snapshot().Providers.Single(provider => provider.Scope.Name == name);

    /// <summary>Has attempts ask in this order ("session" or "session:provider"), ends each as soon as it runs, and says who ran when.</summary>
    public string Order(params string[] asks)
    {
        var left = asks.Select(ask => ask.Split(':')).Select(ask => Ask(ask[0], ask.Length > 1 ? ask[1] : "glm")).ToList();
        var order = new List<string>();
        while (left.Count > 0)
        {
            var running = left.Single(attempt => attempt.Runs);
            order.Add(running.Request.SessionId);
            left.Remove(running);
            running.End();
        }

        return string.Join(' ', order);
    }

    public void After(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    public void Dispose() => Permits.Dispose();
}

internal sealed record TestAttempt(PermitRequest Request, CancellationTokenSource Token, AttemptLife Alive, Task<IPermit> Permit)
{
    public bool Runs => Permit.IsCompletedSuccessfully;

    public IPermit Held => Permit.Result;

    public bool Waits => !Permit.IsCompleted;

    /// <summary>Gives the permit back and leaves the registry.</summary>
    public void End(ProviderSignal signal = ProviderSignal.Neutral, TimeSpan? retryAfter = null)
    {
        Permit.IsCompletedSuccessfully.ShouldBeTrue($"{Request.CallId} does not run");
        Held.Learn(signal, retryAfter);
        Permit.Result.Dispose();
        Alive.Dispose();
    }
}
