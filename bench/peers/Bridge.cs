using System.Diagnostics;

namespace Exai.Peers;

/// <summary>Something that stands between a stdio client and a server, with that server.</summary>
internal abstract class Bridge(string name) : IAsyncDisposable
{
    public string Name => name;

    /// <summary>A tool that takes about three seconds, with its arguments.</summary>
    public virtual (string Tool, string Arguments) SlowTool => ("slow", "{}");

    /// <summary>Starts the bridge and connects to it.</summary>
    public abstract McpClient Connect();

    /// <summary>Whether there is a server that can be killed while the bridge lives.</summary>
    public virtual bool HasBackend => true;

    /// <summary>Starts the server, or what else the bridge needs.</summary>
    public virtual Task StartAsync() => Task.CompletedTask;

    public virtual void KillBackend(McpClient client)
    {
    }

    /// <summary>Starts it again, where the bridge does not do so itself.</summary>
    public virtual Task RestartBackendAsync() => Task.CompletedTask;

    /// <summary>Processes beside the bridge's own; their memory is told apart.</summary>
    public virtual IReadOnlyList<int> Backend => [];

    public async ValueTask DisposeAsync() => await EndAsync();

    protected virtual Task EndAsync() => Task.CompletedTask;
}

/// <summary>No bridge: the client talks to the server itself.</summary>
internal sealed class NoBridge() : Bridge("no bridge (floor)")
{
    public override bool HasBackend => false;

    public override McpClient Connect() => new StdioClient(Children.Self("--floor"));
}

/// <summary>A bridge from npm to <see cref="HttpBackend"/>.</summary>
internal sealed class NpmBridge(string name, string package, Func<string, string[]> arguments) : Bridge(name)
{
    private readonly int _port = Children.FreePort();
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("exai-peers-");
    private Process? _backend;

    public override IReadOnlyList<int> Backend => _backend is null ? [] : [_backend.Id];

    public override McpClient Connect() => new StdioClient(Children.Command(
        Npm.Binary(package), arguments($"http://127.0.0.1:{_port}/mcp"), new Dictionary<string, string> { ["HOME"] = _home.FullName }));

    public override async Task StartAsync() => _backend = await Children.StartUntilAsync(Children.Self("--backend", $"{_port}"), "ready");

    public override void KillBackend(McpClient client)
    {
        _backend!.Kill();
        _backend.WaitForExit();
    }

    public override Task RestartBackendAsync() => StartAsync();

    protected override async Task EndAsync()
    {
        if (_backend is { HasExited: false })
        {
            _backend.Kill();
            await _backend.WaitForExitAsync();
        }

        _backend?.Dispose();
        _home.Delete(recursive: true);
    }
}

/// <summary>The other way round: an HTTP client, and a stdio server behind the bridge.</summary>
internal sealed class HttpToStdioBridge(string name, string package, Func<int, string, string[]> arguments) : Bridge(name)
{
    public override McpClient Connect()
    {
        var port = Children.FreePort();
        return new HttpClientOfBridge(
            Children.Command(Npm.Binary(package), arguments(port, Path.Combine(AppContext.BaseDirectory, "Peers"))), new Uri($"http://127.0.0.1:{port}/mcp"));
    }

    /// <summary>The bridge's own child.</summary>
    public override void KillBackend(McpClient client)
    {
        foreach (var pid in Children.Tree(client.Id).Where(pid => Children.CommandLine(pid).EndsWith("--floor", StringComparison.Ordinal)))
            Children.Kill(pid);
    }
}

/// <summary>The shim and its daemon, with a simulated provider that takes three seconds for its answer.</summary>
internal sealed class ExaiBridge(ExaiMachine machine) : Bridge("exai shim")
{
    public override (string Tool, string Arguments) SlowTool => ("chat", """{"prompt":"take your time","model":"glm-4.6"}""");

    public override IReadOnlyList<int> Backend => machine.Daemon is { } pid ? [pid] : [];

    public override McpClient Connect() => new StdioClient(machine.Command("shim"));

    public override Task StartAsync() => machine.StartDaemonAsync();

    public override void KillBackend(McpClient client) => Children.Kill(machine.Daemon!.Value);
}
