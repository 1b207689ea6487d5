using System.Net;
using Exai.Simulator.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Exai.Simulator;

/// <summary>
/// A provider over real HTTP on loopback that speaks GLM, Kimi and generic OpenAI, with the trouble its script asks for.
/// Any key is good unless it contains <c>wrong</c>; any model exists unless its id contains <c>no-such</c>. Thread-safe.
/// </summary>
public sealed class SimulatorServer : IAsyncDisposable
{
    /// <summary>Tokens of reasoning where the model thinks and no rule says how long.</summary>
    public const int DefaultReasoningTokens = 12;

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ProviderEndpoints _providers;
    private readonly ControlEndpoints _control;
    private volatile ScriptCursor _cursor;
    private int _disposed;

    private SimulatorServer(SimulatorOptions options)
    {
        _cursor = new ScriptCursor(options.Script);
        _providers = new ProviderEndpoints(this, options.Time);
        _control = new ControlEndpoints(this);
        _app = Build(options.Port);
        _app.Run(HandleAsync);
    }

    /// <summary>The port listened on.</summary>
    public int Port { get; private set; }

    /// <summary><c>http://127.0.0.1:P/api/paas/v4</c>.</summary>
    public Uri GlmBaseUrl => Base("/api/paas/v4");

    /// <summary><c>http://127.0.0.1:P/v1</c>.</summary>
    public Uri KimiBaseUrl => Base("/v1");

    /// <summary><c>http://127.0.0.1:P/openai/v1</c>.</summary>
    public Uri OpenAiBaseUrl => Base("/openai/v1");

    /// <summary>Every request so far.</summary>
    public SimulatorLog Log { get; } = new();

    /// <summary>
    /// The script being played. Setting it starts the counts of <see cref="SimulatorRule.Times"/> anew; requests under way keep their rule.
    /// </summary>
    /// <exception cref="ArgumentException">A rule has an impossible value.</exception>
    public SimulatorScript Script
    {
        get => _cursor.Script;
        set => _cursor = new ScriptCursor(value);
    }

    internal ScriptCursor Cursor => _cursor;

    /// <summary>Whether the owner is ending the server, which breaks connections that no client has left.</summary>
    internal bool Stopping => Volatile.Read(ref _disposed) != 0;

    /// <summary>Starts listening on 127.0.0.1; throws <see cref="IOException"/> if the port is taken.</summary>
    public static async Task<SimulatorServer> StartAsync(SimulatorOptions options, CancellationToken cancellationToken = default)
    {
        var server = new SimulatorServer(options);
        try
        {
            await server._app.StartAsync(cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.Port = new Uri(server._app.Urls.First()).Port;
        return server;
    }

    /// <summary>Drops the requests under way and closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _stopping.Cancel();
        // Stopping waits for the requests, so that the log has every outcome when this returns.
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    // The empty builder reads no files and no environment: a simulator in a test must not listen where ASPNETCORE_URLS says.
    private static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            // A client may stall on purpose; that is its test, not ours to end.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        return builder.Build();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        if (context.Request.Path.StartsWithSegments("/sim", StringComparison.Ordinal))
            await _control.HandleAsync(context, ending.Token);
        else
            await _providers.HandleAsync(context, ending.Token);
    }

    private Uri Base(string path) => new($"http://127.0.0.1:{Port}{path}");

    /// <summary>The owner starts and stops the server; the usual lifetime would take Ctrl-C away from it.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
