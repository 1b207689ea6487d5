using System.Net.WebSockets;
using System.Text.Json;
using Exai.Core.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Exai.Daemon.Monitoring.Api;

/// <summary>
/// <c>/api/v1/live</c>: the overview as a text frame, at once and then each second. The server pings; it closes with 1000
/// when the daemon ends, so that a page knows to come back in its own time. Nothing of this is logged: pages come and go.
/// </summary>
internal sealed class LiveFeed(DaemonView daemon, ApiViews views) : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly PageMeters _meters = new(daemon.Core.Meter);

    public void Map(IEndpointRouteBuilder routes) => routes.Map("/api/v1/live", AcceptAsync);

    /// <summary>Lets every page go.</summary>
    public void Dispose() => _stopping.Cancel();

    private async Task AcceptAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            KeepAliveInterval = daemon.Settings.Monitoring.PingInterval,
            KeepAliveTimeout = daemon.Settings.Monitoring.PingTimeout,
        });
        _meters.Connected();
        try
        {
            await ServeAsync(socket, context.RequestAborted);
        }
        finally
        {
            _meters.Left();
        }
    }

    private async Task ServeAsync(WebSocket socket, CancellationToken aborted)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, aborted);
        var listening = ListenAsync(socket, end);
        try
        {
            await TellAsync(socket, end.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or StoreException)
        {
            // The page has left, or the daemon ends.
        }

        await CloseAsync(socket);
        end.Cancel();
        await listening;
    }

    private async Task TellAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, daemon.Time);
        do
        {
            var frame = JsonSerializer.SerializeToUtf8Bytes(await views.OverviewAsync(cancellationToken), MonitoringJson.Relaxed.OverviewDocument);
            await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>A page has nothing to say; reading is what notices that it has gone, and what answers its pings.</summary>
    private static async Task ListenAsync(WebSocket socket, CancellationTokenSource end)
    {
        var buffer = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone without a word.
        }

        try
        {
            end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It had ended from here.
        }
    }

    private async Task CloseAsync(WebSocket socket)
    {
        using var patience = new CancellationTokenSource(ClosePatience, daemon.Time);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", patience.Token);
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException)
        {
            socket.Abort();
        }
    }
}
