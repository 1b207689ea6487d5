using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Core.Telemetry;
using Exai.Core.Threads;
using Exai.Core.Tools;
using Exai.Core.Tools.Chat;
using Exai.Core.Tools.Files;
using Exai.Core.Tools.Jobs;
using Exai.Daemon.Link;
using Exai.Protocol;
using Exai.Settings;
using Exai.Shim.Link;
using LinkEndpoint = Exai.Shim.Link.LinkEndpoint;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// A daemon without sockets: the real calls, admission, models, jobs and call handler over the real journal. Its ends are those of
/// <see cref="DaemonHost"/>: killed, drained, or retired beside its successor.
/// </summary>
internal sealed class WorldDaemon : IAsyncDisposable
{
    private const int ServiceRestart = 1012;

    /// <summary>Short, so that retiring and draining are over within a story.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

    private readonly SimulatedWorld _world;
    private readonly SqliteDatabase _database;
    private readonly PermitScheduler _permits;
    private readonly SessionPlaces _places;
    private readonly List<WorldConnection> _connections = [];
    private bool _ended;

    public WorldDaemon(SimulatedWorld world, string epoch)
    {
        _world = world;
        Epoch = epoch;
        _database = SqliteDatabase.Open(world.DatabasePath, fullSync: false);
        var options = world.Calls;
        Store = new MortalStore(
            new SqlCallStore(_database, options.Lease, world.Time), new SqlAttemptLedger(_database), world.Book, world.PauseAsync, () => Kill());
        Threads = new SqlThreadStore(_database);
        var directory = new ModelDirectory([.. world.Providers(this)], SimulatedWorld.Catalogue);
        var attempts = new AttemptRegistry();
        _permits = new PermitScheduler(world.Admission, attempts, world.Time, world.Log);
        _places = new SessionPlaces(world.MostSessions, _permits, world.Time);
        var breakers = new CircuitBreakers(new BreakerOptions(5, TimeSpan.FromSeconds(60)), world.Time);
        var models = new ModelGateway(
            new ModelRouter(directory, "auto"), _permits, attempts, breakers, new GatewayOptions { Fallback = FallbackMode.Auto }, new GatewayMeters(world.Meter, breakers), () => 0.5, world.Time, world.Log);
        ITool[] tools = [new ChatTool()];
        var runner = new ToolRunner(tools, Store, Store, new ThreadReader(Threads, TimeSpan.FromHours(24), 200, world.Time), models, new NoFileContents(), world.Time, world.Log);
        Calls = new CallService(Store, runner, _permits, new CallOwner(epoch, "process-" + epoch), world, options, world.Time, world.Log);
        var jobs = new JobFinder(() => Calls, world.Time);
        var dispatcher = new ToolDispatcher([new JobListTool(Store, world.Time), new JobCancelTool(jobs, world.Time)], tools, ToolCatalogue.All, Calls, world.Time, world.Log)
        {
            JobResult = new JobResultTool(jobs, clientWait: null, world.Time),
        };
        State = new DaemonState(world.Time);
        Handler = new ToolCallHandler(dispatcher, Calls, State, TimeSpan.FromSeconds(2.5), world.Time);
    }

    public string Epoch { get; }

    public MortalStore Store { get; }

    public SqlThreadStore Threads { get; }

    public CallService Calls { get; }

    public DaemonState State { get; }

    public ToolCallHandler Handler { get; }

    /// <summary>Its process runs.</summary>
    public bool Lives { get; private set; } = true;

    /// <summary>Another one may have taken its calls over while it lived.</summary>
    public bool WasTakenForDead { get; set; }

    /// <summary>Completes when nothing of it is left.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public AdmissionSnapshot Admission => _permits.Snapshot();

    public IEnumerable<WorldConnection> Connections => _connections.Where(connection => connection.IsOpen);

    /// <exception cref="LinkException">No link, as the upgrade would say it.</exception>
    public WorldConnection Accept(LinkEndpoint endpoint)
    {
        if (State.IsDraining || State.IsStopping)
        {
            throw new LinkException(LinkFailure.NotNow, "The daemon is ending (503).");
        }

        SessionLink place;
        try
        {
            place = _places.Enter(endpoint.SessionId);
        }
        catch (CallException full)
        {
            throw new LinkException(LinkFailure.NotNow, full.Message);
        }

        // The newest link of a session wins.
        foreach (var older in Connections.Where(connection => connection.SessionId == endpoint.SessionId && connection.Era == endpoint.Era).ToList())
        {
            older.Close(LinkContract.SupersededCloseCode);
        }

        var connection = new WorldConnection(_world, this, endpoint, place);
        _connections.Add(connection);
        return connection;
    }

    /// <summary>As <c>kill -9</c>: nothing of it happens any more, and its links break without a word.</summary>
    public void Kill()
    {
        if (!Lives)
        {
            return;
        }

        Store.Dead = true;
        State.Stop();
        Leave();
        foreach (var connection in _connections)
        {
            connection.Break();
        }

        Ended = CloseAsync();
    }

    /// <summary>SIGTERM: new calls wait in the shims, running ones are finished for a while.</summary>
    public Task DrainAsync() => Ended = EndAsync(
        async limit =>
        {
            TellDraining();
            await Calls.WhenIdleAsync(limit);
            using var answers = new CancellationTokenSource(TimeSpan.FromSeconds(1), _world.Time);
            await Handler.WhenAnsweredAsync(() => false, answers.Token);
        });

    /// <summary>Its successor serves: the shims are sent there, the running calls are finished here, or left to it.</summary>
    public Task RetireAsync(bool leavesCalls) => Ended = EndAsync(
        async limit =>
        {
            TellDraining();
            CloseAll();
            Calls.LeaveCancelsToSuccessor();
            if (!leavesCalls)
            {
                await Calls.WhenIdleAsync(limit);
            }
        });

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Ended;
    }

    private async Task EndAsync(Func<CancellationToken, Task> finish)
    {
        State.Drain();
        using var limit = new CancellationTokenSource(DrainLimit, _world.Time);
        try
        {
            await finish(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What still runs is taken over by the next daemon.
        }

        State.Stop();
        CloseAll();
        await CloseAsync();
        Leave();
    }

    private void TellDraining()
    {
        foreach (var connection in Connections)
        {
            connection.Tell($$$"""{"jsonrpc":"2.0","method":"{{{LinkContract.DrainingNotification}}}","params":{"epoch":"{{{Epoch}}}","reconnectAfterMs":0}}""");
        }
    }

    private void CloseAll()
    {
        foreach (var connection in Connections.ToList())
        {
            connection.Close(ServiceRestart);
        }
    }

    private void Leave()
    {
        Lives = false;
        _world.OnGone(this);
    }

    private async Task CloseAsync()
    {
        if (!_ended)
        {
            _ended = true;
            foreach (var connection in _connections)
            {
                connection.StopAnswering();
            }

            await Calls.DisposeAsync();
            _permits.Dispose();
            await _database.DisposeAsync();
        }
    }
}
