namespace Exai.Core.Tokens;

/// <summary>A user's token, as the store knows it. The secret itself is kept nowhere but with its user.</summary>
public sealed record NamedToken
{
    public required string Name { get; init; }

    /// <summary>SHA-256 of the secret, lower-case hexadecimal.</summary>
    public required string Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it is good.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>To ten minutes; null when nobody has used it.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public TokenLimits Limits { get; init; } = new();
}

/// <summary>What a token's calls may take; null stands for no limit.</summary>
public sealed record TokenLimits
{
    /// <summary>Calls that run at once, over all daemons on the store.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Calls that are accepted within any minute.</summary>
    public int? PerMinute { get; init; }

    /// <summary>What its attempts may cost from midnight to midnight, UTC, as far as prices are known.</summary>
    public decimal? UsdPerDay { get; init; }

    /// <summary>Which models it may ask.</summary>
    public ModelAllowance? Models { get; init; }

    /// <summary>The midnight at which the cost of <paramref name="now"/>'s day begins to count.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset now) => new(now.UtcDateTime.Date, TimeSpan.Zero);
}

/// <summary>What happened to tokens, or was refused because of one, for the owner to read.</summary>
/// <param name="Who">Who did it: the system's user and machine for commands, the token's name for what its user was refused.</param>
/// <param name="What">One of <see cref="TokenDeeds"/>.</param>
/// <param name="Token">The name of the token; empty for a secret that none has.</param>
/// <param name="Times">How often, up to <paramref name="At"/>: refusals are written together.</param>
/// <param name="Details">In words; never a secret.</param>
public sealed record TokenEvent(DateTimeOffset At, string Who, string What, string Token, long Times, string Details);

/// <summary>The words of <see cref="TokenEvent.What"/>.</summary>
public static class TokenDeeds
{
    public const string Added = "added";
    public const string Revoked = "revoked";
    public const string Refused = "refused";
}
