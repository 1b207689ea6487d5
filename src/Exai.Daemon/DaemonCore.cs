using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Exai.Core.Admission;
using Exai.Core.Admission.Shares;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Storage;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Sql;
using Exai.Core.Telemetry;
using Exai.Core.Threads;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Core.Tools.Chat;
using Exai.Core.Tools.Consensus;
using Exai.Core.Tools.Diagnosis;
using Exai.Core.Tools.Jobs;
using Exai.Core.Tools.Local;
using Exai.Core.Tools.Providers;
using Exai.Core.Tools.Server;
using Exai.Core.Tools.Workflow;
using Exai.Settings;
using Exai.Settings.Home;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon;

/// <summary>
/// What a daemon does, put together in the order in which a call meets it: store, models, tools, calls, dispatch. The program's table
/// of contents.
/// </summary>
internal sealed class DaemonCore : IAsyncDisposable
{
    private readonly IDatabase _database;
    private readonly IReadOnlyList<ModelProvider> _providers;
    private readonly PermitScheduler _permits;
    private readonly AdmissionUpkeep _upkeep;
    private readonly SharedPermits? _sharing;
    private readonly Housekeeping _housekeeping;
    private readonly GatewayMeters _meters;
    private readonly LocalServerProbe _localProbe = new();
    private readonly LocalServers _local;
    private readonly WarmConnections _warm;

    /// <param name="store">Open; closed at the end of the core.</param>
    public DaemonCore(ExaiSettings settings, DaemonStore store, string epoch, TimeProvider time, ILoggerFactory loggers)
    {
        // Store
        Store = store;
        _database = store.Database;
        var callStore = new SqlCallStore(_database, settings.Calls.Lease, time) { AwaitedElsewhere = callId => store.News?.IsAwaited(callId) == true };
        CallStore = callStore;
        Ledger = new SqlAttemptLedger(_database);
        History = new SqlCallHistory(_database);
        Blobs = store.Blobs;
        var sweep = new BlobSweep(Blobs, new SqlBlobReferences(_database), settings.Tools.ConversationTimeout, time, loggers.CreateLogger("blobs"));
        var threadStore = new SqlThreadStore(_database);
        var tokenStore = new SqlTokenStore(_database);
        _housekeeping = new Housekeeping(threadStore, Ledger, sweep, settings.Tools.ConversationTimeout, time, loggers.CreateLogger("store")) { Tokens = tokenStore };
        Tokens = new TokenRegistry(tokenStore, time, loggers.CreateLogger("tokens"));
        store.TokensChanged(Tokens.Look);
        var threads = new ThreadReader(threadStore, settings.Tools.ConversationTimeout, settings.Tools.MaxConversationTurns, time);

        // Admission
        var catalogue = ModelCatalogue.Load().With(settings.DescribedModels);
        var configured = new ConfiguredProviders(settings, catalogue, time, new SqlFileIndex(_database));
        var admission = AdmissionOptions.From(settings, configured.Limits());
        var attempts = new AttemptRegistry();
        var owner = new CallOwner(epoch, ProcessIdentity.Current.ToString());
        var shares = store.Shares(owner, new ProcessLiveness(settings.Calls.Lease, time));
        var desk = shares is null ? null : new ShareDesk(new ShareLease(settings.Calls.Lease, time), time);
        _permits = new PermitScheduler(admission, attempts, time, loggers.CreateLogger("admission"), desk);
        _upkeep = new AdmissionUpkeep(
            _permits, shares is null ? new SqlLearnedLimits(_database) : null, admission.AuditInterval, time, loggers.CreateLogger("admission"));
        _sharing = shares is null ? null : new SharedPermits(_permits, desk!, shares, settings.Calls.Lease, time, loggers.CreateLogger("admission"));
        AdmissionMeters.Add(Meter, _permits);
        Sessions = new SessionPlaces(settings.Concurrency.MaxSessions, _permits, time);

        // Models
        _providers = configured.All();
        _warm = new WarmConnections(_providers.Select(provider => provider.Client.GetService<ProviderConnection>()).OfType<ProviderConnection>(), time);
        Sessions.Entered += _warm.Sign;
        _local = new LocalServers(configured.LookedFor(), _localProbe.IsThereAsync, configured.Detected, time);
        var directory = Directory = new ModelDirectory(_providers, catalogue)
        {
            Lists = new LiveModelLists(time),
            Local = _local,
            Unusable = configured.Unusable(),
        };
        var router = new ModelRouter(directory, settings.Models.DefaultModel);
        var breakers = Breakers = new CircuitBreakers(new BreakerOptions(settings.Concurrency.BreakerFailureThreshold, settings.Concurrency.BreakerRecovery), time);
        Admission = _permits.Snapshot;
        _meters = new GatewayMeters(Meter, breakers);
        var models = new ModelGateway(router, _permits, attempts, breakers, Options(settings), _meters, Chance, time, loggers.CreateLogger("models"));

        // Tools
        ITool[] journaled =
        [
            new ChatTool(),
            new ConsensusTool(directory),
            .. WorkflowTool.All(),
            new GlmWebSearchTool(directory),
            new KimiManageFilesTool(directory),
            new UploadTool("glm_upload_file", "glm", "file", "agent", directory, Blobs),
            new UploadTool("kimi_upload_files", "kimi", "files", "file-extract", directory, Blobs),
            new KimiChatWithToolsTool(directory),
            new FileQuestionTool("glm_multi_file_chat", "files", "prompt", "glm", directory),
            new FileQuestionTool("kimi_chat_with_files", "file_ids", "prompt", "kimi", directory),
            new FileQuestionTool("smart_file_query", "file_path", "question", provider: null, directory),
        ];
        var jobs = new JobFinder(() => Calls!, time);
        var status = new StatusTool(directory, () => Calls!, _permits.Snapshot, time.GetUtcNow(), time);
        IRecomputedTool[] recomputed =
        [
            new ChallengeTool(),
            new VersionTool(epoch),
            new ListModelsTool(directory, Tokens),
            status,
            new HealthTool(status, callStore),
            new SelfCheckTool(status, callStore, settings.Home.DaemonLog),
            new ToolCallLogTool(callStore),
            new ActivityTool(settings.Home.DaemonLog),
            new ProviderCapabilitiesTool(directory, () => Tools!.Tools),
            new GlmPayloadPreviewTool(directory),
            new JobListTool(callStore, time),
            new JobCancelTool(jobs, time),
        ];

        // Calls
        CallMeters = new CallMeters(Meter, () => Calls!.Running);
        var runner = new ToolRunner(journaled, callStore, Ledger, threads, models, Blobs, time, loggers.CreateLogger("tools")) { Tokens = Tokens };
        var liveness = new ProcessLiveness(settings.Calls.Lease, time);
        Calls = new CallService(callStore, runner, _permits, owner, liveness, Options(settings.Calls), time, loggers.CreateLogger("calls"))
        {
            Meters = CallMeters,
            News = store.News,
            Tokens = Tokens,
        };
        Orphans = store.News is null ? null : new OrphanSweep(callStore, Calls, owner, liveness, settings.Calls.Lease, time, loggers.CreateLogger("calls"));
        Calls.RunningChanged += _warm.Sign;
        _local.Start();
        Tools = new ToolDispatcher(recomputed, journaled, settings.Tools.Offered, Calls, time, loggers.CreateLogger("tools"))
        {
            Meters = CallMeters,
            JobResult = new JobResultTool(jobs, settings.Calls.ClientWait, time),
        };
    }

