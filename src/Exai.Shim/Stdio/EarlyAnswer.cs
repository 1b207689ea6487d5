using Exai.Protocol;
using Exai.Shim.Lifecycle;
using Exai.Shim.Messages;

namespace Exai.Shim.Stdio;

/// <summary>
/// Answers an <c>initialize</c> that waits on stdin when the process starts, before settings, log and link are there. It is the one
/// message for which a client waits with its own start; and its answer needs nothing of them.
/// </summary>
public sealed class EarlyAnswer
{
    /// <summary>What was read from stdin; the relay has to see it all the same.</summary>
    internal byte[] Read { get; private init; } = [];

    /// <summary>The process that started this one, taken before it could know of the answer and leave; null where it is not told.</summary>
    internal int? Parent { get; private init; }

    /// <summary>The request that has its answer.</summary>
    internal RequestId? To { get; private init; }

    /// <summary>Never waits: a client that has not written yet is answered by the relay. Nothing is read on Windows.</summary>
    public static EarlyAnswer Give()
    {
        if (OperatingSystem.IsWindows())
        {
            return new EarlyAnswer();
        }

        // A client that has its answer may interrupt at once, long before the shim listens for signals.
        Interrupts.Ignore();
        return Give(TakeWaiting(PosixStream.Input()), TryWrite, ParentWatch.Parent());
    }

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

    private static byte[] TakeWaiting(PosixStream input)
    {
        if (!input.IsReadable())
        {
            return [];
        }

        var buffer = new byte[16 * 1024];
        return buffer[..input.Read(buffer)];
    }

    private static bool TryWrite(byte[] bytes)
    {
        try
        {
            PosixStream.Output().Write(bytes);
            return true;
        }
        catch (IOException)
        {
            // The client has gone: the relay meets the same, and ends.
            return false;
        }
    }
}
