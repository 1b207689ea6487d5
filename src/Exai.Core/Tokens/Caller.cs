namespace Exai.Core.Tokens;

/// <summary>Who asks a daemon: its owner, or the user of a named token. Thread-safe.</summary>
public sealed class Caller
{
    /// <summary>Whoever has the home's own token: sees and may do everything.</summary>
    public static readonly Caller Owner = new(null, CancellationToken.None);

    private long _usedAt;

    internal Caller(string? token, CancellationToken revoked) => (Token, Revoked) = (token, revoked);

    /// <summary>The name of the token; null for the owner.</summary>
    public string? Token { get; }

    /// <summary>Fires when the token is revoked; never for the owner.</summary>
    public CancellationToken Revoked { get; }

    /// <summary>When it was last heard of, Unix milliseconds; 0 for never.</summary>
    internal long UsedAt => Volatile.Read(ref _usedAt);

    /// <summary>How this caller's session is known to the daemon: one token's users cannot meet another's, whatever they call their sessions.</summary>
    public string SessionName(string session) => Token is null ? session : $"{Token}/{session}";

    /// <summary>A sign of life.</summary>
    public void Used(TimeProvider time)
    {
        if (Token is not null)
        {
            Volatile.Write(ref _usedAt, time.GetUtcNow().ToUnixTimeMilliseconds());
        }
    }
}
