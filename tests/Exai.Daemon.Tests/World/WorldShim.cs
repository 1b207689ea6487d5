using Exai.Protocol;
using Exai.Settings;
using Exai.Shim;
using Exai.Shim.Link;
using Exai.Shim.Stdio;
using Exai.Testing.Shim;
using Microsoft.Extensions.Logging;
using LinkEndpoint = Exai.Shim.Link.LinkEndpoint;

namespace Exai.Daemon.Tests.World;

/// <summary>A real shim between its client and the world's daemons.</summary>
internal sealed class WorldShim : ILinkDialer, ILogger, IDisposable
{
    private readonly SimulatedWorld _world;
    private readonly Task _session;

    public WorldShim(SimulatedWorld world, int number, SettingsResult settings, bool modern)
    {
        (_world, Number, IsModern) = (world, number, modern);
        Client = new FakeClient(world.Time);
        _session = ShimSession.RunAsync(
            new ShimSettings(() => settings), Client.Input, Client.Output, new EarlyAnswer(), this, new FakeLauncher(), () => { }, this, world.Time, new Random(world.Random.Next()), CancellationToken.None);
        if (!modern)
        {
            Client.Send("""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"story","version":"1"}}}""");
            Client.Send("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        }
    }

    public int Number { get; }

    /// <summary>Its client speaks the protocol without a handshake.</summary>
    public bool IsModern { get; }

    public FakeClient Client { get; }

    /// <summary>As its daemons know it; null before it has dialled.</summary>
    public string? SessionId { get; private set; }

    /// <summary>Its client has gone.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>No way leads to any daemon.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>What it logged that it must never have to.</summary>
    public List<string> Defects { get; } = [];

    public void Call(string id, string tool, string arguments)
    {
        var who = IsModern
            ? $"\"{ModernProtocol.VersionKey}\":\"{ModernProtocol.Version}\",\"{ModernProtocol.ClientInfoKey}\":{{\"name\":\"story\",\"version\":\"1\"}},\"{ModernProtocol.CapabilitiesKey}\":{{}},"
            : "";
        Client.Send($$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"name":"{{tool}}","arguments":{{arguments}},"_meta":{ {{who}}"progressToken":{{id}} } } }""");
    }

    public void Cancel(string id) => Client.Send($$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{id}} } }""");

    /// <summary>Its client ends, and the shim with it.</summary>
    public async Task LeaveAsync()
    {
        HasLeft = true;
        Client.CloseInput();
        await _session;
    }

    public async Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        SessionId = endpoint.SessionId;
        await _world.UnderWayAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return _world.Serving is { } daemon && !IsCutOff
            ? daemon.Accept(endpoint)
            : throw new LinkException(LinkFailure.Unreachable, "No daemon is reachable (ConnectionRefused).");
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id is 2007 or 2008)
        {
            Defects.Add($"{formatter(state, exception)} {exception}");
        }
    }

    public void Dispose() => Client.Dispose();
}
