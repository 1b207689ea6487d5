using System.Threading.Channels;

namespace Exai.Shim.Stdio;

/// <summary>
/// The only writer of stdout: whole lines, one at a time, flushed each. A reader that has gone away ends the shim, through
/// <see cref="Broken"/>; a slow one never holds up the relay, and is spared what it need not know.
/// </summary>
internal sealed class LineWriter
{
    // Not SingleReader: such a channel cannot be counted.
    private readonly Channel<ReadOnlyMemory<byte>> _lines = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
    /// <summary>A client with so many lines unread misses nothing by one note less.</summary>
    private const int MostUnread = 1000;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Stream _output;
    private readonly Task _writing;

    public LineWriter(Stream output)
    {
        _output = output;
        _writing = WriteLoopAsync();
    }

    /// <summary>Completes when nobody reads stdout any more.</summary>
    public Task Broken => _writing;

    /// <param name="message">One JSON value on one line, without its line end.</param>
    public void Write(ReadOnlyMemory<byte> message) => _lines.Writer.TryWrite(message);

    /// <summary>Lines that the client has not taken yet.</summary>
    public int Unread => _lines.Reader.Count;

    /// <summary>Notes that were dropped because the client did not read.</summary>
    public int Dropped { get; private set; }

    /// <summary>The same for a note that nobody misses. From one thread.</summary>
    public void WriteIfRead(ReadOnlyMemory<byte> message)
    {
        if (Unread < MostUnread)
        {
            Write(message);
        }
        else
        {
            Dropped++;
        }
    }

    /// <summary>Writes what is queued, and takes no more. The token ends the waiting: a client that has stopped reading must not hold the shim.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        _lines.Writer.TryComplete();
        try
        {
            await _writing.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Nobody reads.
        }
    }

    private async Task WriteLoopAsync()
    {
        try
        {
            // Not ReadAllAsync, here and elsewhere in the shim: it goes on upon the thread pool, where the simulation cannot follow.
            while (await _lines.Reader.WaitToReadAsync())
            {
                while (_lines.Reader.TryRead(out var line))
                {
                    await WriteLineAsync(line);
                }
            }
        }
        catch (Exception)
        {
            // Whatever it is: a shim that cannot write has nothing left to do.
            _lines.Writer.TryComplete();
        }
    }

    private async ValueTask WriteLineAsync(ReadOnlyMemory<byte> line)
    {
        // A usual line goes out with its end in one write; a long one is not copied for it.
        if (line.Length < _buffer.Length)
        {
            line.CopyTo(_buffer);
            _buffer[line.Length] = (byte)'\n';
            await WriteBytesAsync(_buffer.AsMemory(0, line.Length + 1));
        }
        else
        {
            await WriteBytesAsync(line);
            await WriteBytesAsync("\n"u8.ToArray());
        }
    }

    private async ValueTask WriteBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_output is PosixStream)
        {
            // It would hand the write to another thread, and this one has nothing else to do.
            _output.Write(bytes.Span);
        }
        else
        {
            await _output.WriteAsync(bytes);
            await _output.FlushAsync();
        }
    }
}
