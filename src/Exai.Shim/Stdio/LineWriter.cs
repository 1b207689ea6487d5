using System.Threading.Channels;

namespace Exai.Shim.Stdio;

/// <summary>
/// The only writer of stdout: whole lines, one at a time, flushed each. A reader that has gone away ends the shim, through
/// <see cref="Broken"/>; a slow one never holds up the relay.
/// </summary>
internal sealed class LineWriter : IAsyncDisposable
{
    private readonly Channel<ReadOnlyMemory<byte>> _lines = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream _output;
    private readonly Task _writing;

    public LineWriter(Stream output)
    {
        _output = output;
        _writing = WriteLoopAsync();
    }

    /// <summary>Completes when nobody reads stdout any more.</summary>
    public Task Broken => _broken.Task;

    /// <param name="message">One JSON value on one line, without its line end.</param>
    public void Write(ReadOnlyMemory<byte> message) => _lines.Writer.TryWrite(message);

    /// <summary>Writes what is queued.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteLoopAsync()
    {
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync())
            {
                await _output.WriteAsync(line);
                await _output.WriteAsync("\n"u8.ToArray());
                await _output.FlushAsync();
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            _lines.Writer.TryComplete();
            _broken.TrySetResult();
        }
    }
}
