using System.Net;
using System.Net.Sockets;
using Exai.Daemon.Health;
using Exai.Daemon.Http;
using Exai.Daemon.Link;
using Exai.Daemon.Monitoring;
using Exai.Daemon.Security;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon;

/// <summary>
/// One serving daemon of one home: takes the home's lock, opens the store, listens, writes the health file; and at its end drains,
/// closes, and leaves to the next daemon what it could not finish.
/// </summary>
public sealed class DaemonHost : IAsyncDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);

    private readonly ExaiSettings _settings;
    private readonly TimeProvider _time;
    private readonly IDisposable _lock;
    private readonly DaemonCore _core;
    private readonly DaemonState _state;
    private readonly ToolCallHandler _calls;
    private readonly LinkEndpoint _link;
    private readonly WebApplication _app;
    private readonly HealthWriter _health;
    private readonly OperationsServer? _operations;

    private DaemonHost(
        DaemonView view, string epoch, IDisposable serveLock, ToolCallHandler calls, WebApplication app, OperationsServer? operations, ILoggerFactory loggers)
    {
        var (settings, core, state, link, description, heartbeat, time) = view;
        (_settings, _time, Epoch, _lock, _core, _state, _calls, _link, _app) = (settings, time, epoch, serveLock, core, state, calls, link, app);
        _operations = operations;
        Port = description.Port;
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
    }

    /// <summary>The UUID of this start.</summary>
    public string Epoch { get; }

    /// <summary>Where the link listens.</summary>
    public int Port { get; }

    /// <summary>Where health, metrics and dashboard are served; 0 when they are not.</summary>
    public int MonitoringPort { get; }

    /// <exception cref="DaemonStartException">It cannot start; the message says why and what to do.</exception>
    /// <exception cref="HomeException">The home cannot be used.</exception>
    public static async Task<DaemonHost> StartAsync(ExaiSettings settings, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = settings.Home;
        home.EnsureCreated();
        var serveLock = await TakeLockAsync(home, time, cancellationToken);
        DaemonCore? core = null;
        try
        {
            HealthFile.Delete(home);
            var startToken = settings.Link.Token ?? TokenFile.ReadOrCreate(home);
            var epoch = Guid.NewGuid().ToString();
            core = OpenCore(settings, epoch, time, loggers);
            var state = new DaemonState(time);
            // The file is read again at each dial, so that a token can be changed while the daemon runs.
            string? Token() => settings.Link.Token ?? TokenFile.TryRead(home) ?? startToken;
            var guard = new RequestGuard(settings.Link, Token);
            var calls = new ToolCallHandler(core.Tools, core.Calls, state, settings.Link.ProgressInterval, time);
            var link = new LinkEndpoint(guard, settings.Link, epoch, core.Sessions, core.Tools, calls, state, time, loggers);
            var app = await ListenAsync(settings.Link, guard, link, new BlobEndpoint(guard, core.Blobs), loggers, cancellationToken);
            var view = new DaemonView(
                settings, core, state, link, new DaemonDescription(settings, epoch, core, state, link, time) { Port = PortOf(app) }, new Heartbeat(time), time);
            var host = new DaemonHost(view, epoch, serveLock, calls, app, await OperationsServer.StartAsync(view, Token, loggers, cancellationToken), loggers);
            DaemonEvents.Started(loggers.CreateLogger("daemon"), Product.Version, epoch, settings.Link.Host, host.Port, home.Path, Core.Storage.Sqlite.SqliteDatabase.LibraryVersion);
            return host;
        }
        catch
        {
            if (core is not null)
            {
                await core.DisposeAsync();
            }

            serveLock.Dispose();
            throw;
        }
    }

    /// <summary>Takes no new call, tells the shims, and waits until the running ones are answered or the time is over.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _state.Drain();
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

    /// <summary>A shim that takes nothing must not use up the time of the calls that could still end.</summary>
    private async Task TellDrainingAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(AnswerPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var telling = _link.TellDrainingAsync(either.Token);
        await Task.WhenAny(telling.WaitAsync(either.Token));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Ends: sockets first, so that shims look for the next daemon; then what still runs; then store and lock.</summary>
    public async ValueTask DisposeAsync()
    {
        const int ServiceRestart = 1012;
        _state.Stop();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
        await Task.WhenAny(_link.StopAsync(ServiceRestart, "the daemon restarts", limit.Token));
        await (_operations?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _core.DisposeAsync();
        await Task.WhenAny(_app.StopAsync(limit.Token));
        await _app.DisposeAsync();
        await _health.DisposeAsync();
        _link.Dispose();
        _lock.Dispose();
    }

    private void OnRunningChanged() => _state.Running(() => _core.Calls.Running);

    private static int PortOf(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

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

    private static DaemonCore OpenCore(ExaiSettings settings, string epoch, TimeProvider time, ILoggerFactory loggers)
    {
        try
        {
            return new DaemonCore(settings, epoch, time, loggers);
        }
        catch (Core.Storage.StoreException failure)
        {
            throw new DaemonStartException(failure.Message, failure);
        }
    }

    /// <summary>A default port that is taken is no reason to fail: the shim finds the other one in the health file.</summary>
    private static async Task<WebApplication> ListenAsync(
        LinkSettings settings, RequestGuard guard, LinkEndpoint link, BlobEndpoint blobs, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            return await ListenAsync(settings, settings.Port, guard, link, blobs, cancellationToken);
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            if (!settings.PortIsDefault)
            {
                throw new DaemonStartException(
                    $"Port {settings.Port} at {settings.Host} is taken by another program (EXAI_WS_PORT). End that program, set another port, or 0 for any that is free.", failure);
            }

            DaemonEvents.PortTaken(loggers.CreateLogger("daemon"), settings.Port);
            return await ListenAsync(settings, port: 0, guard, link, blobs, cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException or IOException or FormatException)
        {
            throw new DaemonStartException($"The daemon cannot listen at {settings.Host}:{settings.Port}: {failure.Message} Check EXAI_WS_HOST and EXAI_WS_PORT.", failure);
        }
    }

    private static async Task<WebApplication> ListenAsync(
        LinkSettings settings, int port, RequestGuard guard, LinkEndpoint link, BlobEndpoint blobs, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(Address(settings.Host), port);
        });
        // Signals belong to whoever runs this host.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));

        var app = builder.Build();
        app.Use(next => context => guard.CheckAddressAsync(context, next));
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = settings.PingInterval, KeepAliveTimeout = settings.PingTimeout });
        app.Run(context =>
        {
            if (context.Request.Path == LinkContract.Path && HttpMethodsAllowed(context.Request.Method))
            {
                return link.AcceptAsync(context);
            }

            if (BlobEndpoint.Matches(context.Request.Path.Value ?? ""))
            {
                return blobs.ServeAsync(context);
            }

            context.Response.StatusCode = Microsoft.AspNetCore.Http.StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        // HTTP/2 opens a WebSocket by CONNECT.
        static bool HttpMethodsAllowed(string method) => method is "GET" or "CONNECT";
    }

    internal static IPAddress Address(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Parse(host.Trim('[', ']'));
}

/// <summary>The daemon cannot start. The message is for people: what happened, with which values, and what to do.</summary>
public sealed class DaemonStartException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>What the daemon writes to the log of its own life. Event ids 1300–1399.</summary>
internal static partial class DaemonEvents
{
    [LoggerMessage(1300, LogLevel.Information, "EXAI {Version} serves epoch {Epoch} at {Host}:{Port}, home {Home}, SQLite {Sqlite}")]
    public static partial void Started(ILogger logger, string version, string epoch, string host, int port, string home, string sqlite);

    [LoggerMessage(1301, LogLevel.Warning, "Port {Port} is taken by another program; the daemon listens at a free one, which the health file names")]
    public static partial void PortTaken(ILogger logger, int port);
}
