using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Tests.Calls;

/// <summary>Tokens whose limits a test sets; one that it does not mention has none.</summary>
internal sealed class KnownTokens : ITokenBook
{
    public Dictionary<string, TokenLimits> Limits { get; } = new(StringComparer.Ordinal);

    public List<(string Token, string Code)> Refusals { get; } = [];

    public ValueTask<TokenLimits> LimitsAsync(string token, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Limits.GetValueOrDefault(token) ?? new TokenLimits());

    public void Refused(string token, CallError error) => Refusals.Add((token, error.Code));
}
