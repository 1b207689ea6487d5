namespace Exai.Settings;

/// <summary>Where a daemon, or a balancer before several, takes links.</summary>
/// <param name="Host">A name or an address; IPv6 in brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record LinkAddress(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c>.</summary>
    /// <returns>What is wrong with the text, in words that follow the setting's name; null when nothing is.</returns>
    public static string? TryParse(string text, out LinkAddress? address)
    {
        address = null;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || colon <= text.LastIndexOf(']'))
        {
            return $"must hold addresses as host:port, and '{text}' has no port";
        }

        var host = text[..colon];
        if (host.Contains(':', StringComparison.Ordinal) && (host[0] != '[' || host[^1] != ']'))
        {
            return $"must hold addresses as host:port, without scheme and with IPv6 in brackets, and '{text}' is none";
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return $"must hold addresses as host:port, and '{host}' in '{text}' is no host name and no IP address";
        }

        if (!SettingText.TryInteger(text[(colon + 1)..], out var port) || port is < 1 or > 65_535)
        {
            return $"must hold ports from 1 to 65535, and '{text}' has another";
        }

        address = new LinkAddress(host, (int)port);
        return null;
    }

    public override string ToString() => $"{Host}:{Port}";
}
