using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Exai.Shim.Link;

/// <summary>What a WebSocket frame is for (RFC 6455, 5.2).</summary>
internal enum FrameKind
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>The beginning of a frame.</summary>
/// <param name="IsLast">Of its message.</param>
/// <param name="HeaderLength">Bytes before its payload.</param>
/// <param name="Length">Bytes of its payload.</param>
internal readonly record struct WebSocketFrame(FrameKind Kind, bool IsLast, int HeaderLength, long Length)
{
    /// <summary>The most that stands before a payload of this side's frames.</summary>
    public const int LongestHeader = 14;

    private const int MostOfControl = 125;

    /// <summary>Reads a frame that a server sent; null while its header has not arrived whole.</summary>
    /// <exception cref="IOException">It is none that a server may send.</exception>
    public static WebSocketFrame? TryRead(ReadOnlySpan<byte> received)
    {
        if (received.Length < 2)
        {
            return null;
        }

        var (kind, isLast, length) = ((FrameKind)(received[0] & 0x0F), (received[0] & 0x80) != 0, (long)(received[1] & 0x7F));
        if ((received[0] & 0x70) != 0 || (received[1] & 0x80) != 0 || !Enum.IsDefined(kind) || (kind >= FrameKind.Close && (!isLast || length > MostOfControl)))
        {
            throw new IOException("The daemon sent what is no WebSocket frame.");
        }

        var header = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (received.Length < header)
        {
            return null;
        }

        length = header switch { 4 => BinaryPrimitives.ReadUInt16BigEndian(received[2..]), 10 => BinaryPrimitives.ReadInt64BigEndian(received[2..]), _ => length };
        return length >= 0 ? new WebSocketFrame(kind, isLast, header, length) : throw new IOException("The daemon sent what is no WebSocket frame.");
    }

    /// <summary>Writes a whole frame of this side: a client masks what it sends.</summary>
    /// <param name="into">Takes the payload and <see cref="LongestHeader"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> into, FrameKind kind, ReadOnlySpan<byte> payload, uint mask)
    {
        into[0] = (byte)(0x80 | (int)kind);
        var at = 2;
        if (payload.Length <= MostOfControl)
        {
            into[1] = (byte)(0x80 | payload.Length);
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            into[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)payload.Length);
            at = 4;
        }
        else
        {
            into[1] = 0x80 | 127;
            BinaryPrimitives.WriteInt64BigEndian(into[2..], payload.Length);
            at = 10;
        }

        MemoryMarshal.Write(into[at..], mask);
        at += sizeof(uint);
        payload.CopyTo(into[at..]);
        Mask(into.Slice(at, payload.Length), mask);
        return at + payload.Length;
    }

    private static void Mask(Span<byte> payload, uint mask)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        var wide = mask | ((ulong)mask << 32);
        for (var word = 0; word < words.Length; word++)
        {
            words[word] ^= wide;
        }

        for (var at = words.Length * sizeof(ulong); at < payload.Length; at++)
        {
            payload[at] ^= (byte)(wide >> (at % sizeof(ulong) * 8));
        }
    }
}
