using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Exai.Daemon.Tests;

/// <summary>A provider over real HTTP that answers a request when the test says so. Each request can be awaited, answered, and seen to be given up.</summary>
internal sealed class GatedProvider : IAsyncDisposable
{
    private readonly Channel<GatedRequest> _arrived = Channel.CreateUnbounded<GatedRequest>();
    private readonly WebApplication _app;
    private int _requests;

    private GatedProvider()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Answers every request at once when true.</summary>
    public bool Open { get; set; }

    public Uri BaseUrl => new(_app.Urls.First());

    /// <summary>Questions; not counting looks at the list of models.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<GatedProvider> StartAsync()
    {
        var provider = new GatedProvider();
        await provider._app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    /// <summary>The next request that has come.</summary>
    public async Task<GatedRequest> ArrivedAsync() => await _arrived.Reader.ReadAsync(Patience.Token());

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        now.Cancel();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            // The list of models, which nobody waits for in these tests.
            await context.Response.WriteAsync("""{"object":"list","data":[]}""", context.RequestAborted);
            return;
        }

        Interlocked.Increment(ref _requests);
        using var body = new StreamReader(context.Request.Body);
        var request = new GatedRequest(await body.ReadToEndAsync(context.RequestAborted))
        {
            TraceHeaders = [.. context.Request.Headers.Keys.Where(name => name.StartsWith("trace", StringComparison.OrdinalIgnoreCase))],
        };
        if (Open)
        {
            request.Answer("at once");
        }

        _arrived.Writer.TryWrite(request);
        var left = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        if (await Task.WhenAny(request.Answering, left) == left)
        {
            request.GivenUp.SetResult();
            return;
        }

        var text = await request.Answering;
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(
            $$$"""
            data: {"id":"c1","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"{{{text}}}"}}]}

            data: {"id":"c1","model":"glm-4.6","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}

            data: [DONE]


            """.ReplaceLineEndings("\n")));
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>One request at the gate.</summary>
internal sealed class GatedRequest(string body)
{
    private readonly TaskCompletionSource<string> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>As it came over the wire.</summary>
    public string Body => body;

    public Task<string> Answering => _answer.Task;

    /// <summary>Names of headers that belong to a trace.</summary>
    public IReadOnlyList<string> TraceHeaders { get; init; } = [];

    /// <summary>Completes when the client closes the request.</summary>
    public TaskCompletionSource GivenUp { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Answer(string text) => _answer.TrySetResult(text);
}

/// <summary>How long a test waits for something that must happen.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static CancellationToken Token() => new CancellationTokenSource(Limit, TimeProvider.System).Token;
}
