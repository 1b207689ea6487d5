using Exai.Settings.Home;
using Exai.Shim.Link;

namespace Exai.Testing.Shim;

/// <summary>Daemons with one store, each at a port of its own: a dial goes to the one whose port it names. None of them is of the shim's home.</summary>
internal sealed class FakeCluster : ILinkDialer
{
    public const int FirstPort = 9001;

    private readonly VirtualTime _time;

    public FakeCluster(ExaiHome home, VirtualTime time, int count)
    {
        _time = time;
        var first = new FakeDaemon(home, time) { ListensAt = FirstPort };
        Daemons = [first, .. Enumerable.Range(1, count - 1).Select(number => new FakeDaemon(home, time, first) { ListensAt = FirstPort + number })];
    }

    public IReadOnlyList<FakeDaemon> Daemons { get; }

    /// <summary>As EXAI_WS_ENDPOINTS has them.</summary>
    public string Endpoints => string.Join(',', Daemons.Select(daemon => $"daemon{daemon.ListensAt}:{daemon.ListensAt}"));

    /// <summary>All dials, in their order.</summary>
    public List<FakeDial> Dials { get; } = [];

    /// <summary>Those that have an open link.</summary>
    public IEnumerable<FakeDaemon> Linked => Daemons.Where(daemon => daemon.Connections.Any(connection => connection.IsOpen));

    /// <summary>The journal that they share.</summary>
    public IReadOnlyCollection<FakeCall> Calls => Daemons[0].Calls;

    public void StartAll()
    {
        foreach (var daemon in Daemons)
        {
            daemon.Start(writesHealth: false);
        }
    }

    public Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        Dials.Add(new FakeDial(_time.GetUtcNow(), endpoint));
        return Daemons.Single(daemon => daemon.ListensAt == endpoint.Port).DialAsync(endpoint, cancellationToken);
    }
}
