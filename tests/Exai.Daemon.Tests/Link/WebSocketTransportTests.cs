using System.Net.WebSockets;
using System.Text;
using Exai.Daemon.Link;
using Exai.Testing;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Tests.Link;

/// <summary>The transport alone, over a stream that takes bytes when the test says so.</summary>
public sealed class WebSocketTransportTests
{
    /// <summary>A client that cancels one call must not lose the link, and with it the answers of its other calls.</summary>
    [Fact]
    public async Task SendMessageAsync_is_cancelled_half_way_the_link_lives_and_the_frame_is_whole()
    {
        var stream = new GatedStream();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
        await using var transport = new WebSocketTransport(socket, "session", 65536, new ListLogger());
        using var cancel = new CancellationTokenSource();

        var first = transport.SendMessageAsync(new JsonRpcNotification { Method = "first" }, cancel.Token);
        cancel.Cancel();
        stream.Open();
        await first.WaitAsync(Patience.Token());
        await transport.SendMessageAsync(new JsonRpcNotification { Method = "second" }, CancellationToken.None).WaitAsync(Patience.Token());

        socket.State.ShouldBe(WebSocketState.Open);
        stream.Written.ShouldContain("first");
        stream.Written.ShouldContain("second");
    }

    [Fact]
    public async Task SendMessageAsync_waits_its_turn_and_is_cancelled_it_is_not_sent()
    {
        var stream = new GatedStream();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
        await using var transport = new WebSocketTransport(socket, "session", 65536, new ListLogger());
        using var cancel = new CancellationTokenSource();
        var first = transport.SendMessageAsync(new JsonRpcNotification { Method = "first" }, CancellationToken.None);

        var second = transport.SendMessageAsync(new JsonRpcNotification { Method = "second" }, cancel.Token);
        cancel.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(second);
        stream.Open();
        await first.WaitAsync(Patience.Token());

        stream.Written.ShouldNotContain("second");
    }

    [Fact]
    public async Task CloseAsync_the_other_side_takes_nothing_the_link_is_cut_when_patience_ends()
    {
        var stream = new GatedStream();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
        await using var transport = new WebSocketTransport(socket, "session", 65536, new ListLogger());
        var stuck = transport.SendMessageAsync(new JsonRpcNotification { Method = "stuck" }, CancellationToken.None);
        using var patience = new CancellationTokenSource();

        var closing = transport.CloseAsync(4002, "a newer link", patience.Token);
        patience.Cancel();

        await closing.WaitAsync(Patience.Token());
        socket.State.ShouldBe(WebSocketState.Aborted);
        stream.Open();
        await stuck.WaitAsync(Patience.Token());
        // After the end a message is dropped: the call that it answers is in the journal.
        await transport.SendMessageAsync(new JsonRpcNotification { Method = "late" }, CancellationToken.None).WaitAsync(Patience.Token());
    }

    /// <summary>Reads nothing, ever; writes once it is opened.</summary>
    private sealed class GatedStream : Stream
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly MemoryStream _written = new();

        public string Written => Encoding.UTF8.GetString(_written.ToArray());

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Open() => _open.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _open.Task.WaitAsync(cancellationToken);
            await _written.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
            // Nothing is held back.
        }
    }
}
