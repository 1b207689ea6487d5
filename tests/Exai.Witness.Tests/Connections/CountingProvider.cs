using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Exai.Witness.Tests.Connections;

/// <summary>
/// A provider that answers every chat in one word and counts what it sees below HTTP: connections made, connections open, requests at
/// once. Over TLS it presents a certificate of its own making.
/// </summary>
internal sealed class CountingProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly List<string> _protocols = [];
    private int _open;
    private int _asking;

    private CountingProvider(HttpProtocols? tls, string word)
    {
        Certificate = tls is null ? null : MakeCertificate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Use(next => async connection =>
            {
                Count(() => (Connections, MostOpen) = (Connections + 1, Math.Max(MostOpen, ++_open)));
                try
                {
                    await next(connection);
                }
                finally
                {
                    Count(() => _open--);
                }
            });
            if (tls is { } protocols)
            {
                listen.Protocols = protocols;
                listen.UseHttps(Certificate!);
            }
        }));
        _app = builder.Build();
        _app.Run(context => AnswerAsync(context, word));
    }

    public int Port => new Uri(_app.Urls.First()).Port;

    public Uri BaseUrl => new($"{new Uri(_app.Urls.First()).Scheme}://127.0.0.1:{Port}/v1");

    /// <summary>For <c>chat.invalid</c>; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    public int Connections { get; private set; }

    public int MostOpen { get; private set; }

    /// <summary>The most requests that waited for their answer at the same time.</summary>
    public int MostAsking { get; private set; }

    /// <summary>Of every request, as HTTP names it.</summary>
    public IReadOnlyList<string> Protocols
    {
        get
        {
            lock (_gate)
                return [.. _protocols];
        }
    }

    /// <summary>Asked before each answer with the number of requests that wait for one; holds them until its task ends.</summary>
    public Func<int, Task>? Hold { get; set; }

    /// <summary>Shown every request, one at a time.</summary>
    public Action<HttpRequest>? Sees { get; set; }

    /// <param name="tls">What it offers within TLS; null speaks clear text.</param>
    /// <param name="word">Its answer.</param>
    public static async Task<CountingProvider> StartAsync(HttpProtocols? tls = null, string word = "Yes.")
    {
        var provider = new CountingProvider(tls, word);
        await provider._app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Certificate?.Dispose();
    }

    private async Task AnswerAsync(HttpContext context, string word)
    {
        var asking = 0;
        Count(() =>
        {
            _protocols.Add(context.Request.Protocol);
            Sees?.Invoke(context.Request);
            MostAsking = Math.Max(MostAsking, asking = ++_asking);
        });
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        if (Hold is { } hold)
            await hold(asking).WaitAsync(context.RequestAborted);
        Count(() => _asking--);
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(
            $$"""data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"{{word}}"},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n",
            context.RequestAborted);
    }

    private void Count(Action count)
    {
        lock (_gate)
            count();
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=chat.invalid", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("chat.invalid");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
