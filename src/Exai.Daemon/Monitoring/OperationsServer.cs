using System.Net.Sockets;
using Exai.Daemon.Http;
using Exai.Daemon.Monitoring.Access;
using Exai.Daemon.Monitoring.Api;
using Exai.Daemon.Monitoring.Health;
using Exai.Daemon.Monitoring.Metrics;
using Exai.Daemon.Monitoring.Page;
using Exai.Daemon.Security;
using Exai.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Monitoring;

/// <summary>
/// The operations endpoint: health, metrics, JSON and dashboard, on a port of its own. Calls do not need it, so a daemon that cannot listen
/// there says so and serves all the same.
/// </summary>
internal sealed class OperationsServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LiveFeed _live;

    private OperationsServer(WebApplication app, LiveFeed live) => (_app, _live) = (app, live);

    /// <summary>Pages are told that the daemon ends; whoever does not listen is not waited for.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Null when it is switched off or cannot listen.</summary>
    public static async Task<OperationsServer?> StartAsync(DaemonView daemon, Func<string?> token, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var settings = daemon.Settings.Monitoring;
        var logger = loggers.CreateLogger("monitoring");
        if (!settings.Enabled)
        {
            return null;
        }

        try
        {
            return await ListenAsync(daemon, token, settings.Port, cancellationToken);
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            MonitoringEvents.PortTaken(logger, settings.Host, settings.Port);
        }
        catch (Exception failure) when (failure is SocketException or IOException or FormatException)
        {
            MonitoringEvents.CannotListen(logger, settings.Host, settings.Port, failure.Message);
            return null;
        }

        return await ListenAsync(daemon, token, port: 0, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _live.Dispose();
        using var patience = new CancellationTokenSource(StopPatience, TimeProvider.System);
        await Task.WhenAny(_app.StopAsync(patience.Token));
        await _app.DisposeAsync();
    }

    private static async Task<OperationsServer> ListenAsync(DaemonView daemon, Func<string?> token, int port, CancellationToken cancellationToken)
    {
        var settings = daemon.Settings.Monitoring;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Listen(DaemonListener.Address(settings.Host), port, listen => daemon.Description.Certificate?.Secure(listen));
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));

        var app = builder.Build();
        var live = Map(app, daemon, token);
        try
        {
            await app.StartAsync(cancellationToken);
            return new OperationsServer(app, live);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Everything that is served, in the order of its checks.</summary>
    private static LiveFeed Map(WebApplication app, DaemonView daemon, Func<string?> token)
    {
        var guard = new RequestGuard(daemon.Settings.Link with { Host = daemon.Settings.Monitoring.Host }, token);
        var signIn = new SignIn(token, daemon.Time);
        var access = new OperationsAccess(guard, signIn);
        app.Use(next => context => guard.CheckAddressAsync(context, next));
        app.Use(next => context => access.CheckAsync(context, next));
        app.UseWebSockets();
        app.UseRouting();
        app.MapSignIn(signIn);
        app.MapHealth(new HealthCheck(daemon));
        app.MapMetrics(daemon.Metrics);
        var calls = new CallViews(daemon, Redactor.For(daemon.Settings, token()));
        var views = new ApiViews(daemon, calls);
        app.MapApi(daemon, views, calls);
        var live = new LiveFeed(daemon, views);
        live.Map(app);
        app.MapPage();
        return live;
    }
}

/// <summary>What the operations endpoint writes to the log. Event ids 1400–1499.</summary>
internal static partial class MonitoringEvents
{
    [LoggerMessage(1400, LogLevel.Warning, "Port {Port} at {Host} is taken by another program (MONITORING_PORT); health, metrics and dashboard are served at a free one, which the health file names")]
    public static partial void PortTaken(ILogger logger, string host, int port);

    [LoggerMessage(1401, LogLevel.Warning, "Health, metrics and dashboard cannot be served at {Host}:{Port}: {Reason} Check MONITORING_HOST and MONITORING_PORT")]
    public static partial void CannotListen(ILogger logger, string host, int port, string reason);
}
