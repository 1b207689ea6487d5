using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json.Nodes;
using Exai.Daemon.Tests.Monitoring;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;
using Exai.Testing.Certificates;

namespace Exai.Daemon.Tests.Security;

/// <summary>EXAI_TLS_CERT: both of a real daemon's ports speak TLS, and nothing else.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-tls-");
    private readonly TestAuthority _authority = new();
    private readonly CertificateFolder _files;

    public TlsTests() => _files = CertificateFolder.Create(_folder.FullName, _authority, "127.0.0.1");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Both_ports_speak_tls_and_the_health_file_says_with_which_certificate()
    {
        await using var daemon = await StartAsync();
        using var http = Client(new TlsTrust(_files.Authority));

        foreach (var address in (string[])[$"https://127.0.0.1:{daemon.Host.Port}/mcp", $"https://127.0.0.1:{daemon.Host.MonitoringPort}/api/v1/overview"])
        {
            using var answer = await http.GetAsync(address, Patience.Token());
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, address);
        }

        using var ready = await http.GetAsync($"https://127.0.0.1:{daemon.Host.MonitoringPort}/health/ready", Patience.Token());
        ready.StatusCode.ShouldBe(HttpStatusCode.OK);
        HealthFile.TryRead(daemon.Home)!.TlsCertificates.ShouldBe([Fingerprint.OfFile(_files.Certificate)!]);

        // By what stands in the health file alone, and by nothing else.
        using var own = Client(TlsTrust.Own(TlsSettings.None, HealthFile.TryRead(daemon.Home)!)!);
        var report = JsonNode.Parse(await own.GetStringAsync($"https://127.0.0.1:{daemon.Host.MonitoringPort}/health", Patience.Token()))!;
        ((string?)report["components"]!["tls"]!["status"], (string)report["components"]!["tls"]!["reason"]!).ShouldBe(("ok", $"TLS as 127.0.0.1, until {CertificateText.Time(_authority.Ends)}"));
        var metrics = Operations.Metrics(await own.GetStringAsync($"https://127.0.0.1:{daemon.Host.MonitoringPort}/metrics", Patience.Token()));
        metrics["exai_tls_certificate_end_timestamp_seconds"].ShouldBe(_authority.Ends.ToUnixTimeSeconds());
        metrics["exai_tls_reloads_total{outcome=\"used\"}"].ShouldBe(0);
        metrics["exai_tls_reloads_total{outcome=\"refused\"}"].ShouldBe(0);
        using var stranger = Client(new TlsTrust(null));
        await Should.ThrowAsync<HttpRequestException>(stranger.GetAsync($"https://127.0.0.1:{daemon.Host.Port}/mcp", Patience.Token()));
    }

    [Fact]
    public async Task Link_and_calls_work_as_on_a_plain_port()
    {
        await using var daemon = await StartAsync();
        daemon.Provider.Open = true;
        await using var link = await LinkClient.ConnectAsync(
            daemon.Host.Port, DaemonFixture.Token, set: options => options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.Subject == "CN=127.0.0.1", scheme: "wss");
        await link.InitializeAsync();

        (await link.RequestAsync("tools/call", LinkClient.Chat("hello"))).IsError().ShouldBeFalse();
    }

    [Fact]
    public async Task Plain_request_gets_no_answer_and_old_tls_no_handshake()
    {
        await using var daemon = await StartAsync();
        using var plain = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await plain.ConnectAsync(IPAddress.Loopback, daemon.Host.Port, Patience.Token());
        await plain.SendAsync(Encoding.ASCII.GetBytes($"GET {LinkContract.Path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), Patience.Token());
        var answer = new byte[100];
        var count = await plain.ReceiveAsync(answer, Patience.Token());
        Encoding.Latin1.GetString(answer, 0, count).ShouldNotContain("HTTP");

        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, daemon.Host.Port, Patience.Token());
#pragma warning disable SYSLIB0039, CA5397, CA5359 // That it is refused is what is tested, and for no other reason than its version.
        await using var old = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await Should.ThrowAsync<Exception>(old.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", EnabledSslProtocols = SslProtocols.Tls11 }, Patience.Token()));
#pragma warning restore SYSLIB0039, CA5397, CA5359
    }

    [Fact]
    public async Task Files_that_cannot_be_used_end_the_start_before_anything_else_is_done()
    {
        _files.Write(_authority.Issue(["127.0.0.1"], ends: TimeProvider.System.GetUtcNow().AddDays(-1)));

        var refused = await Should.ThrowAsync<CertificateException>(StartAsync());

        refused.Message.ShouldStartWith($"EXAI_TLS_CERT={_files.Certificate} ended on ");
    }

    [Fact]
    public async Task End_that_is_near_stands_in_the_health_file()
    {
        _files.Write(_authority.Issue(["127.0.0.1"], ends: TimeProvider.System.GetUtcNow().AddDays(3)));
        await using var daemon = await StartAsync();

        HealthFile.TryRead(daemon.Home)!.Problems.ShouldHaveSingleItem().ShouldContain("in 2 days");
    }

    private Task<DaemonFixture> StartAsync() => DaemonFixture.StartAsync(("EXAI_TLS_CERT", _files.Certificate), ("EXAI_TLS_KEY", _files.Key));

    private static HttpClient Client(TlsTrust trust) => new(new SocketsHttpHandler { SslOptions = new ServerCheck(trust, "127.0.0.1").Options() });
}
