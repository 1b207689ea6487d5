using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Exai.Protocol;
using Exai.Shim.Files;
using Exai.Shim.Link;

namespace Exai.Testing.Shim;

/// <summary>One connection of a <see cref="FakeDaemon"/>. Fails the test that sends or receives twice at a time.</summary>
internal sealed class FakeConnection(FakeDaemon daemon, string era, string epoch, string version, VirtualTime time) : ILinkConnection
{
    private readonly Channel<byte[]> _toShim = Channel.CreateUnbounded<byte[]>();
    private readonly List<FakeMessage> _unread = [];
    private bool _sending;
    private bool _receiving;

    /// <summary>As the shim named it in the upgrade.</summary>
    public string Era => era;

    public string Epoch => epoch;

    public string DaemonVersion => version;

    public int? CloseCode { get; private set; }

    public bool IsOpen { get; private set; } = true;

    /// <summary>The shim said good-bye.</summary>
    public bool WasClosed { get; private set; }

    public bool WasDisposed { get; private set; }

    /// <summary>Writes that never end, as into a full socket.</summary>
    public bool SendsHang { get; set; }

    public List<FakeMessage> Received { get; } = [];

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        Once(ref _sending, "two sends at once");
        try
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            if (SendsHang)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            }

            if (!IsOpen)
            {
                throw new IOException("The connection is gone.");
            }

            var received = new FakeMessage(message.ToArray(), time.GetUtcNow());
            Received.Add(received);
            if (daemon.Frozen)
            {
                _unread.Add(received);
            }
            else
            {
                daemon.Handle(this, received);
            }
        }
        finally
        {
            _sending = false;
        }
    }

    public async Task<bool> HasBlobAsync(string sha256, CancellationToken cancellationToken)
    {
        await BlobsTakeAsync(cancellationToken);
        daemon.BlobRequests.Add($"HEAD {sha256}");
        return daemon.Blobs.ContainsKey(sha256);
    }

    public async Task SendBlobAsync(string sha256, Stream content, CancellationToken cancellationToken)
    {
        await BlobsTakeAsync(cancellationToken);
        daemon.BlobRequests.Add($"PUT {sha256}");
        using var bytes = new MemoryStream();
        // Read as it comes: a file's own asynchronous read would leave the simulation.
        content.CopyTo(bytes);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())) != sha256)
        {
            throw new BlobRefusedException("The bytes have another hash.");
        }

        daemon.Blobs[sha256] = bytes.ToArray();
    }

    private async Task BlobsTakeAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(daemon.BlobsTake, time, cancellationToken);
        if (!IsOpen)
        {
            throw new HttpRequestException("The connection is gone.");
        }
    }

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        Once(ref _receiving, "two receives at once");
        try
        {
            return await _toShim.Reader.WaitToReadAsync(cancellationToken) && _toShim.Reader.TryRead(out var message) ? message : null;
        }
        finally
        {
            _receiving = false;
        }
    }

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        WasClosed = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        WasDisposed = true;
        Cut(closeCode: null);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends to the shim.</summary>
    public void Push(string json) => Push(Encoding.UTF8.GetBytes(json));

    public void Push(byte[] bytes) => _toShim.Writer.TryWrite(bytes);

    public void Result(FakeMessage request, string resultJson) => Push($$"""{"jsonrpc":"2.0","id":{{request.IdJson}},"result":{{resultJson}}}""");

    /// <summary>Ends the connection; what was sent before still arrives.</summary>
    public void Cut(int? closeCode)
    {
        if (IsOpen)
        {
            (IsOpen, CloseCode) = (false, closeCode);
            _toShim.Writer.TryComplete();
        }
    }

    /// <summary>Ends the connection so that the shim's receive throws.</summary>
    public void Break(Exception failure)
    {
        IsOpen = false;
        _toShim.Writer.TryComplete(failure);
    }

    internal void ReadOn()
    {
        foreach (var message in _unread)
        {
            daemon.Handle(this, message);
        }

        _unread.Clear();
    }

    private static void Once(ref bool busy, string what)
    {
        if (busy)
        {
            throw new NotSupportedException($"The shim breaks the connection's rule: {what}.");
        }

        busy = true;
    }
}

/// <summary>A message as the daemon got it.</summary>
internal sealed class FakeMessage(byte[] bytes, DateTimeOffset at)
{
    public byte[] Bytes => bytes;

    public DateTimeOffset At => at;

    public string Text => Encoding.UTF8.GetString(bytes);

    public JsonObject Json { get; } = (JsonObject)JsonNode.Parse(bytes, documentOptions: new() { MaxDepth = 1000 })!;

    public string? Method => (string?)Json["method"];

    public string? IdJson => Json["id"]?.ToJsonString();

    public string? CallId => (string?)Json["params"]?["_meta"]?[MetaKeys.CallId];

    public override string ToString() => Text;
}
