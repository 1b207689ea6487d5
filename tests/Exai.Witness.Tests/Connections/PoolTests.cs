using System.Net;
using System.Net.Sockets;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.EndToEnd.Tests.Harness;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.AI;

namespace Exai.Witness.Tests.Connections;

/// <summary>The connections of the real handler to a real server, counted at the server.</summary>
public sealed class PoolTests
{
    private static readonly ModelCatalogue Catalogue = ModelCatalogue.Load();

    /// <summary>Trap 75.</summary>
    [Fact]
    public async Task Fifty_calls_at_once_share_fifteen_connections_and_later_calls_reuse_them()
    {
        await using var provider = await CountingProvider.StartAsync();
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Hold = asking =>
        {
            if (asking == 15)
                full.TrySetResult();
            return full.Task;
        };
        using var client = Client(provider.BaseUrl, ProviderHttp.CreateHandler(Endpoint(provider.BaseUrl, connections: 15)));

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client)));
        (provider.MostAsking, provider.MostOpen, provider.Connections).ShouldBe((15, 15, 15));

        for (var call = 0; call < 20; call++)
            (await AskAsync(client)).ShouldBe("Yes.");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client)));
        provider.Connections.ShouldBe(15);
    }

    [Fact]
    public async Task Http_2_is_spoken_where_TLS_agrees_on_it_and_many_calls_share_a_connection()
    {
        await using var provider = await CountingProvider.StartAsync(HttpProtocols.Http1AndHttp2);
        using var client = Client(provider.BaseUrl, Trusting(provider));
        (await AskAsync(client)).ShouldBe("Yes.");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client)));

        provider.Protocols.Distinct().ShouldBe(["HTTP/2"]);
        provider.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task Warmed_connection_carries_the_first_call_and_the_key_only_then(HttpProtocols offered, string spoken)
    {
        await using var provider = await CountingProvider.StartAsync(offered);
        var keys = new List<string>();
        provider.Sees = request => keys.Add($"{request.Method} {request.Path} {request.Headers.Authorization}");
        using var client = Client(provider.BaseUrl, Trusting(provider));

        await client.GetService<ProviderConnection>()!.WarmAsync(Patience.Token());
        provider.Connections.ShouldBe(1);
        (await AskAsync(client)).ShouldBe("Yes.");

        provider.Connections.ShouldBe(1);
        provider.Protocols.ShouldBe([spoken, spoken]);
        keys.ShouldBe(["HEAD / ", "POST /v1/chat/completions Bearer key-of-the-witness"]);
    }

    [Fact]
    public async Task Http_1_is_spoken_where_TLS_offers_nothing_newer()
    {
        await using var provider = await CountingProvider.StartAsync(HttpProtocols.Http1);
        using var client = Client(provider.BaseUrl, Trusting(provider));
        (await AskAsync(client)).ShouldBe("Yes.");

        provider.Protocols.ShouldBe(["HTTP/1.1"]);
    }

    [Fact]
    public async Task Http_1_is_spoken_in_clear_text()
    {
        await using var provider = await CountingProvider.StartAsync();
        using var client = Client(provider.BaseUrl, ProviderHttp.CreateHandler(Endpoint(provider.BaseUrl)));
        (await AskAsync(client)).ShouldBe("Yes.");

        provider.Protocols.ShouldBe(["HTTP/1.1"]);
    }

    [Fact]
    public async Task Certificate_that_nobody_vouches_for_is_refused()
    {
        await using var provider = await CountingProvider.StartAsync(HttpProtocols.Http1AndHttp2);
        using var client = Client(provider.BaseUrl, ProviderHttp.CreateHandler(Endpoint(provider.BaseUrl)));

        var refused = await Should.ThrowAsync<ProviderException>(() => AskAsync(client));
        refused.Message.ShouldContain("SecureConnectionError");
        provider.Protocols.ShouldBeEmpty();
    }

    /// <summary>A provider moves: its name points elsewhere, and the old address still answers those who stay.</summary>
    [Fact]
    public async Task Changed_name_is_followed_when_the_connections_are_old_enough()
    {
        await using var before = await CountingProvider.StartAsync(word: "Old.");
        await using var after = await CountingProvider.StartAsync(word: "New.");
        var address = before.Port;
        var baseUrl = new Uri("http://chat.invalid/v1");
        var handler = ProviderHttp.CreateHandler(Endpoint(baseUrl));
        handler.PooledConnectionLifetime = TimeSpan.FromMilliseconds(200);
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            context.DnsEndPoint.Host.ShouldBe("chat.invalid");
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        using var client = Client(baseUrl, handler);
        (await AskAsync(client)).ShouldBe("Old.");

        address = after.Port;
        var patience = Patience.Token();
        while (await AskAsync(client) == "Old.")
            patience.ThrowIfCancellationRequested();

        after.Connections.ShouldBe(1);
        before.Protocols.Count.ShouldBeGreaterThan(before.Connections);
    }

    private static ProviderEndpoint Endpoint(Uri baseUrl, int connections = 15) =>
        new() { Name = "counted", BaseUrl = baseUrl, ApiKey = "key-of-the-witness", MaxConnections = connections };

    private static SocketsHttpHandler Trusting(CountingProvider provider)
    {
        var handler = ProviderHttp.CreateHandler(Endpoint(provider.BaseUrl));
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, certificate, _, _) => certificate?.GetCertHashString() == provider.Certificate!.GetCertHashString();
        return handler;
    }

    private static IChatClient Client(Uri baseUrl, SocketsHttpHandler handler)
    {
        // Whoever runs the tests may have a proxy.
        handler.UseProxy = false;
        return ProviderClients.Generic(Endpoint(baseUrl), Catalogue, TimeProvider.System, handler);
    }

    private static async Task<string> AskAsync(IChatClient client) =>
        (await client.GetResponseAsync("Are you there?", new ChatOptions { ModelId = "m" }, Patience.Token())).Text;
}
