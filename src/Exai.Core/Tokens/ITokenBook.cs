using Exai.Protocol;

namespace Exai.Core.Tokens;

/// <summary>What calls have to know of the token that they were made with. Thread-safe.</summary>
public interface ITokenBook
{
    /// <summary>The limits of a token by its name, also of one that has been revoked since: its running calls go on under them.</summary>
    /// <exception cref="CallException">UNAUTHORIZED: the store knows no such token.</exception>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    ValueTask<TokenLimits> LimitsAsync(string token, CancellationToken cancellationToken);

    /// <summary>Its user was refused something, which the owner may want to know.</summary>
    void Refused(string token, CallError error);
}

/// <summary>Where nobody has a named token.</summary>
internal sealed class NoTokens : ITokenBook
{
    public ValueTask<TokenLimits> LimitsAsync(string token, CancellationToken cancellationToken) =>
        throw new CallException(ErrorCodes.Unauthorized, $"Nothing is known of the token '{token}' here.");

    public void Refused(string token, CallError error)
    {
        // Nobody keeps a book.
    }
}
