using System.Runtime.InteropServices;
using Exai.Protocol;
using Exai.Shim.Lifecycle;
using Exai.Shim.Messages;

namespace Exai.Shim.Stdio;

/// <summary>
/// Answers an <c>initialize</c> that waits on stdin when the process starts, before settings, log and link are there. It is the one
/// message for which a client waits with its own start; and its answer needs nothing of them.
/// </summary>
public sealed partial class EarlyAnswer
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;

    /// <summary>What was read from stdin; the relay has to see it all the same.</summary>
    internal byte[] Read { get; private init; } = [];

    /// <summary>The process that started this one, taken before it could know of the answer and leave; null where it is not told.</summary>
    internal int? Parent { get; private init; }

    /// <summary>The request that has its answer.</summary>
    internal RequestId? To { get; private init; }

    /// <summary>Never waits: a client that has not written yet is answered by the relay. Nothing is read on Windows.</summary>
    public static EarlyAnswer Give() => OperatingSystem.IsWindows() ? new EarlyAnswer() : Give(TakeWaiting(), WriteAll, ParentWatch.Parent());

    /// <param name="write">Writes to the client; false when it is gone.</param>
    internal static EarlyAnswer Give(byte[] waiting, Func<byte[], bool> write, int? parent = null)
    {
        var end = Array.IndexOf(waiting, (byte)'\n');
        return end >= 0 && TryParse(waiting.AsMemory(0, end)) is { Kind: MessageKind.Request, Method: "initialize", Id: { } id } request && write([.. Answer(request, id), (byte)'\n'])
            ? new EarlyAnswer { Read = waiting, To = id, Parent = parent }
            : new EarlyAnswer { Read = waiting, Parent = parent };
    }

    /// <summary>The response to <c>initialize</c>.</summary>
    internal static byte[] Answer(Envelope request, RequestId id) => RpcMessages.Result(id, ServerManifest.InitializeJson(request.ParamText("protocolVersion")));

    private static Envelope? TryParse(ReadOnlyMemory<byte> line)
    {
        try
        {
            return Envelope.Parse(line);
        }
        catch (MalformedMessageException)
        {
            // The relay says what is wrong with it.
            return null;
        }
    }

    private static unsafe byte[] TakeWaiting()
    {
        var watched = new PollRequest { File = StandardInput, Events = PollRequest.Readable };
        if (Poll(&watched, 1, timeoutMs: 0) != 1 || (watched.Returned & PollRequest.Readable) == 0)
        {
            return [];
        }

        var buffer = new byte[16 * 1024];
        fixed (byte* start = buffer)
        {
            var count = (int)ReadFile(StandardInput, start, (nuint)buffer.Length);
            return count > 0 ? buffer[..count] : [];
        }
    }

    private static unsafe bool WriteAll(byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                var count = (int)WriteFile(StandardOutput, start + written, (nuint)(bytes.Length - written));
                if (count <= 0)
                {
                    // The relay meets the same, and ends.
                    return written > 0;
                }

                written += count;
            }
        }

        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public const short Readable = 1;

        public int File;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Poll(PollRequest* watched, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "read")]
    private static unsafe partial nint ReadFile(int file, byte* into, nuint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static unsafe partial nint WriteFile(int file, byte* from, nuint length);
}