    /// <summary>Who is connected.</summary>
    public SessionPlaces Sessions { get; }

    public DaemonStore Store { get; }

    /// <summary>The bytes of files that calls name.</summary>
    public IBlobStore Blobs { get; }

    public CallService Calls { get; }

    /// <summary>The named tokens of this store's users.</summary>
    public TokenRegistry Tokens { get; }

    /// <summary>Takes over what daemons on other machines leave; null when none shares the store.</summary>
    public OrphanSweep? Orphans { get; }

    public ToolDispatcher Tools { get; }

    /// <summary>All that this daemon counts.</summary>
    public Meter Meter { get; } = new(GatewayMeters.MeterName);

    public CallMeters CallMeters { get; }

    public ICallStore CallStore { get; }

    public IAttemptLedger Ledger { get; }

    public ICallHistory History { get; }

    public ModelDirectory Directory { get; }

    public CircuitBreakers Breakers { get; }

    /// <summary>What is held, waits and is limited now.</summary>
    public Func<AdmissionSnapshot> Admission { get; }

    /// <summary>Commits nothing, as a sign that the store takes writes.</summary>
    /// <exception cref="Exai.Core.Storage.StoreException">It takes none.</exception>
    public Task ProbeStoreAsync() => _database.WriteAsideAsync([], CancellationToken.None);

    /// <summary>Brings every series with known labels into being, at 0, for whoever collects <see cref="Meter"/> by now.</summary>
    public void AnnounceMetrics()
    {
        _meters.Announce(_providers);
        CallMeters.Announce(Tools.Tools.Select(tool => tool.Name));
    }

    /// <summary>The daemon listens, so that a call may come.</summary>
    public void Serves() => _warm.Sign();

    public async ValueTask DisposeAsync()
    {
        _database.Ending();
        Orphans?.Stop();
        await Calls.DisposeAsync();
        await (Orphans?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_sharing?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Store.News?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Tokens.DisposeAsync();
        await _upkeep.DisposeAsync();
        await _housekeeping.DisposeAsync();
        _permits.Dispose();
        await _database.DisposeAsync();
        await _local.DisposeAsync();
        await _warm.DisposeAsync();
        _localProbe.Dispose();
        Meter.Dispose();
        foreach (var provider in _providers)
        {
            provider.Client.Dispose();
        }
    }

    /// <summary>From 0 to 1, from any thread.</summary>
    private static double Chance() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    private static GatewayOptions Options(ExaiSettings settings) => new()
    {
        Fallback = settings.Models.Fallback,
        FallbackModels = settings.Models.FallbackModels,
        Retry = new RetryOptions(settings.Concurrency.RetryAttempts, settings.Concurrency.RetryBackoffBase, settings.Concurrency.RetryBackoffMax),
    };

    private static CallOptions Options(CallSettings settings) => new()
    {
        Timeout = settings.Timeout,
        MaxRuns = settings.MaxRuns,
        Lease = settings.Lease,
        ResultTtl = settings.ResultTtl,
        CancelGrace = settings.CancelGrace,
    };
}
