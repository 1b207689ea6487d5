using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Shim.Link;
using Exai.Testing.Certificates;

namespace Exai.Shim.Tests.Link;

/// <summary>The shim's link over TLS, on real sockets, against the framework's TLS and WebSocket at the other end.</summary>
public sealed class TlsLinkTests : IDisposable
{
    private const string Accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mcp\r\nExai-Epoch: e-1\r\nExai-Version: 9.8.7\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(20), TimeProvider.System);
    private readonly TestAuthority _authority = new();
    private readonly CertificateFolder _files;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-tls-");

    public TlsLinkTests()
    {
        _files = CertificateFolder.Create(_folder.FullName, _authority, "127.0.0.1");
        _listener.Start();
    }

    private CancellationToken Limit => _limit.Token;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _listener.Dispose();
        _limit.Dispose();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Messages_of_any_length_arrive_whole_both_ways(SslProtocols version)
    {
        var (link, daemon) = await ConnectAsync(version: version);
        await using var disposing = link;
        using var closing = daemon;
        (link.Epoch, link.DaemonVersion).ShouldBe(("e-1", "9.8.7"));
        foreach (var length in (int[])[0, 1, 125, 126, 16_383, 16_384, 65_536, 3_000_000, 5])
        {
            var message = Encoding.ASCII.GetBytes(new string('x', length)).Select((letter, at) => (byte)(letter + (at % 7))).ToArray();
            var sending = link.SendAsync(message, Limit).AsTask();
            (await ReadAsync(daemon)).ShouldBe(message);
            await sending;
            var answering = daemon.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, Limit);
            (await link.ReceiveAsync(Limit)).ShouldBe(message);
            await answering;
        }
    }

    [Fact]
    public async Task Both_ways_at_once_nothing_is_mixed_up()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var closing = daemon;
        var (up, down) = (new byte[40_000], new byte[50_000]);
        Array.Fill(up, (byte)'u');
        Array.Fill(down, (byte)'d');

        var sending = SendAllAsync(() => link.SendAsync(up, Limit).AsTask());
        var answering = SendAllAsync(() => daemon.SendAsync(down, WebSocketMessageType.Text, endOfMessage: true, Limit));
        var reading = ReadAllAsync(() => ReadAsync(daemon), up);
        await ReadAllAsync(async () => (await link.ReceiveAsync(Limit))!, down);

        await Task.WhenAll(sending, answering, reading);

        static async Task SendAllAsync(Func<Task> send)
        {
            for (var count = 0; count < 100; count++)
            {
                await send();
            }
        }

        static async Task ReadAllAsync(Func<Task<byte[]>> read, byte[] expected)
        {
            for (var count = 0; count < 100; count++)
            {
                (await read()).AsSpan().SequenceEqual(expected).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public async Task Close_code_is_told_and_a_daemon_that_is_gone_ends_the_link_without_one()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        var closing = daemon.CloseAsync((WebSocketCloseStatus)LinkContract.GiveWayCloseCode, "another session", Limit);
        (await link.ReceiveAsync(Limit)).ShouldBeNull();
        link.CloseCode.ShouldBe(LinkContract.GiveWayCloseCode);
        await closing;
        daemon.Dispose();

        var (cut, gone) = await ConnectAsync();
        await using var disposingCut = cut;
        gone.Abort();
        (await cut.ReceiveAsync(Limit)).ShouldBeNull();
        cut.CloseCode.ShouldBeNull();
    }

    [Fact]
    public async Task Wait_for_a_message_that_is_cancelled_leaves_the_link_as_it_was_and_its_end_ends_a_wait()
    {
        var (link, daemon) = await ConnectAsync();
        using var closing = daemon;
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        await Should.ThrowAsync<OperationCanceledException>(link.ReceiveAsync(impatient.Token).AsTask());
        await daemon.SendAsync("late"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Limit);
        Encoding.UTF8.GetString((await link.ReceiveAsync(Limit))!).ShouldBe("late");

        var waiting = link.ReceiveAsync(Limit).AsTask();
        await link.DisposeAsync();
        (await waiting).ShouldBeNull();
    }

    [Fact]
    public async Task Daemon_that_falls_silent_is_left()
    {
        var quick = TimeSpan.FromMilliseconds(100);
        var (link, daemon) = await ConnectAsync(settings => settings with { PingInterval = quick, PingTimeout = quick * 3 });
        await using var disposing = link;
        using var closing = daemon;

        // The framework's end answers pings only while somebody reads from it.
        (await link.ReceiveAsync(Limit)).ShouldBeNull();
    }

    [Theory]
    [InlineData("unknown authority", "whom this machine does not trust", "EXAI_TLS_CA")]
    [InlineData("another authority", "does not hold it", "EXAI_TLS_CA=")]
    [InlineData("authorities that are not there", "whom this machine does not trust", "cannot be read")]
    [InlineData("another name", "It is for exai.example, and not for 127.0.0.1", "EXAI_TLS_CERT")]
    [InlineData("ended", "It is good from ", "renew it at the daemon")]
    [InlineData("not begun", "It is good from ", "this machine's clock")]
    public async Task Certificate_that_is_not_one_to_trust_is_refused_with_what_is_wrong_and_what_to_do(string fault, string told, string mend)
    {
        using var other = new TestAuthority("Somebody else");
        TlsSettings settings = Trusting();
        var now = TimeProvider.System.GetUtcNow();
        switch (fault)
        {
            case "unknown authority": settings = TlsSettings.None; break;
            case "another authority": File.WriteAllText(_files.Authority, other.Pem); break;
            case "authorities that are not there": File.Delete(_files.Authority); break;
            case "another name": _files.Write(_authority.Issue(["exai.example"])); break;
            case "ended": _files.Write(_authority.Issue(["127.0.0.1"], ends: now.AddDays(-1))); break;
            case "not begun": _files.Write(_authority.Issue(["127.0.0.1"], begins: now.AddDays(1))); break;
        }

        var accepting = AcceptAsync(SslProtocols.Tls13);
        var refused = await Should.ThrowAsync<LinkException>(DialAsync(TlsTrust.Elsewhere(settings)));
        await Should.ThrowAsync<Exception>(accepting);

        refused.Kind.ShouldBe(LinkFailure.Untrusted);
        refused.Message.ShouldStartWith($"The TLS certificate of the daemon at wss://127.0.0.1:{Port} is not accepted. ");
        refused.Message.ShouldContain(told);
        refused.Message.ShouldContain(mend);
    }

    [Fact]
    public async Task Certificate_of_ones_own_home_is_known_by_itself_whatever_its_name_and_dates_are()
    {
        var now = TimeProvider.System.GetUtcNow();
        _files.Write(_authority.Issue(["exai.example"], begins: now.AddDays(-9), ends: now.AddDays(-1)));
        var fingerprint = Fingerprint.OfFile(_files.Certificate)!;
        TlsTrust[] known = [new(null, $"{new string('0', 64)} {fingerprint}"), new(null, "", _files.Certificate)];
        foreach (var trust in known)
        {
            var (link, daemon) = await ConnectAsync(trust: trust);
            await link.DisposeAsync();
            daemon.Dispose();
        }

        var accepting = AcceptAsync(SslProtocols.Tls13);
        (await Should.ThrowAsync<LinkException>(DialAsync(new TlsTrust(_files.Authority, new string('0', 64))))).Kind.ShouldBe(LinkFailure.Untrusted);
        await Should.ThrowAsync<Exception>(accepting);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "Untrusted", "speaks no TLS")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0046", "Untrusted", "Both ends need TLS 1.2 or 1.3")]
    [InlineData("", "NotADaemon", "ended the connection while TLS began")]
    public async Task Answer_without_tls_is_told_apart_from_a_refusal_and_from_none(string answer, string kind, string told)
    {
        var dialing = DialAsync(TlsTrust.Elsewhere(Trusting()));
        using var socket = await _listener.AcceptSocketAsync(Limit);
        await socket.ReceiveAsync(new byte[4096], Limit);
        await socket.SendAsync(Encoding.Latin1.GetBytes(answer), Limit);
        socket.Shutdown(SocketShutdown.Send);

        var refused = await Should.ThrowAsync<LinkException>(dialing);
        refused.Kind.ToString().ShouldBe(kind);
        refused.Message.ShouldContain(told);
    }

    [Fact]
    public async Task Handshake_that_does_not_go_on_is_bounded_by_the_connect_clock()
    {
        var dialing = DialAsync(TlsTrust.Elsewhere(Trusting()), settings => settings with { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        using var silent = await _listener.AcceptSocketAsync(Limit);

        var refused = await Should.ThrowAsync<LinkException>(dialing);

        (refused.Kind, refused.Message).ShouldBe((LinkFailure.NotNow, $"Nobody at wss://127.0.0.1:{Port} answered within 0.2 s (EXAI_WS_CONNECT_TIMEOUT)."));
    }

    private TlsSettings Trusting() => new() { Authorities = _files.Authority };

    private static LinkSettings Settings() => SettingsLoader.Load(new SettingsSources { Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = "/nowhere" } }).Settings.Link;

    private Task<ILinkConnection> DialAsync(TlsTrust trust, Func<LinkSettings, LinkSettings>? change = null) =>
        new WebSocketDialer(() => change?.Invoke(Settings()) ?? Settings(), new Random(1), TimeProvider.System)
            .DialAsync(new LinkEndpoint("127.0.0.1", Port, "a-token-of-the-test", "s-1", LinkContract.LegacyEra) { Tls = trust }, Limit);

    private async Task<(ILinkConnection Link, WebSocket Daemon)> ConnectAsync(
        Func<LinkSettings, LinkSettings>? change = null, TlsTrust? trust = null, SslProtocols version = SslProtocols.Tls13)
    {
        var accepting = AcceptAsync(version);
        var link = await DialAsync(trust ?? TlsTrust.Elsewhere(Trusting()), change);
        return (link, WebSocket.CreateFromStream(await accepting, new WebSocketCreationOptions { IsServer = true, SubProtocol = "mcp" }));
    }

    private async Task<SslStream> AcceptAsync(SslProtocols version)
    {
        var settings = new TlsSettings { Certificate = _files.Certificate, Key = _files.Key };
        var socket = await _listener.AcceptSocketAsync(Limit);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            // By the dates of the files themselves: a daemon would not start with some of them.
            var pair = CertificateFiles.Read(settings);
            using var first = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(pair.Certificate);
            var shown = ServerCertificate.Load(pair, settings, new DateTimeOffset(first.NotBefore).AddMinutes(1));
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = shown.Context, EnabledSslProtocols = version }, Limit);
            var asked = "";
            var bytes = new byte[4096];
            while (!asked.EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                asked += await stream.ReadAsync(bytes, Limit) is > 0 and var count ? Encoding.ASCII.GetString(bytes, 0, count) : throw new EndOfStreamException();
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(Accepted), Limit);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private async Task<byte[]> ReadAsync(WebSocket daemon)
    {
        var message = new MemoryStream();
        var bytes = new byte[64 * 1024];
        while (true)
        {
            var part = await daemon.ReceiveAsync(bytes.AsMemory(), Limit);
            message.Write(bytes, 0, part.Count);
            if (part.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }
}
