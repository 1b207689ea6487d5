namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// The body of an answer as server-sent events, with a comment whenever nothing was sent for a while: proxies and clients take a silent
/// connection for a dead one. A comment never falls into an event: the writer flushes after each.
/// </summary>
internal sealed class EventStream : Stream
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private static readonly byte[] Comment = ": keep-alive\n\n"u8.ToArray();

    private readonly Stream _body;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _end;
    private readonly Task _keeping;
    private bool _betweenEvents = true;
    private long _lastWritten;

    public EventStream(Stream body, TimeProvider time, CancellationToken cancellationToken)
    {
        (_body, _time) = (body, time);
        _lastWritten = time.GetTimestamp();
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _keeping = KeepAliveAsync();
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _betweenEvents = false;
            await _body.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _body.FlushAsync(cancellationToken);
            _betweenEvents = true;
            _lastWritten = _time.GetTimestamp();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Ends the comments; the body is its owner's.</summary>
    public override async ValueTask DisposeAsync()
    {
        _end.Cancel();
        await _keeping;
        _end.Dispose();
        _writing.Dispose();
        await base.DisposeAsync();
    }

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task KeepAliveAsync()
    {
        try
        {
            while (true)
            {
                var left = Silence - _time.GetElapsedTime(_lastWritten);
                await Task.Delay(left > TimeSpan.Zero ? left + TimeSpan.FromMilliseconds(1) : Silence, _time, _end.Token);
                await _writing.WaitAsync(_end.Token);
                try
                {
                    if (_betweenEvents && _time.GetElapsedTime(_lastWritten) >= Silence)
                    {
                        await _body.WriteAsync(Comment, _end.Token);
                        await _body.FlushAsync(_end.Token);
                        _lastWritten = _time.GetTimestamp();
                    }
                }
                finally
                {
                    _writing.Release();
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // The answer is complete, or nobody reads it any more.
        }
    }
}
