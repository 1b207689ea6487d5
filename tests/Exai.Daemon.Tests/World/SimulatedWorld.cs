using System.Diagnostics.Metrics;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Storage.Sqlite;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Testing;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// One home: its journal, the daemons that serve it one after another and side by side, the shims that use them, two providers, and all
/// that can go wrong between them. Everything but the sockets, the MCP SDK and the providers' HTTP is the real code; time and order are
/// the simulation's, chance is the seed's.
/// </summary>
internal sealed class SimulatedWorld : IOwnerLiveness, IDisposable
{
    /// <summary>Well-known clocks of a provider, shorter than a story.</summary>
    private static readonly ProviderClocks Clocks = new()
    {
        Connect = TimeSpan.FromSeconds(10),
        FirstTokenPlain = TimeSpan.FromSeconds(60),
        FirstTokenWeb = TimeSpan.FromSeconds(60),
        FirstTokenThinking = TimeSpan.FromSeconds(60),
        FirstTokenWebThinking = TimeSpan.FromSeconds(60),
        Idle = TimeSpan.FromSeconds(60),
        Stream = TimeSpan.FromSeconds(400),
    };

    private readonly Simulation _simulation;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exai-world-");
    private readonly HashSet<string> _dead = new(StringComparer.Ordinal);
    private readonly List<WorldDaemon> _daemons = [];
    private int _databases;

    /// <param name="emptyDatabase">See <see cref="EmptyDatabase"/>.</param>
    /// <param name="trace">Told what happens, to look into one seed; null tells nobody.</param>
    public SimulatedWorld(Simulation simulation, int seed, byte[] emptyDatabase, Action<string>? trace)
    {
        _simulation = simulation;
        Trace = trace is null ? null : said => trace($"{Time.GetUtcNow():HH:mm:ss.fff} {said}");
        Book = new JournalBook { Trace = Trace };
        Random = new Random(seed);
        Home = new ExaiHome(_root.FullName);
        DatabasePath = NextDatabasePath();
        File.WriteAllBytes(DatabasePath, emptyDatabase);
    }

    /// <summary>A file with all tables, for as many worlds as wanted: to make them takes longer than most stories. First used outside a simulation.</summary>
    public static Lazy<byte[]> EmptyDatabase { get; } = new(MakeDatabase);

    public static ModelCatalogue Catalogue { get; } = ModelCatalogue.Load();

    public VirtualTime Time => _simulation.Time;

    public Random Random { get; }

    public ExaiHome Home { get; }

    public ListLogger Log { get; } = new();

    public Meter Meter { get; } = new("exai-world");

    public Action<string>? Trace { get; }

    public JournalBook Book { get; }

    public string DatabasePath { get; private set; }

    public CallOptions Calls { get; } = new() { Lease = TimeSpan.FromSeconds(30), OwnerPoll = TimeSpan.FromSeconds(1) };

    /// <summary>Narrow, so that calls wait and are refused.</summary>
    public AdmissionOptions Admission { get; } = new() { GlobalLimit = 4, SessionLimit = 2, DefaultProviderLimit = 3, QueueMax = 6, AuditInterval = TimeSpan.FromMinutes(10) };

    public int MostSessions => 2;

    /// <summary>The daemon at which shims arrive; null when there is none.</summary>
    public WorldDaemon? Serving { get; private set; }

    public IReadOnlyList<WorldDaemon> Daemons => _daemons;

    /// <summary>Requests as the providers got them, of all daemons; their answers hold their number, which counts from 1.</summary>
    public List<ScriptedRequest> Requests { get; } = [];

    /// <summary>Calls that somebody ended by <c>job_cancel</c>.</summary>
    public HashSet<string> EndedOnPurpose { get; } = new(StringComparer.Ordinal);

    /// <summary>From here on providers answer at once.</summary>
    public bool Healthy { get; set; }

    /// <summary>The last commits were lost: what was answered may be unknown.</summary>
    public bool HasForgotten { get; private set; }

    public Task PassAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    /// <summary>Time that a message takes.</summary>
    public Task UnderWayAsync() => Random.Next(4) == 0 ? PassAsync(Random.Next(Healthy ? 20 : 200) / 1000.0) : Task.CompletedTask;

    /// <summary>Time before a write, in which anything else may happen.</summary>
    public Task PauseAsync() => Random.Next(4) == 0 ? PassAsync(Random.Next(100) / 1000.0) : Task.CompletedTask;

