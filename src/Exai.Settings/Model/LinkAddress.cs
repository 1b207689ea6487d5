namespace Exai.Settings;

/// <summary>Where a daemon, or a balancer before several, takes links.</summary>
/// <param name="Host">A name or an address; IPv6 in brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record LinkAddress(string Host, int Port)
{
    private static readonly (string Scheme, bool Tls)[] Schemes = [("wss://", true), ("https://", true), ("ws://", false), ("http://", false)];

    /// <summary>The link is encrypted, and the daemon's certificate must be one for <see cref="Host"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>Reads <c>host:port</c> or <c>wss://host:port</c>.</summary>
    /// <returns>What is wrong with the text, in words that follow the setting's name; null when nothing is.</returns>
    public static string? TryParse(string text, out LinkAddress? address)
    {
        address = null;
        var (place, tls) = WithoutScheme(text);
        var colon = place.LastIndexOf(':');
        if (colon <= 0 || colon <= place.LastIndexOf(']'))
        {
            return $"must hold addresses as host:port or wss://host:port, and '{text}' has no port";
        }

        var host = place[..colon];
        if (host.Contains(':', StringComparison.Ordinal) && (host[0] != '[' || host[^1] != ']'))
        {
            return $"must hold addresses as host:port or wss://host:port, with IPv6 in brackets and without a path, and '{text}' is none";
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return $"must hold addresses as host:port or wss://host:port, and '{host}' in '{text}' is no host name and no IP address";
        }

        if (!SettingText.TryInteger(place[(colon + 1)..], out var port) || port is < 1 or > 65_535)
        {
            return $"must hold ports from 1 to 65535 and nothing behind them, and '{text}' has another";
        }

        address = new LinkAddress(host, (int)port) { Tls = tls };
        return null;
    }

    public override string ToString() => Tls ? $"wss://{Host}:{Port}" : $"{Host}:{Port}";

    private static (string Place, bool Tls) WithoutScheme(string text)
    {
        foreach (var (scheme, tls) in Schemes)
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                return (text[scheme.Length..].TrimEnd('/'), tls);
            }
        }

        return (text, false);
    }
}
