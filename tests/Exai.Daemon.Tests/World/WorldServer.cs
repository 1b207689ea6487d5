using Exai.Protocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// What a tool call sees of the MCP SDK's server session. The SDK's own leaves the scheduler that calls it, and so the simulation.
/// </summary>
#pragma warning disable MCPEXP002 // Made for tests: whoever derives from it must follow the SDK, and this does nothing but pass messages on.
internal sealed class WorldServer(WorldConnection connection) : McpServer
#pragma warning restore MCPEXP002
{
    public override string? SessionId => connection.SessionId;

    public override string? NegotiatedProtocolVersion => connection.Era == LinkContract.ModernEra ? ModernProtocol.Version : "2025-11-25";

    public override ClientCapabilities? ClientCapabilities => null;

    public override Implementation? ClientInfo { get; } = new() { Name = "story", Version = "1" };

    public override McpServerOptions ServerOptions { get; } = new();

    public override IServiceProvider? Services => null;

    [Obsolete("As the SDK's own.")]
    public override LoggingLevel? LoggingLevel => null;

    public override Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        connection.Send(message);
        return Task.CompletedTask;
    }

    public override Task<JsonRpcResponse> SendRequestAsync(JsonRpcRequest request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("A tool call asks its client nothing.");

    public override IAsyncDisposable RegisterNotificationHandler(string method, Func<JsonRpcNotification, CancellationToken, ValueTask> handler) =>
        throw new NotSupportedException("A tool call hears nothing from its client.");

    public override Task RunAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("The connection runs it.");

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
