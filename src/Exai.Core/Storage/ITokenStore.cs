using Exai.Core.Tokens;

namespace Exai.Core.Storage;

/// <summary>Named tokens and what happened to them. Rows of tokens are never removed: calls and threads bear their names.</summary>
public interface ITokenStore
{
    /// <summary>All, the oldest first.</summary>
    ValueTask<IReadOnlyList<NamedToken>> ListAsync(CancellationToken cancellationToken);

    /// <summary>False when a token of that name is in use.</summary>
    /// <param name="who">Who adds it, for the record.</param>
    ValueTask<bool> AddAsync(NamedToken token, string who, CancellationToken cancellationToken);

    /// <summary>False when no token of that name is in use.</summary>
    ValueTask<bool> RevokeAsync(string name, string who, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Notes when tokens, given by their hashes, were used last.</summary>
    ValueTask UsedAsync(IReadOnlyCollection<string> hashes, DateTimeOffset at, CancellationToken cancellationToken);

    ValueTask RecordAsync(IReadOnlyList<TokenEvent> events, CancellationToken cancellationToken);

    /// <summary>The newest first.</summary>
    ValueTask<IReadOnlyList<TokenEvent>> EventsAsync(int most, CancellationToken cancellationToken);

    /// <summary>Removes events before the time given; the number removed.</summary>
    ValueTask<int> ForgetEventsAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>What the attempts of each token that began since then have cost, in USD, as far as prices are known, by the token's name.</summary>
    ValueTask<IReadOnlyDictionary<string, double>> CostAsync(DateTimeOffset since, CancellationToken cancellationToken);
}
