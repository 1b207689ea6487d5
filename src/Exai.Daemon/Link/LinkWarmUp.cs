using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Exai.Core.Tools;
using Exai.Protocol;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Link;

/// <summary>
/// Plays the beginning of a session before the daemon says that it is ready. The first one loads and compiles most of what a link needs, and after a
/// restart all shims come at once: they would wait for it. It is played beside the rest of the start, over a socket of its own, and leaves no trace.
/// </summary>
internal static class LinkWarmUp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly string[] Requests =
    [
        $$$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{{{LinkContract.LegacyVersions[0]}}}}","capabilities":{},"clientInfo":{"name":"warm-up","version":"1"}}}""",
        """{"jsonrpc":"2.0","id":2,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":3,"method":"tools/list"}""",
    ];

    /// <summary>Never fails: without it, the first shims wait a little longer.</summary>
    public static async Task RunAsync(ToolDispatcher tools, int largestMessage, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        // The rest of the start goes on beside it.
        await Task.Yield();
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await PlayAsync(tools, largestMessage, loggers, either.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or IOException or WebSocketException)
        {
            LinkEvents.NotWarm(loggers.CreateLogger("link"), failure.Message);
        }
    }

    private static async Task PlayAsync(ToolDispatcher tools, int largestMessage, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port, cancellationToken);
        using var server = await listener.AcceptTcpClientAsync(cancellationToken);
        using var far = WebSocket.CreateFromStream(client.GetStream(), new WebSocketCreationOptions());
        using var near = WebSocket.CreateFromStream(server.GetStream(), new WebSocketCreationOptions { IsServer = true });
        await using var transport = new WebSocketTransport(near, "warm-up", largestMessage, loggers);
        await using var session = McpServer.Create(transport, McpSetup.Options(tools, ofUser: false, (_, _) => throw new NotSupportedException("A warm-up calls nothing.")), loggers);
        var running = session.RunAsync(cancellationToken);
        var answer = new byte[64 * 1024];
        foreach (var request in Requests)
        {
            await far.SendAsync(Encoding.UTF8.GetBytes(request), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            while (!(await far.ReceiveAsync(answer, cancellationToken)).EndOfMessage)
            {
                // Only that there is an answer counts.
            }
        }

        await far.CloseAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken);
        await running;
    }
}
