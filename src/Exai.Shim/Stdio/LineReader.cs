namespace Exai.Shim.Stdio;

/// <summary>
/// Reads lines of UTF-8 bytes. A line above the limit is skipped to its end and reported as null, so that the next one is read.
/// (The framework's pipes would do, but go on upon the thread pool, where the simulation cannot follow.)
/// </summary>
/// <param name="begun">What has been read of the input already.</param>
internal sealed class LineReader(Stream input, int longestLine, byte[]? begun = null)
{
    private const int UsualBuffer = 16 * 1024;

    private byte[] _buffer = new byte[UsualBuffer];
    private int _length;
    private bool _skipping;

    /// <summary>Calls <paramref name="onLine"/> for each line that is not blank, until the end of the input.</summary>
    /// <param name="room">Completes when more may be read.</param>
    public async Task ReadAllAsync(Action<byte[]?> onLine, Func<CancellationToken, ValueTask> room, CancellationToken cancellationToken)
    {
        if (begun is { Length: > 0 })
        {
            Begin(begun, onLine);
            await room(cancellationToken);
        }

        while (await input.ReadAsync(_buffer.AsMemory(_length), cancellationToken) is > 0 and var count)
        {
            var searched = _length;
            _length += count;
            TakeLines(searched, onLine);
            MakeRoom();
            await room(cancellationToken);
        }

        // A last line without its line end still counts.
        EndLine(_buffer.AsSpan(0, _length), onLine);
    }

    private void Begin(byte[] read, Action<byte[]?> onLine)
    {
        _buffer = new byte[Math.Max(UsualBuffer, read.Length * 2)];
        read.CopyTo(_buffer, 0);
        _length = read.Length;
        TakeLines(0, onLine);
        MakeRoom();
    }

    private void TakeLines(int searched, Action<byte[]?> onLine)
    {
        var start = 0;
        while (_buffer.AsSpan(searched, _length - searched).IndexOf((byte)'\n') is >= 0 and var end)
        {
            EndLine(_buffer.AsSpan(start, searched + end - start), onLine);
            start = searched = searched + end + 1;
        }

        _buffer.AsSpan(start, _length - start).CopyTo(_buffer);
        _length -= start;
    }

    private void MakeRoom()
    {
        if (_skipping || _length > longestLine)
        {
            _skipping = true;
            _length = 0;
        }

        if (_length == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        else if (_length == 0 && _buffer.Length > UsualBuffer)
        {
            // One long line must not hold its memory for the rest of the shim's life.
            _buffer = new byte[UsualBuffer];
        }
    }

    private void EndLine(ReadOnlySpan<byte> line, Action<byte[]?> onLine)
    {
        if (_skipping || line.Length > longestLine)
        {
            _skipping = false;
            onLine(null);
            return;
        }

        if (line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }

        line = line.Trim(" \t\r"u8);
        if (!line.IsEmpty)
        {
            onLine(line.ToArray());
        }
    }
}
