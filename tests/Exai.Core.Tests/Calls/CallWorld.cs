using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Storage.Sql;
using Exai.Core.Tests.Models;
using Exai.Core.Tests.Tools;
using Exai.Core.Threads;
using Exai.Core.Tools;
using Exai.Core.Tools.Chat;
using Exai.Core.Tools.Consensus;
using Exai.Core.Tools.Files;
using Exai.Core.Tools.Providers;
using Exai.Core.Tools.Workflow;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>
/// Daemons that share one database and one scripted provider, on one virtual clock. A daemon can be killed (its writes stop, its owner is
/// dead), or taken for dead while it runs on.
/// </summary>
internal sealed class CallWorld(Simulation simulation, StoreEngine store = StoreEngine.Sqlite) : IAsyncDisposable
{
    private readonly List<TestDaemon> _daemons = [];

    public TempDatabase File { get; } = new(store);

    public Simulation Simulation => simulation;

    public VirtualTime Time => simulation.Time;

    public ListLogger Log { get; } = new();

    /// <summary>Epochs that count as dead.</summary>
    public HashSet<string> Dead { get; } = [];

    public ScriptedChatClient Provider { get; set; } = new(simulation.Time, TimeSpan.FromSeconds(10));

    /// <summary>What the daemons have configured.</summary>
    public Func<IEnumerable<ModelProvider>> Providers
    {
        get => field ?? (() => [new ModelProvider("glm", Provider, TestDaemon.Clocks, ["glm-4.6"], MaxOutputTokens: 8192)]);
        set;
    }

    /// <summary>The bytes of attached files.</summary>
    public MemoryFiles Files { get; } = new();

    /// <summary>What named tokens may do.</summary>
    public KnownTokens Tokens { get; } = new();

    /// <summary>A long lease, because each renewal costs the simulation a step.</summary>
    public CallOptions Options { get; set; } = new() { Lease = TimeSpan.FromSeconds(90), OwnerPoll = TimeSpan.FromSeconds(1) };

    /// <summary>Wide, for the tests that are about something else.</summary>
    public AdmissionOptions Admission { get; set; } = new() { GlobalLimit = 1000, SessionLimit = 1000, DefaultProviderLimit = 1000, QueueMax = 1000 };

    /// <summary>On SQLite, for the tests that are about something else.</summary>
    public static void Run(Func<CallWorld, Task> body, int? seed = null) => Run(StoreEngine.Sqlite, body, seed);

    public static void Run(StoreEngine store, Func<CallWorld, Task> body, int? seed = null) => Simulation.Run(
        async simulation =>
        {
            await using var world = new CallWorld(simulation, store);
            await body(world);
        },
        seed);

    public TestDaemon Start()
    {
        var daemon = new TestDaemon(this, $"epoch-{_daemons.Count + 1}");
        _daemons.Add(daemon);
        return daemon;
    }

    public CallRequest Chat(string prompt, string? thread = null, string? callId = null) => new()
    {
        CallId = callId ?? CallId.New(Time),
        Tool = "chat",
        Arguments = thread is null
            ? JsonSerializer.SerializeToElement(new { prompt })
            : JsonSerializer.SerializeToElement(new { prompt, continuation_id = thread }),
        SessionId = "session",
    };

    public CallRequest Call(string tool, object arguments, string? callId = null, params AttachedFile[] files) => new()
    {
        CallId = callId ?? CallId.New(Time),
        Tool = tool,
        Arguments = JsonSerializer.SerializeToElement(arguments),
        SessionId = "session",
        Files = files,
    };

    public Task AfterAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons)
        {
            await daemon.DisposeAsync();
        }

        File.Dispose();
    }
}

/// <summary>A daemon's core: store, model, chat, calls.</summary>
internal sealed class TestDaemon : IAsyncDisposable
{
    public static readonly ProviderClocks Clocks = new()
    {
        Connect = TimeSpan.FromSeconds(10),
        FirstTokenPlain = TimeSpan.FromSeconds(75),
        FirstTokenWeb = TimeSpan.FromSeconds(300),
        FirstTokenThinking = TimeSpan.FromSeconds(360),
        FirstTokenWebThinking = TimeSpan.FromSeconds(420),
        Idle = TimeSpan.FromSeconds(120),
        Stream = TimeSpan.FromSeconds(600),
    };

    private readonly CallWorld _world;
    private readonly IDatabase _database;
    private bool _ended;

    public TestDaemon(CallWorld world, string epoch)
    {
        _world = world;
        Epoch = epoch;
        _database = world.File.OpenAny(world.Time);
        Store = new FaultyStore(new SqlCallStore(_database, world.Options.Lease, world.Time));
        Threads = new SqlThreadStore(_database);
        var directory = new ModelDirectory([.. world.Providers()], ModelCatalogue.Load());
        var router = new ModelRouter(directory, "auto");
        var ledger = new FaultyLedger(new SqlAttemptLedger(_database), () => Store.Killed);
        var attempts = new AttemptRegistry();
        Permits = new PermitScheduler(world.Admission, attempts, world.Time, world.Log);
        var models = TestGateway.Create(router, world.Time, world.Log, permits: Permits, attempts: attempts);
        ITool[] tools =
        [
            new ChatTool(), new ConsensusTool(directory), .. WorkflowTool.All(),
            new UploadTool("kimi_upload_files", "kimi", "files", "file-extract", directory, world.Files), new KimiManageFilesTool(directory),
        ];
        var runner = new ToolRunner(tools, Store, ledger, new ThreadReader(Threads, TimeSpan.FromHours(24), 200, world.Time), models, world.Files, world.Time, world.Log) { Tokens = world.Tokens };
        Calls = new CallService(Store, runner, Permits, new CallOwner(epoch, "process-" + epoch), new Liveness(world), world.Options, world.Time, world.Log) { Tokens = world.Tokens };
    }

    public string Epoch { get; }

    public PermitScheduler Permits { get; }

    public FaultyStore Store { get; }

    public SqlThreadStore Threads { get; }

    public CallService Calls { get; }

    /// <summary>The call's outcome, however it comes about.</summary>
    public async Task<CallOutcome> AskAsync(CallRequest request) => await Calls.StartOrAttach(request).Outcome;

    public async Task<CallRecord?> FindAsync(string callId) => await Store.FindAsync(callId, CancellationToken.None);

    /// <summary>As kill -9: from now on nothing is written, and its owner is dead.</summary>
    public async Task KillAsync()
    {
        Store.Killed = true;
        _world.Dead.Add(Epoch);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ended)
        {
            _ended = true;
            await Calls.DisposeAsync();
            Permits.Dispose();
            await _database.DisposeAsync();
        }
    }

    private sealed class Liveness(CallWorld world) : IOwnerLiveness
    {
        public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) => !world.Dead.Contains(owner.Epoch);
    }
}
