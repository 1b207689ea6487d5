using System.Globalization;
using System.Text;
using Exai.Protocol;

namespace Exai.Shim.Link;

/// <summary>The HTTP exchange with which a link begins: what the shim asks, and what it understands of the answer.</summary>
internal static class Upgrade
{
    /// <summary>A daemon's answer has a few hundred bytes.</summary>
    public const int LongestAnswer = 16 * 1024;

    /// <exception cref="FormatException">A value that no header can carry.</exception>
    public static byte[] Request(LinkEndpoint endpoint, Random random)
    {
        Span<byte> key = stackalloc byte[16];
        random.NextBytes(key);
        var request = new StringBuilder()
            .Append("GET ").Append(LinkContract.Path).Append(" HTTP/1.1\r\n")
            .Append("Host: ").Append(endpoint.Host.Contains(':') && endpoint.Host[0] != '[' ? $"[{endpoint.Host}]" : endpoint.Host).Append(':').Append(endpoint.Port.ToString(CultureInfo.InvariantCulture)).Append("\r\n")
            .Append("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
        Header(request, "Sec-WebSocket-Key", Convert.ToBase64String(key));
        Header(request, "Sec-WebSocket-Protocol", LinkContract.Subprotocol);
        Header(request, LinkContract.SessionHeader, endpoint.SessionId);
        Header(request, LinkContract.EraHeader, endpoint.Era);
        Header(request, LinkContract.ShimVersionHeader, Product.Version);
        if (endpoint.Reconnect is { } reconnect)
        {
            Header(request, Reconnect.Header, reconnect.ToString());
        }

        if (endpoint.Token is { } token)
        {
            Header(request, "Authorization", "Bearer " + token);
        }

        return Encoding.ASCII.GetBytes(request.Append("\r\n").ToString());
    }

    /// <summary>Reads the head of an answer.</summary>
    /// <param name="length">Bytes up to and with the blank line; what follows belongs to the WebSocket.</param>
    /// <returns>Null while its end has not arrived.</returns>
    /// <exception cref="FormatException">It is no HTTP.</exception>
    public static UpgradeAnswer? TryRead(ReadOnlySpan<byte> received, out int length)
    {
        length = received.IndexOf("\r\n\r\n"u8) + 4;
        if (length < 4)
        {
            return length == 3 && received.Length < LongestAnswer ? null : throw new FormatException("its answer has no end");
        }

        var lines = Encoding.Latin1.GetString(received[..(length - 4)]).Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || lines[0].Split(' ') is not [_, { Length: 3 } code, ..] || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            throw new FormatException("it does not speak HTTP");
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var line = 1; line < lines.Length; line++)
        {
            if (lines[line].IndexOf(':') is > 0 and var colon)
            {
                headers[lines[line][..colon]] = lines[line][(colon + 1)..].Trim();
            }
        }

        return new UpgradeAnswer(status, headers);
    }

    private static void Header(StringBuilder request, string name, string value)
    {
        foreach (var character in value)
        {
            if (character is < ' ' or > '~')
            {
                throw new FormatException($"the header {name} cannot carry the character U+{(int)character:X4}");
            }
        }

        request.Append(name).Append(": ").Append(value).Append("\r\n");
    }
}

/// <param name="Status">101 when the connection is a WebSocket now.</param>
internal sealed record UpgradeAnswer(int Status, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>
    /// Whether it is a WebSocket of the link. That it names the link's subprotocol says more than the hash that it owes the key, which
    /// is there to tell a WebSocket from what an HTTP cache may repeat.
    /// </summary>
    public bool IsLink => Status == 101 && Header("Upgrade").Equals("websocket", StringComparison.OrdinalIgnoreCase) && Header("Sec-WebSocket-Protocol") == LinkContract.Subprotocol;

    /// <summary>Empty when it is not there.</summary>
    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}
