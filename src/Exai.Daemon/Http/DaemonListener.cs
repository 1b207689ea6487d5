using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Exai.Daemon.Security;
using Exai.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Http;

/// <summary>
/// The daemon's port: who may talk at all, then which path. It can give the port up while its connections go on, so that the next
/// daemon listens there before this one has ended.
/// </summary>
internal sealed class DaemonListener : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IReadOnlyCollection<Socket> _sockets;
    private readonly ConnectionRegister _connections;

    private DaemonListener(WebApplication app, IReadOnlyCollection<Socket> sockets, ConnectionRegister connections)
    {
        (_app, _sockets, _connections) = (app, sockets, connections);
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public int Port { get; }

    /// <summary>Listens. A default port that is taken is no reason to fail: clients find the other one in the health file.</summary>
    /// <param name="preferredPort">Where the daemon before this one listened; 0 when there was none.</param>
    /// <param name="certificate">For TLS; null speaks plain.</param>
    /// <param name="routes">What answers a path and method; null for 404.</param>
    /// <exception cref="DaemonStartException">It cannot listen there.</exception>
    public static async Task<DaemonListener> StartAsync(
        LinkSettings settings, int preferredPort, ServedCertificate? certificate, RequestGuard guard, Func<string, string, RequestDelegate?> routes, ILogger logger,
        CancellationToken cancellationToken)
    {
        var anyWillDo = settings.Port == 0 || settings.PortIsDefault;
        var port = anyWillDo && preferredPort > 0 ? preferredPort : settings.Port;
        try
        {
            return await StartAsync(settings, port, certificate, guard, routes, cancellationToken);
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            if (!anyWillDo)
            {
                throw new DaemonStartException(
                    $"Port {settings.Port} at {settings.Host} is taken by another program (EXAI_WS_PORT). End that program, set another port, or 0 for any that is free.", failure);
            }

            ListenerEvents.PortTaken(logger, port);
            return await StartAsync(settings, port: 0, certificate, guard, routes, cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException or IOException or FormatException)
        {
            throw new DaemonStartException($"The daemon cannot listen at {settings.Host}:{settings.Port}: {failure.Message} Check EXAI_WS_HOST and EXAI_WS_PORT.", failure);
        }
    }

    /// <summary>
    /// Stops listening: from here on another process can have the port. Connections go on, but those that wait for their next request are
    /// closed, so that it goes to the next daemon.
    /// </summary>
    public void GiveUp()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        _connections.CloseIdle();
    }

    /// <summary>Ends the connections too.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<DaemonListener> StartAsync(
        LinkSettings settings, int port, ServedCertificate? certificate, RequestGuard guard, Func<string, string, RequestDelegate?> routes, CancellationToken cancellationToken)
    {
        var sockets = new ConcurrentBag<Socket>();
        var connections = new ConnectionRegister();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore()
            .UseSockets(options => options.CreateBoundListenSocket = endpoint =>
            {
                var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
                sockets.Add(socket);
                return socket;
            })
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Listen(Address(settings.Host), port, listen =>
                {
                    listen.Use(connections.Track);
                    certificate?.Secure(listen);
                });
            });
        // Signals belong to whoever runs this host.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));

        var app = builder.Build();
        app.Use(next => context => guard.CheckAddressAsync(context, next));
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = settings.PingInterval, KeepAliveTimeout = settings.PingTimeout });
        app.Run(context =>
        {
            if (routes(context.Request.Path.Value ?? "", context.Request.Method) is { } endpoint)
            {
                return endpoint(context);
            }

            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        try
        {
            await app.StartAsync(cancellationToken);
            return new DaemonListener(app, sockets, connections);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public static IPAddress Address(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Parse(host.Trim('[', ']'));

    /// <summary>The open connections. A link stays out of it once it is one: it ends by its own close code.</summary>
    private sealed class ConnectionRegister
    {
        private readonly ConcurrentDictionary<string, ConnectionContext> _open = new(StringComparer.Ordinal);

        public ConnectionDelegate Track(ConnectionDelegate next) => async connection =>
        {
            _open[connection.ConnectionId] = connection;
            try
            {
                await next(connection);
            }
            finally
            {
                _open.TryRemove(connection.ConnectionId, out _);
            }
        };

        /// <summary>Kestrel ends an idle connection at once, and a busy one after its response.</summary>
        public void CloseIdle()
        {
            foreach (var connection in _open.Values)
            {
                if (!connection.Items.ContainsKey(LinkMark))
                {
                    connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
                }
            }
        }
    }

    private static readonly object LinkMark = new();

    /// <summary>Its connection is a link from now on.</summary>
    public static void MarkAsLink(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>() is { } connection)
        {
            connection.Items[LinkMark] = true;
        }
    }
}

/// <summary>What the listener writes to the log. Event ids 1301–1309.</summary>
internal static partial class ListenerEvents
{
    [LoggerMessage(1301, LogLevel.Warning, "Port {Port} is taken by another program; the daemon listens at a free one, which the health file names")]
    public static partial void PortTaken(ILogger logger, int port);
}
