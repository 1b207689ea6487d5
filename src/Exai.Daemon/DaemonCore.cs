using System.Security.Cryptography;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Storage.Sqlite;
using Exai.Core.Telemetry;
using Exai.Core.Threads;
using Exai.Core.Tools;
using Exai.Core.Tools.Chat;
using Exai.Core.Tools.Local;
using Exai.Core.Tools.Server;
using Exai.Settings;
using Exai.Settings.Home;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon;

/// <summary>
/// What a daemon does, put together in the order in which a call meets it: store, models, tools, calls, dispatch. The program's table
/// of contents.
/// </summary>
internal sealed class DaemonCore : IAsyncDisposable
{
    private readonly SqliteDatabase _database;
    private readonly IReadOnlyList<ModelProvider> _providers;
    private readonly SimplePermits _permits;
    private readonly GatewayMeters _meters;
    private readonly LocalServerProbe _localProbe = new();
    private readonly LocalServers _local;

    /// <exception cref="Exai.Core.Storage.StoreException">The store cannot be opened.</exception>
    public DaemonCore(ExaiSettings settings, string epoch, TimeProvider time, ILoggerFactory loggers)
    {
        // Store
        _database = SqliteDatabase.Open(settings.Store.Path, settings.Store.FullSync);
        var callStore = new SqliteCallStore(_database, settings.Calls.Lease, time);
        var threads = new ThreadReader(new SqliteThreadStore(_database), settings.Tools.ConversationTimeout, settings.Tools.MaxConversationTurns, time);

        // Models
        var catalogue = ModelCatalogue.Load().With(settings.DescribedModels);
        var configured = new ConfiguredProviders(settings, catalogue, time, new SqliteFileIndex(_database));
        _providers = configured.All();
        _local = new LocalServers(configured.LookedFor(), _localProbe.IsThereAsync, configured.Detected, time);
        var directory = new ModelDirectory(_providers, catalogue)
        {
            Lists = new LiveModelLists(time),
            Local = _local,
            Unusable = configured.Unusable(),
        };
        var router = new ModelRouter(directory, settings.Models.DefaultModel);
        _permits = new SimplePermits(configured.Limits(), time);
        var breakers = new CircuitBreakers(new BreakerOptions(settings.Concurrency.BreakerFailureThreshold, settings.Concurrency.BreakerRecovery), time);
        _meters = new GatewayMeters(breakers);
        var models = new ModelGateway(router, _permits, breakers, Options(settings), _meters, Chance, time, loggers.CreateLogger("models"));

        // Tools
        ITool[] journaled = [new ChatTool()];
        IRecomputedTool[] recomputed =
        [
            new ChallengeTool(),
            new VersionTool(epoch),
            new ListModelsTool(directory),
            new StatusTool(directory, () => Calls!, time.GetUtcNow(), time),
        ];

        // Calls
        var runner = new ToolRunner(journaled, callStore, new SqliteAttemptLedger(_database), threads, models, time, loggers.CreateLogger("tools"));
        Calls = new CallService(
            callStore, runner, new CallOwner(epoch, ProcessIdentity.Current.ToString()), new ProcessLiveness(time), Options(settings.Calls), time, loggers.CreateLogger("calls"));
        _local.Start();
        Tools = new ToolDispatcher(recomputed, journaled, settings.Tools.Offered, Calls, time, loggers.CreateLogger("tools"));
    }

    public CallService Calls { get; }

    public ToolDispatcher Tools { get; }

    public async ValueTask DisposeAsync()
    {
        await Calls.DisposeAsync();
        await _database.DisposeAsync();
        await _local.DisposeAsync();
        _localProbe.Dispose();
        _permits.Dispose();
        _meters.Dispose();
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
