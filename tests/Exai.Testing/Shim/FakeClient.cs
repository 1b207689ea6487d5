using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Exai.Testing.Shim;

/// <summary>The MCP client at the other end of the shim's streams: writes lines to its stdin and records each line of its stdout.</summary>
internal sealed class FakeClient(VirtualTime time) : IDisposable
{
    private readonly List<(Func<ClientLine, bool> Matches, TaskCompletionSource<ClientLine?> Found)> _waiting = [];
    private readonly InputStream _toShim = new();
    private readonly List<byte> _unfinished = [];

    public Stream Input => _toShim;

    public Stream Output => new OutputStream(this);

    /// <summary>Every whole line, in order.</summary>
    public List<ClientLine> Lines { get; } = [];

    /// <summary>The lines that were arrays; their messages are in <see cref="Lines"/> too.</summary>
    public List<IReadOnlyList<ClientLine>> Batches { get; } = [];

    public bool EndsMidLine => _unfinished.Count > 0;

    /// <summary>Reads no more: a write never ends.</summary>
    public bool StopsReading { get; set; }

    /// <summary>Has closed its end: a write fails so.</summary>
    public Exception? WriteFailure { get; set; }

    public void Send(string line) => _toShim.Writer.TryWrite(Encoding.UTF8.GetBytes(line + "\n"));

    public void SendBytes(byte[] bytes) => _toShim.Writer.TryWrite(bytes);

    public void CloseInput() => _toShim.Writer.TryComplete();

    public IEnumerable<ClientLine> Responses(string idJson) => Lines.Where(line => line.IsResponse && line.IdJson == idJson);

    public IEnumerable<ClientLine> Notifications(string method) => Lines.Where(line => line.Method == method);

    /// <summary>The one response to a request, past or to come.</summary>
    public Task<ClientLine> ResponseAsync(string idJson, TimeSpan? within = null) =>
        LineAsync(line => line.IsResponse && line.IdJson == idJson, $"a response to {idJson}", within);

    /// <summary>The first line that fits, past or to come.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    public async Task<ClientLine> LineAsync(Func<ClientLine, bool> matches, string what, TimeSpan? within = null)
    {
        if (Lines.FirstOrDefault(matches) is { } past)
        {
            return past;
        }

        var found = new TaskCompletionSource<ClientLine?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((matches, found));
        await using var limit = time.CreateTimer(_ => found.TrySetResult(null), null, within ?? TimeSpan.FromMinutes(30), Timeout.InfiniteTimeSpan);
        return await found.Task ?? throw new TimeoutException($"Waited in vain for {what}. Lines so far:\n{string.Join('\n', Lines)}");
    }

    public void Dispose() => _toShim.Dispose();

    private void OnBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            if (one != (byte)'\n')
            {
                _unfinished.Add(one);
                continue;
            }

            byte[] bytesOfLine = [.. _unfinished];
            _unfinished.Clear();
            if (bytesOfLine is [(byte)'[', ..])
            {
                Batches.Add([.. JsonNode.Parse(bytesOfLine)!.AsArray().Select(message => OnMessage(Encoding.UTF8.GetBytes(message!.ToJsonString())))]);
            }
            else
            {
                OnMessage(bytesOfLine);
            }
        }
    }

    private ClientLine OnMessage(byte[] bytes)
    {
        var line = new ClientLine(bytes, time.GetUtcNow());
        Lines.Add(line);
        foreach (var waiting in _waiting.Where(waiting => waiting.Matches(line)).ToList())
        {
            _waiting.Remove(waiting);
            waiting.Found.TrySetResult(line);
        }

        return line;
    }

    private sealed class InputStream : OneWayStream
    {
        private readonly Channel<byte[]> _chunks = Channel.CreateUnbounded<byte[]>();
        private byte[] _rest = [];

        public override bool CanRead => true;

        public ChannelWriter<byte[]> Writer => _chunks.Writer;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.Length == 0)
            {
                if (!await _chunks.Reader.WaitToReadAsync(cancellationToken))
                {
                    return 0;
                }

                _chunks.Reader.TryRead(out _rest!);
            }

            var count = Math.Min(buffer.Length, _rest.Length);
            _rest.AsMemory(0, count).CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }
    }

    private sealed class OutputStream(FakeClient client) : OneWayStream
    {
        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            if (client.WriteFailure is not null)
            {
                throw client.WriteFailure;
            }

            if (client.StopsReading)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, client.Clock, cancellationToken);
            }

            client.OnBytes(buffer.Span);
        }

        public override void Write(byte[] buffer, int offset, int count) => client.OnBytes(buffer.AsSpan(offset, count));
    }

    private VirtualTime Clock => time;

    /// <summary>What a pipe's end does not do, said once.</summary>
    private abstract class OneWayStream : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>A line of the shim's stdout; making it fails if it is no JSON-RPC message.</summary>
internal sealed class ClientLine
{
    public ClientLine(byte[] bytes, DateTimeOffset at)
    {
        if (bytes.Length == 0 || bytes[0] != (byte)'{' || bytes.Contains((byte)'\r'))
        {
            throw new FormatException($"The shim wrote a line that is no message: {Encoding.UTF8.GetString(bytes)}");
        }

        (Bytes, At, Json) = (bytes, at, (JsonObject)JsonNode.Parse(bytes, documentOptions: new() { MaxDepth = 1000 })!);
        if ((string?)Json["jsonrpc"] != "2.0")
        {
            throw new FormatException($"The shim wrote a line that is no JSON-RPC: {Text}");
        }
    }

    public byte[] Bytes { get; }

    public DateTimeOffset At { get; }

    public JsonObject Json { get; }

    public string Text => Encoding.UTF8.GetString(Bytes);

    public string? Method => (string?)Json["method"];

    public bool IsResponse => Method is null;

    public string? IdJson => Json["id"]?.ToJsonString();

    public JsonNode? Result => Json["result"];

    /// <summary>The text of a tool's result.</summary>
    public string ToolText => (string)Result!["content"]![0]!["text"]!;

    public bool IsToolError => (bool?)Result?["isError"] is true;

    public string? ErrorCode => (string?)Result?["_meta"]?["exai/error"]?["code"];

    public int? RpcErrorCode => (int?)Json["error"]?["code"];

    public string? RpcErrorText => (string?)Json["error"]?["message"];

    public override string ToString() => Text;
}
