using Exai.Core.Admission;
using Exai.Core.Admission.Shares;
using Exai.Testing;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>A daemon as far as its permits go, and the attempts in it.</summary>
internal sealed class ShareDaemon : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);

    private readonly AttemptRegistry _attempts = new();
    private int _calls;

    public ShareDaemon(ShareBoard board, string epoch, VirtualTime time, AdmissionOptions options)
    {
        Epoch = epoch;
        Time = new PausableTime(time);
        Store = new BoardShares(board, epoch, Lease, Time);
        var desk = new ShareDesk(new ShareLease(Lease, Time), Time);
        Permits = new PermitScheduler(options, _attempts, Time, Log, desk);
        Sharing = new SharedPermits(Permits, desk, Store, Lease, Time, Log);
    }

    public string Epoch { get; }

    public PausableTime Time { get; }

    public BoardShares Store { get; }

    public ListLogger Log { get; } = new();

    public PermitScheduler Permits { get; }

    public SharedPermits Sharing { get; }

    /// <summary>Running attempts.</summary>
    public int Running => Permits.Snapshot().Global.Held;

    public TestAttempt Ask(string model = "glm/one", string session = "session")
    {
        var alive = _attempts.Enter($"{Epoch}-{++_calls}");
        var request = new PermitRequest
        {
            CallId = alive.Owner.CallId,
            Attempt = alive.Owner.Attempt,
            SessionId = session,
            Provider = model.Split('/')[0],
            Model = model.Split('/')[1],
        };
        var cancel = new CancellationTokenSource();
        return new TestAttempt(request, cancel, alive, Permits.AcquireAsync(request, cancel.Token).AsTask());
    }

    public async ValueTask DisposeAsync()
    {
        await Sharing.DisposeAsync();
        Permits.Dispose();
    }
}
