using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Settings.Logs;

namespace Exai.Shim.Link;

/// <summary>
/// Plays a link while there is none: a whole shim session, with a client and a daemon of its own making. A process compiles some three hundred methods
/// for its first link, since .NET cannot compile before what asynchronous methods take from its library, and many shims that wait for one daemon would
/// all do so at once when it comes. It is played over a socket of its own, in a home that does not exist, and leaves no trace.
/// </summary>
internal static class LinkRehearsal
{
    private const string Home = "rehearsal";

    /// <summary>Of the shim's frame, which is masked and gives the daemon's code back.</summary>
    private const int LengthOfClose = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly byte[] Close = [0x88, 2, LinkContract.RestartCloseCode >> 8, LinkContract.RestartCloseCode & 0xFF];

    private static readonly byte[] Client = Encoding.UTF8.GetBytes(
        $$$$"""
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{{{LinkContract.LegacyVersions[0]}}}}","capabilities":{},"clientInfo":{"name":"{{{{Home}}}}","version":"1"}}}
        {"jsonrpc":"2.0","method":"notifications/initialized"}

        """);

    /// <summary>Never fails: without it, the first link takes a little longer.</summary>
    /// <param name="settings">The shim's; those of the link are replaced.</param>
    /// <returns>Whether the link was played to its end.</returns>
    public static async Task<bool> RunAsync(ExaiSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        // Whoever waits for a daemon goes on waiting beside it.
        await Task.Yield();
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await PlayAsync(settings, time, either.Token);
        }
        catch (Exception)
        {
            // The shim leaves, or a stranger dialled, or whatever else: nothing depends on it.
            return false;
        }
    }

    private static async Task<bool> PlayAsync(ExaiSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var load = SettingsFor(settings, ((IPEndPoint)listener.LocalEndPoint!).Port);
        using var loggers = new ExaiLoggerFactory(new ExaiLogOptions { ToStandardError = false }, time);
        var input = new Pipe();
        await input.Writer.WriteAsync(Client, cancellationToken);
        var session = ShimSession.RunAsync(
            () => load, input.Reader.AsStream(), Stream.Null, loggers.CreateLogger(Home), time, new Random(0), cancellationToken);
        try
        {
            return await ServeAsync(listener, time, cancellationToken);
        }
        finally
        {
            // The client leaves, and with it the session.
            await input.Writer.CompleteAsync();
            await session;
        }
    }

    /// <summary>The daemon's part. It understands nothing of what it hears: its answers come in the order in which the shim asks.</summary>
    /// <returns>Whether the shim said good-bye.</returns>
    private static async Task<bool> ServeAsync(Socket listener, TimeProvider time, CancellationToken cancellationToken)
    {
        using var link = await listener.AcceptAsync(cancellationToken);
        var heard = new byte[16 * 1024];
        var request = Encoding.Latin1.GetString(heard, 0, await link.ReceiveAsync(heard, cancellationToken));
        var own = $"exai:{SessionIn(request)}:";
        await link.SendAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: {LinkContract.Subprotocol}\r\n{LinkContract.EpochHeader}: {Home}\r\n\r\n"),
            cancellationToken);
        await link.ReceiveAsync(heard, cancellationToken);
        await link.SendAsync(Text($$$"""{"jsonrpc":"2.0","id":"{{{own}}}initialize-1","result":{}}"""), cancellationToken);
        await link.ReceiveAsync(heard, cancellationToken);
        await link.SendAsync(Text($$$"""{"jsonrpc":"2.0","id":"{{{own}}}probe-1","result":{}}"""), cancellationToken);
        // A link that is ready says nothing; the shim is to be met waiting.
        await Task.Delay(Pause, time, cancellationToken);
        await link.SendAsync(Text("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"""), cancellationToken);
        await link.SendAsync(Close, cancellationToken);
        link.Shutdown(SocketShutdown.Send);
        var end = ReadOnlyMemory<byte>.Empty;
        while (await link.ReceiveAsync(heard, cancellationToken) is > 0 and var count)
        {
            end = heard.AsMemory(0, count).ToArray();
        }

        return end.Length >= LengthOfClose && end.Span[^LengthOfClose] == Close[0];
    }

    /// <summary>The beginning of its id, from which the shim makes those of its own requests.</summary>
    private static string SessionIn(string request)
    {
        var start = request.IndexOf(LinkContract.SessionHeader + ": ", StringComparison.Ordinal);
        var session = start + LinkContract.SessionHeader.Length + 2;
        return start < 0 || request.Length < session + 8 ? throw new IOException("Whoever dialled names no session.") : request[session..(session + 8)];
    }

    /// <summary>A frame as a server sends it, for up to 125 bytes.</summary>
    private static byte[] Text(string message) => [0x81, (byte)message.Length, .. Encoding.ASCII.GetBytes(message)];

    private static SettingsResult SettingsFor(ExaiSettings settings, int port) => new()
    {
        Settings = settings with
        {
            Home = new ExaiHome(Path.Combine(settings.Home.Path, Home)),
            Link = settings.Link with
            {
                Host = "127.0.0.1",
                Port = port,
                PortIsDefault = false,
                Endpoints = [],
                Tls = TlsSettings.None,
                Token = Home,
                Autostart = false,
            },
        },
        Problems = [],
        Warnings = [],
        Ignored = [],
        Values = [],
    };
}
