using Exai.EndToEnd.Tests.Harness;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Exai.Witness.Tests.Connections;

/// <summary>Trap 190: the proxy variables of the environment rule how the daemon reaches its providers, and nothing else.</summary>
public sealed class ProxyTests
{
    [Fact]
    public async Task HTTP_PROXY_carries_the_calls_of_a_provider_in_clear_text_but_not_the_link()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_URL", "http://chat.invalid/api/paas/v4"));
        await using var proxy = new TinyProxy(machine.Simulator.Port);

        var result = await machine.RunAsync(["ask", "Which way?"], ("HTTP_PROXY", proxy.Url));

        result.ExitCode.ShouldBe(0, result.ToString());
        result.Output.ShouldContain("Which way?");
        // The first line of each connection: the question may go over the one that the daemon has warmed.
        proxy.Asked.ShouldNotBeEmpty();
        proxy.Asked.ShouldBeSubsetOf(["HEAD http://chat.invalid/ HTTP/1.1", "POST http://chat.invalid/api/paas/v4/chat/completions HTTP/1.1"]);
        machine.Simulator.Log.Chats.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task HTTPS_PROXY_is_asked_for_a_tunnel_and_sees_nothing_more()
    {
        await using var provider = await CountingProvider.StartAsync(HttpProtocols.Http1AndHttp2, "Through a tunnel.");
        await using var proxy = new TinyProxy(provider.Port);
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_URL", "https://chat.invalid/v4"));
        var trusted = machine.Folder("trusted.pem");
        await File.WriteAllTextAsync(trusted, provider.Certificate!.ExportCertificatePem(), Patience.Token());

        var result = await machine.RunAsync(["ask", "Which way?"], ("HTTPS_PROXY", proxy.Url), ("SSL_CERT_FILE", trusted));

        result.ExitCode.ShouldBe(0, result.ToString());
        result.Output.ShouldContain("Through a tunnel.");
        proxy.Asked.Distinct().ShouldBe(["CONNECT chat.invalid:443 HTTP/1.1"]);
        provider.Protocols.Distinct().ShouldBe(["HTTP/2"]);
    }

    [Fact]
    public async Task NO_PROXY_names_hosts_that_are_reached_directly()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await using var proxy = new TinyProxy(machine.Simulator.Port);

        var result = await machine.RunAsync(["ask", "Which way?"], ("HTTP_PROXY", proxy.Url), ("NO_PROXY", "127.0.0.1"));

        result.ExitCode.ShouldBe(0, result.ToString());
        machine.Simulator.Log.Chats.ShouldHaveSingleItem();
        proxy.Asked.ShouldBeEmpty();
    }
}
