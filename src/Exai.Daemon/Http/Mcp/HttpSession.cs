using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Http.Mcp;

/// <summary>One client with a handshake: an MCP server session that outlives each of its requests.</summary>
internal sealed class HttpSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly McpServer _server;
    private readonly Task _running;
    private int _getting;

    /// <param name="restored">The handshake took place with an earlier daemon, or has been taken out of memory.</param>
    public HttpSession(string id, InitializeRequestParams hello, bool restored, McpServerOptions options, ILoggerFactory loggers)
    {
#pragma warning disable MCP9006 // Stateful HTTP is what clients of the versions with a handshake speak.
        Transport = new StreamableHttpServerTransport(loggers) { SessionId = id };
#pragma warning restore MCP9006
        if (restored)
        {
            options.KnownClientInfo = hello.ClientInfo;
            options.KnownClientCapabilities = hello.Capabilities;
        }

        _server = McpServer.Create(Transport, options, loggers);
        _running = RunAsync();
    }

    public StreamableHttpServerTransport Transport { get; }

    /// <summary>A timestamp of the daemon's clock.</summary>
    public long LastUsed { get; set; }

    /// <summary>Requests that are being answered, streams included.</summary>
    public int Open;

    /// <summary>False when a stream is open already: there is one per session.</summary>
    public bool TryBeginGet() => Interlocked.CompareExchange(ref _getting, 1, 0) == 0;

    public void EndGet() => Volatile.Write(ref _getting, 0);

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        await Transport.DisposeAsync();
        await _running;
        await _server.DisposeAsync();
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _server.RunAsync(_end.Token);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The session ends.
        }
    }
}
