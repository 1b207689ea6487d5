using System.Net;
using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.Daemon.Tests.Security;

/// <summary>Traps 182, 196, 197: who may talk to the daemon.</summary>
public sealed class RequestGuardTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a-token-of-thirty-two-character")]
    [InlineData("A-TOKEN-OF-THIRTY-TWO-CHARACTERS")]
    public async Task Token_is_missing_or_wrong_401_and_nothing_else_is_told(string? token)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        await using var client = await LinkClient.ConnectAsync(daemon.Host.Port, token);

        client.Status.ShouldBe(HttpStatusCode.Unauthorized);
        client.Headers.Keys.ShouldNotContain(LinkContract.EpochHeader);
        client.Headers.Keys.ShouldNotContain(header => header.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://127.0.0.1.evil.example:8079", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://localhost:3000", HttpStatusCode.SwitchingProtocols)]
    [InlineData("Origin", "http://[::1]:3000", HttpStatusCode.SwitchingProtocols)]
    [InlineData("Host", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Host", "192.168.1.5:8079", HttpStatusCode.Forbidden)]
    [InlineData("Host", "localhost:8079", HttpStatusCode.SwitchingProtocols)]
    [InlineData("Exai-Era", "modern", HttpStatusCode.SwitchingProtocols)]
    [InlineData("Exai-Era", "postmodern", HttpStatusCode.UpgradeRequired)]
    [InlineData("Exai-Era", "legacy", HttpStatusCode.SwitchingProtocols)]
    [InlineData("Exai-Shim-Version", "999.1", HttpStatusCode.UpgradeRequired)]
    public async Task Header_decides(string header, string value, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        await using var client = await LinkClient.ConnectAsync(daemon.Host.Port, DaemonFixture.Token, set: options => options.SetRequestHeader(header, value));

        client.Status.ShouldBe(status);
        client.Headers.Keys.ShouldNotContain(name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The address is checked before the token: a page learns nothing, not even that a token is needed.</summary>
    [Fact]
    public async Task Wrong_address_and_wrong_token_403()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        await using var client = await LinkClient.ConnectAsync(daemon.Host.Port, "wrong", set: options => options.SetRequestHeader("Origin", "http://evil.example"));

        client.Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Host_that_the_settings_allow_is_let_in()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_ALLOWED_HOSTS", "host.docker.internal"));

        await using var client = await LinkClient.ConnectAsync(
            daemon.Host.Port, DaemonFixture.Token, set: options => options.SetRequestHeader("Host", "host.docker.internal:8079"));

        client.Status.ShouldBe(HttpStatusCode.SwitchingProtocols);
    }

    [Theory]
    [InlineData("/ws", "GET", HttpStatusCode.UpgradeRequired)]
    [InlineData("/ws", "POST", HttpStatusCode.NotFound)]
    [InlineData("/", "GET", HttpStatusCode.NotFound)]
    [InlineData("/ws/../etc/passwd", "GET", HttpStatusCode.NotFound)]
    public async Task Plain_request_gets_no_further(string path, string method, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{daemon.Host.Port}{path}");
        request.Headers.Add("Authorization", "Bearer " + DaemonFixture.Token);

        using var response = await http.SendAsync(request, Patience.Token());

        response.StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task Upgrade_tells_epoch_version_and_subprotocol()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        await using var client = await daemon.ConnectAsync();

        client.Headers[LinkContract.EpochHeader].ShouldBe([daemon.Host.Epoch]);
        client.Headers[LinkContract.VersionHeader].ShouldBe([Product.Version]);
        client.Headers["Sec-WebSocket-Protocol"].ShouldBe([LinkContract.Subprotocol]);
    }

    [Fact]
    public async Task Token_file_is_read_again_at_each_dial()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_WS_TOKEN", ""));
        var first = TokenFile.TryRead(daemon.Home).ShouldNotBeNull();
        await File.WriteAllTextAsync(daemon.Home.TokenFile, "another-token-of-enough-characters", TestContext.Current.CancellationToken);

        await using var old = await LinkClient.ConnectAsync(daemon.Host.Port, first);
        await using var current = await LinkClient.ConnectAsync(daemon.Host.Port, "another-token-of-enough-characters");

        (old.Status, current.Status).ShouldBe((HttpStatusCode.Unauthorized, HttpStatusCode.SwitchingProtocols));
    }
}
