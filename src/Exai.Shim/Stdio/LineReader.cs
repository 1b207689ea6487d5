using System.Buffers;
using System.IO.Pipelines;

namespace Exai.Shim.Stdio;

/// <summary>Reads lines of UTF-8 bytes. A line above the limit is skipped to its end and reported as null, so that the next one is read.</summary>
internal sealed class LineReader(Stream input, int longestLine)
{
    private readonly PipeReader _reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));

    /// <summary>Calls <paramref name="onLine"/> for each line that is not blank, until the end of the input.</summary>
    public async Task ReadAllAsync(Action<byte[]?> onLine, CancellationToken cancellationToken)
    {
        var skipping = false;
        while (true)
        {
            var read = await _reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (TakeLine(ref buffer, out var line))
            {
                if (skipping)
                {
                    skipping = false;
                    onLine(null);
                }
                else
                {
                    Deliver(line, onLine);
                }
            }

            if (read.IsCompleted)
            {
                // A last line without its line end still counts.
                if (!skipping)
                {
                    Deliver(buffer, onLine);
                }

                return;
            }

            if (skipping || buffer.Length > longestLine)
            {
                skipping = true;
                _reader.AdvanceTo(buffer.End);
            }
            else
            {
                _reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
    }

    private static bool TakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private void Deliver(ReadOnlySequence<byte> line, Action<byte[]?> onLine)
    {
        if (line.Length > longestLine)
        {
            onLine(null);
            return;
        }

        var bytes = line.ToArray();
        var text = bytes.AsSpan();
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        text = text.Trim(" \t\r"u8);
        if (!text.IsEmpty)
        {
            onLine(text.Length == bytes.Length ? bytes : text.ToArray());
        }
    }
}
