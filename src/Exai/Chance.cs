namespace Exai.Cli;

/// <summary>The one place where chance enters the program; everything below gets its source handed in.</summary>
internal static class Chance
{
    // Not RandomNumberGenerator, which loads OpenSSL: a shim needs nothing else of it.
    public static Random New() => new(Guid.NewGuid().GetHashCode());
}
