namespace Exai.Peers;

/// <summary>Lines of a blocking stream, as bytes. Each line is valid until the next read.</summary>
internal sealed class LineReader(Stream stream)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>Without its end; empty at the end of the stream.</summary>
    public ReadOnlySpan<byte> Read()
    {
        var searched = _start;
        while (true)
        {
            var newline = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsSpan(_start, searched + newline - _start);
                _start = searched + newline + 1;
                if (line.TrimEnd((byte)'\r').Length == 0)
                {
                    searched = _start;
                    continue;
                }

                return line;
            }

            searched = _end;
            if (_end == _buffer.Length)
            {
                var kept = _end - _start;
                var room = kept > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
                _buffer.AsSpan(_start, kept).CopyTo(room);
                (_buffer, _start, _end, searched) = (room, 0, kept, kept);
            }

            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
                return [];
            _end += read;
        }
    }
}
