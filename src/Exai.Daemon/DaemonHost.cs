using Exai.Daemon.Generations;
using Exai.Daemon.Health;
using Exai.Daemon.Http;
using Exai.Daemon.Http.Mcp;
using Exai.Daemon.Link;
using Exai.Daemon.Monitoring;
using Exai.Daemon.Monitoring.Export;
using Exai.Daemon.Monitoring.Metrics;
using Exai.Daemon.Security;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Exai.Daemon;

/// <summary>
/// One daemon of one home: takes the home's lock, opens the store, listens, writes the health file. Its end is one of two: it drains,
/// closes, and leaves to the next daemon what it could not finish; or the next daemon takes its port and lock while it runs, and it
/// finishes its calls beside that one.
/// </summary>
public sealed class DaemonHost : IAsyncDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SuccessorPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SuccessorPoll = TimeSpan.FromMilliseconds(10);

    private readonly ExaiSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IDisposable _lock;
    private readonly DaemonCore _core;
    private readonly DaemonState _state;
    private readonly ToolCallHandler _calls;
    private readonly LinkEndpoint _link;
    private readonly McpEndpoint _mcp;
    private readonly DaemonListener _listener;
    private readonly HealthWriter _health;
    private readonly MetricsCollection _metrics;
    private readonly TraceExport? _traces;
    private readonly ServedCertificate? _certificate;

    private readonly TaskCompletionSource _madeWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private OperationsServer? _operations;
    private bool _leavesCalls;

    private DaemonHost(
        DaemonView view, string epoch, IDisposable serveLock, ToolCallHandler calls, DaemonListener listener, OperationsServer? operations,
        ILoggerFactory loggers)
    {
        var (settings, core, state, link, mcp, description, heartbeat, metrics, time) = view;
        (_settings, _time, Epoch, _lock, _core, _state, _calls, _link, _listener) = (settings, time, epoch, serveLock, core, state, calls, link, listener);
        _logger = loggers.CreateLogger("daemon");
        (_mcp, _operations, _metrics, _traces, _certificate) = (mcp, operations, metrics, view.Traces, description.Certificate);
        MonitoringPort = description.MonitoringPort = operations?.Port ?? 0;
        state.Ready();
        HealthDocument Beat()
        {
            heartbeat.Beat();
            return description.Read();
        }

        _health = new HealthWriter(settings.Home, Beat, settings.Link.HealthWriterInterval, time, loggers.CreateLogger("health"));
        core.Calls.RunningChanged += OnRunningChanged;
        state.Changed += _health.Changed;
        link.SessionsChanged += _health.Changed;
        if (_certificate is not null)
        {
            _certificate.Changed += _health.Changed;
        }
    }

    /// <summary>The UUID of this start.</summary>
    public string Epoch { get; }

    /// <summary>Where the link listens.</summary>
    public int Port => _listener.Port;

    /// <summary>Where health, metrics and dashboard are served; 0 when they are not.</summary>
    public int MonitoringPort { get; }

    /// <summary>Completes when another daemon has taken port and lock: <see cref="RetireAsync"/> is due.</summary>
    public Task MadeWay => _madeWay.Task;

    /// <summary>Completes with the reason when the store turns out to be of no use, damaged or newer than this program: this daemon should end.</summary>
    public Task<string> StoreUnusable => _core.Store.Unusable;

    /// <param name="succession">What to do about a daemon that serves this home already.</param>
    /// <param name="readSettings">Reads the settings anew; null shows those of this start.</param>
    /// <param name="extendSessions">Adds to what a session at <c>/mcp</c> offers; null adds nothing.</param>
    /// <exception cref="DaemonStartException">It cannot start; the message says why and what to do.</exception>
    /// <exception cref="HomeException">The home cannot be used.</exception>
    /// <exception cref="CertificateException">EXAI_TLS_CERT and EXAI_TLS_KEY cannot be used.</exception>
    public static async Task<DaemonHost> StartAsync(
        ExaiSettings settings, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken, Succession succession = Succession.None,
        Func<SettingsResult>? readSettings = null, Action<McpServerOptions>? extendSessions = null)
    {
        var home = settings.Home;
        home.EnsureCreated();
        IDisposable? serveLock = null;
        DaemonCore? core = null;
        // First of all: what is wrong with it leaves a daemon that serves in its place.
        var certificate = ServedCertificate.Start(settings.Link.Tls, time, loggers.CreateLogger("daemon"));
        try
        {
            var epoch = Guid.NewGuid().ToString();
            var predecessor = succession == Succession.None ? null : Serving(home);
            if (predecessor is not null)
            {
                // Opened before the other one makes way: whatever fails in it leaves that one serving.
                core = await OpenCoreAsync(settings, epoch, alone: false, time, loggers);
                await AskToMakeWayAsync(predecessor, settings, succession, time, cancellationToken);
            }

            serveLock = await TakeLockAsync(home, time, cancellationToken);
            HealthFile.Delete(home);
            core ??= await OpenCoreAsync(settings, epoch, alone: true, time, loggers);
            return await ServeAsync(settings, loggers, time, epoch, serveLock, core, certificate, predecessor?.Port ?? 0, readSettings, extendSessions, cancellationToken);
        }
        catch
        {
            if (core is not null)
            {
                await core.DisposeAsync();
            }

            await (certificate?.DisposeAsync() ?? ValueTask.CompletedTask);
            serveLock?.Dispose();
            throw;
        }
    }

    /// <summary>Takes no new call, tells the shims, and waits until the running ones are answered or the time is over.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _state.Drain();
        _core.Orphans?.Stop();
        using var limit = new CancellationTokenSource(_settings.Calls.Drain, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await TellDrainingAsync(either.Token);
            await _core.Calls.WhenIdleAsync(either.Token);
            using var answers = new CancellationTokenSource(AnswerPatience, _time);
            await _calls.WhenAnsweredAsync(() => _link.OwesAnswers, answers.Token);
        }
        catch (OperationCanceledException)
        {
            // What still runs is taken over by the next daemon.
        }
    }

    /// <summary>
    /// Sends the shims to the daemon that took over, and finishes the running calls beside it; their outcomes are in the journal, where
    /// that one finds them. Each call ends by its own clocks. A cancelled token leaves what still runs to the other daemon.
    /// </summary>
    public async Task RetireAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_settings.Calls.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await WhenSucceededAsync(either.Token);
            await TellDrainingAsync(either.Token);
            using var closing = new CancellationTokenSource(AnswerPatience, _time);
            await _link.CloseAllAsync(LinkContract.RestartCloseCode, "the next daemon serves", closing.Token);
            _core.Calls.LeaveCancelsToSuccessor();
            if (!_leavesCalls)
            {
                await _core.Calls.WhenIdleAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // What still runs is taken over by the other daemon.
        }
    }

    /// <summary>Ends: sockets first, so that shims look for the next daemon; then what still runs; then store and lock.</summary>
    public async ValueTask DisposeAsync()
    {
        _state.Stop();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
        await Task.WhenAny(_link.StopAsync(LinkContract.RestartCloseCode, "the daemon restarts", limit.Token));
        await StopOperationsAsync();
        await _mcp.DisposeAsync();
        _metrics.Dispose();
        await _core.DisposeAsync();
        await Task.WhenAny(_listener.StopAsync(limit.Token));
        await _listener.DisposeAsync();
        await _health.DisposeAsync();
        await (_certificate?.DisposeAsync() ?? ValueTask.CompletedTask);
        _link.Dispose();
        _lock.Dispose();
        // Last: a collector that does not answer holds up nobody but this process.
        _traces?.Dispose();
    }

    private static async Task<DaemonHost> ServeAsync(
        ExaiSettings settings, ILoggerFactory loggers, TimeProvider time, string epoch, IDisposable serveLock, DaemonCore core, ServedCertificate? certificate, int predecessorPort,
        Func<SettingsResult>? readSettings, Action<McpServerOptions>? extendSessions, CancellationToken cancellationToken)
    {
        var home = settings.Home;
        var startToken = settings.Link.Token ?? TokenFile.ReadOrCreate(home);
        var warming = LinkWarmUp.RunAsync(core.Tools, settings.Link.MaxBytes, loggers, time, cancellationToken);
        var collector = settings.OtlpEndpoint is { } address ? new Collector(address, epoch) : null;
        var metrics = new MetricsCollection(core.Meter, collector);
        core.AnnounceMetrics();
        var state = new DaemonState(time);
        // The file is read again at each dial, so that a token can be changed while the daemon runs.
        string? Token() => settings.Link.Token ?? TokenFile.TryRead(home) ?? startToken;
        var guard = new RequestGuard(settings.Link, Token, core.Tokens);
        var calls = new ToolCallHandler(core.Tools, core.Calls, state, settings.Link.ProgressInterval, time);
        var link = new LinkEndpoint(guard, settings.Link, epoch, core.Sessions, core.Tools, calls, state, time, loggers);
        ProcessMeters.Add(core.Meter, time.GetUtcNow());
        certificate?.Measure(core.Meter);
        link.Meters = new LinkMeters(core.Meter, () => link.SessionCount);
        var mcp = new McpEndpoint(guard, settings, Token, core.Sessions, core.Tools, calls, new LocalFiles(settings, core.Blobs, core.CallStore, time), state, time, loggers)
        {
            Extend = extendSessions,
        };
        var blobs = new BlobEndpoint(guard, core.Blobs);
        DaemonHost? host = null;
        var handover = new HandoverEndpoint(guard, leaveCalls => host!.MakeWayAsync(leaveCalls));
        DaemonListener listener;
        DaemonView view;
        OperationsServer? operations;
        try
        {
            listener = await DaemonListener.StartAsync(settings.Link, predecessorPort, certificate, guard, Route, loggers.CreateLogger("daemon"), cancellationToken);
            view = new DaemonView(
                settings, core, state, link, mcp, new DaemonDescription(settings, epoch, core, state, link, time) { Port = listener.Port, Certificate = certificate }, new Heartbeat(time), metrics, time)
            {
                ReadSettings = readSettings,
                Traces = collector is null ? null : new TraceExport(collector),
            };
            operations = await OperationsServer.StartAsync(view, Token, loggers, cancellationToken);
        }
        finally
        {
            await warming;
        }

        host = new DaemonHost(view, epoch, serveLock, calls, listener, operations, loggers);
        core.Serves();
        DaemonEvents.Started(host._logger, Product.Version, epoch, settings.Link.Host, host.Port, home.Path, settings.Store.Server?.ToString() ?? $"SQLite {Core.Storage.Sqlite.SqliteDatabase.LibraryVersion}");
        return host;

        // HTTP/2 opens a WebSocket by CONNECT.
        RequestDelegate? Route(string path, string method) => (path, method) switch
        {
            (LinkContract.Path, "GET" or "CONNECT") => link.AcceptAsync,
            (McpEndpoint.Path, "POST" or "GET" or "DELETE") => mcp.AnswerAsync,
            _ when BlobEndpoint.Matches(path) => blobs.ServeAsync,
            (HandoverEndpoint.Path, "POST") when host is not null => handover.AnswerAsync,
            _ => null,
        };
    }

    /// <summary>From here on the other daemon can have lock and port; the health file is no longer this one's business.</summary>
    private async Task<HandoverAnswer> MakeWayAsync(bool leaveCalls)
    {
        _leavesCalls = leaveCalls;
        _state.Drain();
        _core.Orphans?.Stop();
        await _health.StopAsync();
        _listener.GiveUp();
        await StopOperationsAsync();
        _lock.Dispose();
        if (_madeWay.TrySetResult())
        {
            DaemonEvents.MadeWay(_logger, _core.Calls.Running, leaveCalls ? "left to it" : "finished here");
        }

        return new HandoverAnswer(Epoch, _core.Calls.Running);
    }

    /// <summary>A shim that is sent away before the other one listens would find nobody, and might start a third daemon.</summary>
    private async Task WhenSucceededAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while ((HealthFile.TryReadAddress(_settings.Home) is not { } serving || serving.Epoch == Epoch) && _time.GetElapsedTime(started) < SuccessorPatience)
        {
            await Task.Delay(SuccessorPoll, _time, cancellationToken);
        }
    }

    /// <summary>A shim that takes nothing must not use up the time of the calls that could still end.</summary>
    private async Task TellDrainingAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(AnswerPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var telling = _link.TellDrainingAsync(either.Token);
        await Task.WhenAny(telling.WaitAsync(either.Token));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void OnRunningChanged() => _state.Running(() => _core.Calls.Running);

    private ValueTask StopOperationsAsync() => Interlocked.Exchange(ref _operations, null)?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Whoever starts a daemon may look at the lock for a moment, so a lock that is taken is looked at again.</summary>
    private static async Task<IDisposable> TakeLockAsync(ExaiHome home, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (ExclusiveLock.TryAcquire(home.ServeLock) is { } taken)
            {
                return taken;
            }

            if (time.GetElapsedTime(started) > LockPatience)
            {
                var running = HealthFile.TryRead(home);
                throw new DaemonStartException(
                    $"A daemon already serves {home.Path}{(running is null ? "" : $": process {running.Pid}, port {running.Port}")}. Use it, or end it with 'exai stop'.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    private static async Task AskToMakeWayAsync(HealthDocument predecessor, ExaiSettings settings, Succession succession, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await HandoverRequest.SendAsync(predecessor, settings, succession == Succession.Now, time, cancellationToken);
        }
        catch (DaemonStartException) when (Serving(settings.Home) is null)
        {
            // It died meanwhile: nobody has to make way.
        }
    }

    /// <summary>The daemon that holds the home's lock; null when none does.</summary>
    private static HealthDocument? Serving(ExaiHome home)
    {
        using var free = ExclusiveLock.TryAcquire(home.ServeLock);
        return free is null ? HealthFile.TryRead(home) : null;
    }

    private static async Task<DaemonCore> OpenCoreAsync(ExaiSettings settings, string epoch, bool alone, TimeProvider time, ILoggerFactory loggers)
    {
        try
        {
            return new DaemonCore(settings, await DaemonStore.OpenAsync(settings, alone, time, loggers.CreateLogger("store")), epoch, time, loggers);
        }
        catch (Core.Storage.StoreException failure)
        {
            throw new DaemonStartException(failure.Message, failure);
        }
    }
}

/// <summary>What a daemon that starts does about one that serves its home already.</summary>
public enum Succession
{
    /// <summary>It does not start.</summary>
    None,

    /// <summary>It takes over, and the other one finishes its running calls.</summary>
    Overlap,

    /// <summary>It takes over, the running calls too.</summary>
    Now,
}

/// <summary>The daemon cannot start. The message is for people: what happened, with which values, and what to do.</summary>
public sealed class DaemonStartException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>What the daemon writes to the log of its own life. Event ids 1300–1399.</summary>
internal static partial class DaemonEvents
{
    [LoggerMessage(1300, LogLevel.Information, "EXAI {Version} serves epoch {Epoch} at {Host}:{Port}, home {Home}, store {Store}")]
    public static partial void Started(ILogger logger, string version, string epoch, string host, int port, string home, string store);

    [LoggerMessage(1310, LogLevel.Information, "Another daemon takes over port and lock; {Running} running calls are {Fate}")]
    public static partial void MadeWay(ILogger logger, int running, string fate);
}
