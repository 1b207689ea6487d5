using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Exai.Protocol;
using Exai.Settings;
using Exai.Shim.Link;

namespace Exai.Shim.Tests.Link;

/// <summary>The shim's own WebSocket, over real sockets, against the framework's at the other end.</summary>
public sealed class WebSocketLinkTests : IDisposable
{
    private const string Accepted =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mcp\r\nExai-Epoch: e-1\r\nExai-Version:  9.8.7 \r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _limit = new(Patience, TimeProvider.System);
    private string _asked = "";

    public WebSocketLinkTests() => _listener.Start();

    private CancellationToken Limit => _limit.Token;

    public void Dispose()
    {
        _listener.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task Messages_of_any_length_arrive_whole_both_ways()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var closing = daemon;
        link.Epoch.ShouldBe("e-1");
        link.DaemonVersion.ShouldBe("9.8.7");
        foreach (var length in (int[])[0, 1, 7, 8, 125, 126, 127, 65_535, 65_536, 3_000_000, 5])
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
    public async Task Message_in_parts_is_one_and_messages_that_come_together_are_several()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var closing = daemon;
        foreach (var (part, isLast) in ((string, bool)[])[("one", false), ("", false), (" two", true), ("three", true)])
        {
            await daemon.SendAsync(Encoding.UTF8.GetBytes(part), WebSocketMessageType.Text, isLast, Limit);
        }

        Encoding.UTF8.GetString((await link.ReceiveAsync(Limit))!).ShouldBe("one two");
        Encoding.UTF8.GetString((await link.ReceiveAsync(Limit))!).ShouldBe("three");
    }

