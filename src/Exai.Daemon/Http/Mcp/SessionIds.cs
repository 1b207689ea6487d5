using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// Session ids that a later daemon understands: an id holds what the client said in its handshake, sealed with the daemon's token. So a
/// session outlives its daemon without being stored anywhere, and nobody without the token can make one.
/// </summary>
internal sealed class SessionIds(Func<string?> token)
{
    /// <summary>Room for a header; a client that says more about itself is remembered by name and version.</summary>
    private const int LargestPayload = 3 * 1024;

    private static readonly JsonSerializerOptions Json = McpJsonUtilities.DefaultOptions;

    public (string Id, string Key) Make(InitializeRequestParams hello)
    {
        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var payload = Payload(key, hello);
        if (payload.Length > LargestPayload)
        {
            payload = Payload(key, new InitializeRequestParams
            {
                ProtocolVersion = hello.ProtocolVersion,
                Capabilities = new ClientCapabilities(),
                ClientInfo = new Implementation { Name = Short(hello.ClientInfo.Name), Version = Short(hello.ClientInfo.Version) },
            });
        }

        return ($"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(Seal(payload))}", key);
    }

    /// <summary>What the client said when it got this id; null for an id that no daemon with this token has made.</summary>
    public (string Key, InitializeRequestParams Hello)? TryRead(string id)
    {
        try
        {
            if (id.Split('.') is not [var text, var seal])
            {
                return null;
            }

            var payload = Base64Url.DecodeFromChars(text);
            return CryptographicOperations.FixedTimeEquals(Seal(payload), Base64Url.DecodeFromChars(seal))
                && JsonSerializer.Deserialize<JsonElement>(payload) is var content
                && content.GetProperty("hello").Deserialize<InitializeRequestParams>(Json) is { } hello
                ? (content.GetProperty("key").GetString()!, hello)
                : null;
        }
        catch (Exception failure) when (failure is FormatException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static byte[] Payload(string key, InitializeRequestParams hello)
    {
        var written = new InitializeRequestParams { ProtocolVersion = hello.ProtocolVersion, Capabilities = hello.Capabilities, ClientInfo = hello.ClientInfo };
        return JsonSerializer.SerializeToUtf8Bytes(new System.Text.Json.Nodes.JsonObject { ["key"] = key, ["hello"] = JsonSerializer.SerializeToNode(written, Json) });
    }

    private byte[] Seal(byte[] payload) => HMACSHA256.HashData(SHA256.HashData(Encoding.UTF8.GetBytes("exai http session " + token())), payload);

    private static string Short(string text) => text.Length <= 100 ? text : text[..100];
}
