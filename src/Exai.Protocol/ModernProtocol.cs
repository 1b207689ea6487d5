namespace Exai.Protocol;

/// <summary>Names of the protocol era without a handshake: each request says in its <c>_meta</c> who asks and in which version.</summary>
public static class ModernProtocol
{
    public const string Version = "2026-07-28";

    public const string VersionKey = "io.modelcontextprotocol/protocolVersion";
    public const string ClientInfoKey = "io.modelcontextprotocol/clientInfo";
    public const string CapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
    public const string ServerInfoKey = "io.modelcontextprotocol/serverInfo";

    /// <summary>Of a notification: the id of the <see cref="Listen"/> to which it belongs.</summary>
    public const string SubscriptionKey = "io.modelcontextprotocol/subscriptionId";

    public const string Discover = "server/discover";
    public const string Listen = "subscriptions/listen";

    /// <summary>The first notification of a <see cref="Listen"/>: which of the wanted ones will come.</summary>
    public const string Acknowledged = "notifications/subscriptions/acknowledged";

    public const int HeaderMismatch = -32020;
    public const int MissingCapability = -32021;
    public const int UnsupportedVersion = -32022;

    /// <summary>Methods of the other era.</summary>
    public static IReadOnlySet<string> Removed { get; } =
        new HashSet<string>(StringComparer.Ordinal) { "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe" };

    /// <summary>How long a client may keep a list before it asks again.</summary>
    public static TimeSpan ListLifetime { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Versions are dates: a later one is of this era too.</summary>
    public static bool IsModern(string? version) => string.CompareOrdinal(version, Version) >= 0;
}