    [Fact]
    public async Task Close_code_of_the_daemon_is_told_and_answered()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var daemonEnd = daemon;
        var closing = daemon.CloseAsync((WebSocketCloseStatus)LinkContract.GiveWayCloseCode, "another session", Limit);
        (await link.ReceiveAsync(Limit)).ShouldBeNull();
        link.CloseCode.ShouldBe(LinkContract.GiveWayCloseCode);
        await closing;
        daemon.State.ShouldBe(WebSocketState.Closed);
    }

    [Fact]
    public async Task Farewell_of_the_shim_reaches_the_daemon()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var closing = daemon;
        await link.CloseAsync(Limit);
        (await daemon.ReceiveAsync(new byte[10], Limit)).CloseStatus.ShouldBe(WebSocketCloseStatus.NormalClosure);
    }

    [Fact]
    public async Task Answer_above_what_the_shim_takes_from_its_client_is_read()
    {
        var (link, daemon) = await ConnectAsync(settings => settings with { MaxBytes = 65_536 });
        await using var disposing = link;
        using var closing = daemon;
        var sending = daemon.SendAsync(new byte[200_000], WebSocketMessageType.Text, endOfMessage: true, Limit);
        (await link.ReceiveAsync(Limit))!.Length.ShouldBe(200_000);
        await sending;
    }

    [Fact]
    public async Task Message_above_all_measure_ends_the_link_with_its_code()
    {
        var (link, daemon) = await ConnectRawAsync();
        await using var disposing = link;
        using var closing = daemon;
        // A text frame of 64 MiB and one byte.
        await daemon.SendAsync(new byte[] { 0x81, 127, 0, 0, 0, 0, 4, 0, 0, 1 }, Limit);
        (await link.ReceiveAsync(Limit)).ShouldBeNull();
        var frame = new byte[8];
        for (var received = 0; received < frame.Length;)
        {
            received += await daemon.ReceiveAsync(frame.AsMemory(received), Limit);
        }

        (frame[0], frame[1]).ShouldBe(((byte)0x88, (byte)0x82));
        (((frame[6] ^ frame[2]) << 8) | (frame[7] ^ frame[3])).ShouldBe(LinkContract.TooBigCloseCode);
    }

    [Fact]
    public async Task Daemon_that_is_gone_ends_the_link_without_a_code()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        daemon.Abort();
        (await link.ReceiveAsync(Limit)).ShouldBeNull();
        link.CloseCode.ShouldBeNull();
    }

    [Fact]
    public async Task Pings_are_answered_and_a_daemon_that_answers_none_is_left()
    {
        var quick = TimeSpan.FromMilliseconds(100);
        var (link, daemon) = await ConnectAsync(settings => settings with { PingInterval = quick, PingTimeout = quick * 3 }, pings: true);
        await using var disposing = link;
        using var closing = daemon;
        var received = link.ReceiveAsync(Limit).AsTask();
        var reading = daemon.ReceiveAsync(new byte[10], Limit);
        // Both ends ping each other and would have given up long before.
        await Task.WhenAny(received, reading, Task.Delay(quick * 12, TimeProvider.System));
        (received.IsCompleted, reading.IsCompleted).ShouldBe((false, false));

        var (silent, raw) = await ConnectRawAsync(settings => settings with { PingInterval = quick, PingTimeout = quick * 3 });
        await using var silentLink = silent;
        using var listening = raw;
        (await silent.ReceiveAsync(Limit)).ShouldBeNull();
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Unauthorized\r\n\r\n", "Unauthorized", "refused the token")]
    [InlineData("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", "VersionRefused", "exai restart")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nexai-reason: all 5 places are taken\r\n\r\n", "NotNow", "all 5 places are taken")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n\r\n", "NotNow", "is ending")]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n<html>", "NotADaemon", "404")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\n\r\n", "NotADaemon", "101")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "NotADaemon", "does not speak HTTP")]
    [InlineData("", "NotADaemon", "without an answer")]
    public async Task Refusal_says_who_answered_what(string answer, string kind, string saying)
    {
        var accepting = AcceptAsync(answer);
        var refused = await Should.ThrowAsync<LinkException>(DialAsync(Settings()));
        (await accepting).Dispose();
        refused.Kind.ToString().ShouldBe(kind);
        refused.Message.ShouldContain(saying);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1:8079")]
    [InlineData("::1", "[::1]:8079")]
    [InlineData("[::1]", "[::1]:8079")]
    public void Upgrade_names_the_host_as_an_address_of_the_web_does(string host, string header) =>
        Encoding.ASCII.GetString(Upgrade.Request(new LinkEndpoint(host, 8079, Token: null, "s-1", "legacy"), new Random(1))).ShouldContain($"\r\nHost: {header}\r\n");

    [Fact]
    public async Task Nobody_at_the_address_and_nobody_who_answers_are_told_apart()
    {
        var silent = await Should.ThrowAsync<LinkException>(DialAsync(Settings() with { ConnectTimeout = TimeSpan.FromMilliseconds(200) }));
        silent.Kind.ShouldBe(LinkFailure.NotNow);
        silent.Message.ShouldContain("0.2 s (EXAI_WS_CONNECT_TIMEOUT)");
        var soon = await Should.ThrowAsync<LinkException>(DialAsync(Settings(), patience: TimeSpan.FromMilliseconds(100)));
        (soon.Kind, soon.Message).ShouldBe((LinkFailure.NotNow, $"Nobody at 127.0.0.1:{Port} answered within 0.1 s."));
        _listener.Stop();
        (await Should.ThrowAsync<LinkException>(DialAsync(Settings()))).Kind.ShouldBe(LinkFailure.Unreachable);
    }

    [Fact]
    public async Task Token_that_would_end_its_header_is_not_sent()
    {
        var refused = await Should.ThrowAsync<LinkException>(DialAsync(Settings(), token: "a-token-with\r\nHost: another"));
        refused.Message.ShouldContain("Authorization");
        refused.Message.ShouldNotContain("a-token");
    }

    [Fact]
    public async Task Upgrade_names_session_era_version_token_and_key()
    {
        var (link, daemon) = await ConnectAsync();
        await using var disposing = link;
        using var closing = daemon;
        var lines = _asked.Split("\r\n");
        lines[0].ShouldBe("GET /ws HTTP/1.1");
        lines.ShouldContain($"Host: 127.0.0.1:{Port}");
        lines.ShouldContain("Exai-Session: s-1");
        lines.ShouldContain("Exai-Era: legacy");
        lines.ShouldContain("Exai-Reconnect: attempts=3, down-ms=1200");
        lines.ShouldContain("Authorization: Bearer a-token-of-the-test");
        lines.ShouldContain("Sec-WebSocket-Version: 13");
        Convert.FromBase64String(lines.Single(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal)).Split(' ')[1]).Length.ShouldBe(16);
    }

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private static LinkSettings Settings() => SettingsLoader.Load(new SettingsSources { Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = "/nowhere" } }).Settings.Link;

    private Task<ILinkConnection> DialAsync(LinkSettings settings, string token = "a-token-of-the-test", TimeSpan? patience = null) => new WebSocketDialer(() => settings, new Random(1), TimeProvider.System)
        .DialAsync(new LinkEndpoint("127.0.0.1", Port, token, "s-1", LinkContract.LegacyEra, new Reconnect(3, TimeSpan.FromMilliseconds(1200))) { Patience = patience }, Limit);

    private async Task<(ILinkConnection Link, WebSocket Daemon)> ConnectAsync(Func<LinkSettings, LinkSettings>? change = null, bool pings = false)
    {
        var (link, raw) = await ConnectRawAsync(change);
        var often = pings ? TimeSpan.FromMilliseconds(100) : TimeSpan.Zero;
        return (link, WebSocket.CreateFromStream(
            new NetworkStream(raw, ownsSocket: true), new WebSocketCreationOptions { IsServer = true, SubProtocol = "mcp", KeepAliveInterval = often, KeepAliveTimeout = pings ? often * 3 : Timeout.InfiniteTimeSpan }));
    }

    private async Task<(ILinkConnection Link, Socket Daemon)> ConnectRawAsync(Func<LinkSettings, LinkSettings>? change = null)
    {
        var accepting = AcceptAsync(Accepted);
        var link = await DialAsync(change?.Invoke(Settings()) ?? Settings());
        return (link, await accepting);
    }

    /// <summary>Reads the upgrade and answers it, in two parts.</summary>
    private async Task<Socket> AcceptAsync(string answer)
    {
        var socket = await _listener.AcceptSocketAsync(Limit);
        var bytes = new byte[4096];
        while (!_asked.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            _asked += Encoding.ASCII.GetString(bytes, 0, await socket.ReceiveAsync(bytes, Limit));
        }

        if (answer.Length == 0)
        {
            socket.Shutdown(SocketShutdown.Both);
            return socket;
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes(answer[..9]), Limit);
        await socket.SendAsync(Encoding.ASCII.GetBytes(answer[9..]), Limit);
        _asked = _asked.Trim();
        return socket;
    }

    private async Task<byte[]> ReadAsync(WebSocket socket)
    {
        var message = new MemoryStream();
        var part = new byte[4096];
        while (true)
        {
            var received = await socket.ReceiveAsync(part, Limit);
            message.Write(part, 0, received.Count);
            if (received.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }
}
