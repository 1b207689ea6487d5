using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Exai.Witness.Tests.Connections;

/// <summary>
/// A web proxy as small as can be: whatever host it is asked for, it passes the bytes on to one port of this machine, and keeps the
/// first line of each connection.
/// </summary>
internal sealed class TinyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _serving = [];
    private readonly List<string> _asked = [];
    private readonly int _target;
    private readonly Task _accepting;

    public TinyProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Such as <c>CONNECT chat.invalid:443 HTTP/1.1</c>.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_gate)
                return [.. _asked];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var target = new TcpClient();
        using (client)
        {
            try
            {
                var (near, head) = (client.GetStream(), await HeadAsync(client.GetStream()));
                var line = head[..head.IndexOf('\r', StringComparison.Ordinal)];
                lock (_gate)
                    _asked.Add(line);
                await target.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
                // Within a tunnel the rest is a matter of the two ends; otherwise the server takes the request with its whole address.
                if (line.StartsWith("CONNECT ", StringComparison.Ordinal))
                    await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _end.Token);
                else
                    await target.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), _end.Token);
                await Task.WhenAny(near.CopyToAsync(target.GetStream(), _end.Token), target.GetStream().CopyToAsync(near, _end.Token));
            }
            catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side has gone.
            }
        }
    }

    /// <summary>The request's head and not a byte more.</summary>
    private async Task<string> HeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _end.Token);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
