namespace Exai.Protocol;

/// <summary>Names of the protocol era without a handshake: each request says in its <c>_meta</c> who asks and in which version.</summary>
public static class ModernProtocol
{
    public const string Version = "2026-07-28";

    public const string VersionKey = "io.modelcontextprotocol/protocolVersion";
    public const string ClientInfoKey = "io.modelcontextprotocol/clientInfo";
    public const string CapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";

    public const string Discover = "server/discover";
    public const string Listen = "subscriptions/listen";

    public const int HeaderMismatch = -32020;
    public const int MissingCapability = -32021;
    public const int UnsupportedVersion = -32022;

    /// <summary>How long a client may keep a list before it asks again.</summary>
    public static TimeSpan ListLifetime { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Versions are dates: a later one is of this era too.</summary>
    public static bool IsModern(string? version) => string.CompareOrdinal(version, Version) >= 0;
}
