using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Exai.Core.Tokens;

/// <summary>What a token's user knows: random enough that a plain hash of it can be kept.</summary>
public static class TokenSecret
{
    /// <summary>By which people and scanners of secrets know one.</summary>
    public const string Prefix = "exai_";

    /// <summary>32 random bytes, base64url, after <see cref="Prefix"/>.</summary>
    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static string Hash(string secret) => Convert.ToHexStringLower(HashBytes(secret));

    internal static byte[] HashBytes(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
