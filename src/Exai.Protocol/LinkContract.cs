using System.Reflection;

namespace Exai.Protocol;

/// <summary>Names of the link's HTTP upgrade: <c>GET /ws</c>, subprotocol <c>mcp</c>, bearer token.</summary>
public static class LinkContract
{
    public const string Path = "/ws";
    public const string Subprotocol = "mcp";

    public const string SessionHeader = "Exai-Session";
    public const string EraHeader = "Exai-Era";
    public const string ShimVersionHeader = "Exai-Shim-Version";
    public const string EpochHeader = "Exai-Epoch";
    public const string VersionHeader = "Exai-Version";

    /// <summary>Of a refused upgrade: why, in one line for people. With <c>Retry-After</c> when it is worth coming back.</summary>
    public const string ReasonHeader = "Exai-Reason";

    public const string LegacyEra = "legacy";
    public const string ModernEra = "modern";

    /// <summary>Close code of WebSockets: the daemon ends; another one takes its calls.</summary>
    public const int RestartCloseCode = 1012;

    /// <summary>Close code: the session limit is reached and this, the longest idle session, gives way.</summary>
    public const int GiveWayCloseCode = 4001;

    /// <summary>Close code: a newer link of the same session and era took over.</summary>
    public const int SupersededCloseCode = 4002;

    /// <summary>Close code of WebSockets for a policy: the token with which the link was opened has been revoked.</summary>
    public const int RevokedCloseCode = 1008;

    /// <summary>Close code of WebSockets: a message was longer than the other side takes.</summary>
    public const int TooBigCloseCode = 1009;

    /// <summary>Server-to-shim notification: a restart is coming; send new calls to the next epoch.</summary>
    public const string DrainingNotification = "exai/draining";

    /// <summary>
    /// Shim-to-server notification {requestId, again}: the client was told that this call runs on, so nobody waits for its answer but the shim,
    /// which wants to hear that there is one. <c>again</c>: a daemon has heard so before.
    /// </summary>
    public const string DetachedNotification = "exai/detached";

    /// <summary>The last version in which a client may send several messages as one array.</summary>
    public const string LastVersionWithBatches = "2025-03-26";

    public const string FirstVersion = "2024-11-05";

    /// <summary>Protocol versions with an <c>initialize</c> handshake, newest first.</summary>
    public static IReadOnlyList<string> LegacyVersions { get; } = ["2025-11-25", "2025-06-18", LastVersionWithBatches, FirstVersion];
}

/// <summary>Members of <c>_meta</c> that both ends agree on.</summary>
public static class MetaKeys
{
    public const string CallId = "exai/callId";
    public const string Files = "exai/files";
    public const string Receipt = "exai/receipt";
    public const string Error = "exai/error";
    public const string Attach = "exai/attach";
}

/// <summary>The product's name and version, as sent in handshakes.</summary>
public static class Product
{
    public const string Name = "exai";
    public const string Title = "EXAI";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}

/// <summary>A call's identity: a UUIDv7 in its canonical lower-case form, made by whoever first sees the call.</summary>
public static class CallId
{
    public static string New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    /// <summary>True for any UUID version 7; <paramref name="callId"/> is then its canonical form.</summary>
    public static bool TryParse(string? text, out string callId)
    {
        callId = "";
        if (!Guid.TryParseExact(text, "D", out var id) || id.Version != 7)
        {
            return false;
        }

        callId = id.ToString();
        return true;
    }

    /// <summary>When the id was made, to the millisecond, as its maker's clock told.</summary>
    public static DateTimeOffset CreatedAt(string callId)
    {
        var bytes = Guid.Parse(callId).ToByteArray(bigEndian: true);
        var milliseconds = ((long)bytes[0] << 40) | ((long)bytes[1] << 32) | ((long)bytes[2] << 24) | ((long)bytes[3] << 16) | ((long)bytes[4] << 8) | bytes[5];
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
