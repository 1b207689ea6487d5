using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// Session ids that a later daemon understands: an id holds what the client said in its handshake, sealed with the daemon's token. So a
/// session outlives its daemon without being stored anywhere, and nobody without the token can make one. It is good for whoever got it, and for no other
/// named token.
/// </summary>
internal sealed class SessionIds(Func<string?> homeToken)
{
    /// <summary>Room for a header; a client that says more about itself is remembered by name and version.</summary>
    private const int LargestPayload = 3 * 1024;

    private static readonly JsonSerializerOptions Json = McpJsonUtilities.DefaultOptions;

    /// <param name="token">The named token of whoever gets it; null for the owner.</param>
    public (string Id, string Key) Make(InitializeRequestParams hello, string? token)
    {
        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var payload = Payload(key, token, hello);
        if (payload.Length > LargestPayload)
        {
            payload = Payload(key, token, new InitializeRequestParams
            {
                ProtocolVersion = hello.ProtocolVersion,
                Capabilities = new ClientCapabilities(),
                ClientInfo = new Implementation { Name = Short(hello.ClientInfo.Name), Version = Short(hello.ClientInfo.Version) },
            });
        }

        return ($"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(Seal(payload))}", key);
    }

    /// <summary>What the client said when it got this id; null for an id that no daemon with this home's token has made for this named one.</summary>
    public (string Key, InitializeRequestParams Hello)? TryRead(string id, string? token)
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
                && (content.TryGetProperty("token", out var whose) ? whose.GetString() : null) == token
                && content.GetProperty("hello").Deserialize<InitializeRequestParams>(Json) is { } hello
                ? (content.GetProperty("key").GetString()!, hello)
                : null;
        }
        catch (Exception failure) when (failure is FormatException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static byte[] Payload(string key, string? token, InitializeRequestParams hello)
    {
        var written = new InitializeRequestParams { ProtocolVersion = hello.ProtocolVersion, Capabilities = hello.Capabilities, ClientInfo = hello.ClientInfo };
        var content = new JsonObject { ["key"] = key, ["hello"] = JsonSerializer.SerializeToNode(written, Json) };
        if (token is not null)
        {
            content["token"] = token;
        }

        return JsonSerializer.SerializeToUtf8Bytes(content);
    }

    private byte[] Seal(byte[] payload) => HMACSHA256.HashData(SHA256.HashData(Encoding.UTF8.GetBytes("exai http session " + homeToken())), payload);

    private static string Short(string text) => text.Length <= 100 ? text : text[..100];
}
