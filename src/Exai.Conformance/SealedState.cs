using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;

namespace Exai.Conformance;

/// <summary>What a tool wants to know again in the next round, in its client's hands meanwhile: sealed, since clients can change it.</summary>
internal static class SealedState
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static string Seal(string state) => $"{Convert.ToHexStringLower(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(state)))}.{state}";

    /// <returns>Null when the client brought none.</returns>
    /// <exception cref="McpProtocolException">It is not as it was given out.</exception>
    public static string? Open(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var state = text[(text.IndexOf('.', StringComparison.Ordinal) + 1)..];
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Seal(state)), Encoding.UTF8.GetBytes(text))
            ? state
            : throw new McpProtocolException("requestState is not as this server gave it out.", McpErrorCode.InvalidParams);
    }
}
