using System.Runtime.CompilerServices;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// The response body as it comes: passes bytes through and reports every read, so that keep-alive comments count as signs of life.
/// Limits the size of one event, since the parser above it would gather a line without end. One reader at a time. Every token of every
/// stream waits here, so what a wait needs is taken from a pool.
/// </summary>
internal sealed class ObservedStream(Stream inner, IAttemptSignals? signals, int maxEventBytes = ObservedStream.DefaultMaxEventBytes) : Stream
{
    public const int DefaultMaxEventBytes = 8 * 1024 * 1024;

    /// <summary>Ends the last event of a body that stops without its blank line; the parser would drop it.</summary>
    private static readonly byte[] LastBlankLine = "\n\n"u8.ToArray();

    private readonly byte[] _peeked = new byte[1024];
    private int _peekStart;
    private int _peekEnd;
    private int _eventBytes;
    private int _blanksGiven;
    private bool _lineIsBlank = true;
    private bool _afterReturn;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// The first byte that says something, or null at the end. Blank lines and a byte order mark before it are dropped: they mean
    /// nothing in an event stream nor in JSON, and some servers send them to keep the connection alive.
    /// </summary>
    public async ValueTask<byte?> PeekAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (_peekStart < _peekEnd && _peeked[_peekStart] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0xEF or 0xBB or 0xBF)
                _peekStart++;
            if (_peekStart < _peekEnd)
                return _peeked[_peekStart];

            (_peekStart, _peekEnd) = (0, Observe(await inner.ReadAsync(_peeked, cancellationToken)));
            if (_peekEnd == 0)
                return null;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = Math.Min(buffer.Length, _peekEnd - _peekStart);
        if (read > 0)
        {
            _peeked.AsMemory(_peekStart, read).CopyTo(buffer);
            _peekStart += read;
        }
        else
        {
            read = Observe(await inner.ReadAsync(buffer, cancellationToken));
            if (read == 0)
                return GiveBlank(buffer.Span);
        }

        Measure(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private int Observe(int read)
    {
        if (read > 0)
            signals?.BytesReceived();
        return read;
    }

    private int GiveBlank(Span<byte> buffer)
    {
        var given = Math.Min(buffer.Length, LastBlankLine.Length - _blanksGiven);
        LastBlankLine.AsSpan(_blanksGiven, given).CopyTo(buffer);
        _blanksGiven += given;
        return given;
    }

    /// <summary>An event ends at a blank line, by any of the three line ends.</summary>
    private void Measure(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            var text = end < 0 ? bytes.Length : end;
            if (text > 0)
                (_lineIsBlank, _afterReturn) = (false, false);
            _eventBytes += text;
            if (_eventBytes > maxEventBytes)
                throw new EventTooLargeException(maxEventBytes);
            if (end < 0)
                return;

            // The second half of one line end is not a second one.
            var isSecondHalf = bytes[end] == '\n' && _afterReturn;
            _eventBytes = _lineIsBlank && !isSecondHalf ? 0 : _eventBytes + 1;
            (_lineIsBlank, _afterReturn) = (true, bytes[end] == '\r');

            bytes = bytes[(end + 1)..];
        }
    }
}

/// <summary>The body holds one line or event larger than any answer should need.</summary>
internal sealed class EventTooLargeException(int maxBytes) : Exception($"a single event of more than {maxBytes / (1024 * 1024d):0.##} MiB");
