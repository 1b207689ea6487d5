using System.Runtime.InteropServices;

namespace Exai.Shim.Stdio;

/// <summary>
/// Stdin or stdout as the system has them on Unix. The framework's streams fail on a file that whoever started the process has made
/// non-blocking, and so may cut a message in two; this one waits. And its writes fail when nobody reads any more, which the console's own
/// stream keeps to itself: a shim without a reader has to end.
/// </summary>
public sealed partial class PosixStream(int file) : Stream
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int Interrupted = 4;

    private static readonly int WouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;

    public static PosixStream Input() => new(StandardInput);

    public static PosixStream Output() => new(StandardOutput);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether a read would not wait.</summary>
    public bool IsReadable() => Wait(PollRequest.Readable, timeoutMs: 0);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    /// <exception cref="IOException">It cannot be read.</exception>
    public override unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = (int)ReadFile(file, start, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return count;
                }

                WaitAfterFailure(PollRequest.Readable);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>All of it, however long the reader takes.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (var written = 0; written < buffer.Length;)
            {
                var count = (int)WriteFile(file, start + written, (nuint)(buffer.Length - written));
                if (count < 0)
                {
                    WaitAfterFailure(PollRequest.Writable);
                    continue;
                }

                written += count;
            }
        }
    }

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void WaitAfterFailure(short events)
    {
        var error = Marshal.GetLastPInvokeError();
        if (error == WouldBlock)
        {
            _ = Wait(events, timeoutMs: -1);
        }
        else if (error != Interrupted)
        {
            throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    private unsafe bool Wait(short events, int timeoutMs)
    {
        var watched = new PollRequest { File = file, Events = events };
        return Poll(&watched, 1, timeoutMs) == 1 && (watched.Returned & events) != 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public const short Readable = 1;
        public const short Writable = 4;

        public int File;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Poll(PollRequest* watched, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint ReadFile(int file, byte* into, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteFile(int file, byte* from, nuint length);
}