    public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) => !_dead.Contains(owner.Epoch);

    public WorldDaemon Start()
    {
        var daemon = new WorldDaemon(this, $"epoch-{_daemons.Count + 1}");
        _daemons.Add(daemon);
        Serving = daemon;
        HealthFile.Write(Home, new HealthDocument { Epoch = daemon.Epoch, Port = 8079, Pid = 4711, Status = DaemonStatus.Ready });
        return daemon;
    }

    public void OnGone(WorldDaemon daemon)
    {
        _dead.Add(daemon.Epoch);
        Serving = Serving == daemon ? null : Serving;
    }

    /// <summary>A daemon that lives counts as dead for a while, as one whose host could not renew its leases.</summary>
    public async Task TakeForDeadAsync(WorldDaemon daemon, double seconds)
    {
        daemon.WasTakenForDead = true;
        _dead.Add(daemon.Epoch);
        await PassAsync(seconds);
        if (daemon.Lives)
        {
            _dead.Remove(daemon.Epoch);
        }
    }

    /// <summary>The host loses its power, and with it what was committed in the time given: those commits were not on the disk yet.</summary>
    public async Task LosePowerAsync(double secondsLost)
    {
        var rescued = NextDatabasePath();
        File.Copy(DatabasePath, rescued);
        if (File.Exists(DatabasePath + "-wal"))
        {
            File.Copy(DatabasePath + "-wal", rescued + "-wal");
        }

        var forget = Book.Remember();
        await PassAsync(secondsLost);
        HasForgotten = true;
        foreach (var daemon in _daemons)
        {
            daemon.Kill();
        }

        forget();
        DatabasePath = rescued;
    }

    public IEnumerable<ModelProvider> Providers(WorldDaemon daemon) =>
    [
        new("glm", new ScriptedChatClient(Time, request => Answer(request, daemon)), Clocks, ["glm-4.6"], MaxOutputTokens: 8192) { Dialect = "glm" },
        new("kimi", new ScriptedChatClient(Time, request => Answer(request, daemon)), Clocks, ["kimi-k2-0905-preview"], MaxOutputTokens: 8192) { Dialect = "kimi" },
    ];

    public void Dispose()
    {
        Meter.Dispose();
        _root.Delete(recursive: true);
    }

    private IEnumerable<ScriptStep> Answer(ScriptedRequest request, WorldDaemon daemon)
    {
        if (daemon.Store.Dead)
        {
            // It never left its process.
            return [ScriptStep.Hang];
        }

        Requests.Add(request);
        Book.OnAsked(request.Prompt, request.Attempt.CacheKey, daemon.WasTakenForDead);
        var answer = new ScriptStep.Say($"answer {Requests.Count} to ({request.Prompt})");
        ScriptStep[] end = [answer, new ScriptStep.Usage(10, 10), new ScriptStep.Finish()];
        return Healthy ? [ScriptStep.Seconds(1), .. end] : Random.Next(16) switch
        {
            < 7 => [ScriptStep.Seconds(Random.NextDouble() * 15), .. end],
            < 10 => [ScriptStep.Seconds(5), new ScriptStep.Headers(), .. Enumerable.Repeat<ScriptStep[]>([new ScriptStep.Think("hm"), ScriptStep.Seconds(25)], Random.Next(2, 14)).SelectMany(pair => pair), .. end],
            10 => [ScriptStep.Hang],
            11 => [ScriptStep.Seconds(1), Failure(ErrorCodes.ProviderError, FailureClass.RetryShort)],
            12 => [ScriptStep.Seconds(1), Failure(ErrorCodes.RateLimited, FailureClass.RetryShort, TimeSpan.FromSeconds(Random.Next(1, 30)))],
            13 => [ScriptStep.Seconds(2), new ScriptStep.Say("half an ans"), Failure(ErrorCodes.ProviderError, FailureClass.RetryOnce)],
            14 => [ScriptStep.Seconds(1), Failure(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice)],
            _ => end,
        };
    }

    private static ScriptStep.Fail Failure(string code, FailureClass failureClass, TimeSpan? retryAfter = null) =>
        new(new ProviderException(new CallError { Code = code, Message = "The provider of this story failed." }, failureClass) { RetryAfter = retryAfter });

    private string NextDatabasePath() => Path.Combine(_root.FullName, $"world-{++_databases}.db");

    private static byte[] MakeDatabase()
    {
        var folder = Directory.CreateTempSubdirectory("exai-world-");
        try
        {
            var path = Path.Combine(folder.FullName, "empty.db");
            SqliteDatabase.Open(path, fullSync: false).DisposeAsync().AsTask().GetAwaiter().GetResult();
            return File.ReadAllBytes(path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
