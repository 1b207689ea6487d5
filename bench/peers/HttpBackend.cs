using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Exai.Peers;

/// <summary>
/// The same server as <see cref="FloorServer"/> behind streamable HTTP: one POST, one JSON answer. The tool <c>slow</c> takes three seconds.
/// </summary>
internal static class HttpBackend
{
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync(CancellationToken.None);
        await Console.Out.WriteLineAsync("ready");
        await app.WaitForShutdownAsync(CancellationToken.None);
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Method != "POST")
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var message = body.GetBuffer().AsMemory(0, (int)body.Length);
        if (message.Span.IndexOf("\"slow\""u8) >= 0)
            await Task.Delay(Slow, TimeProvider.System, context.RequestAborted);
        if (FloorServer.Answer(message.Span) is not { } answer)
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }
}
