namespace Exai.Settings;

/// <summary>The link between shim and daemon.</summary>
public sealed record LinkSettings
{
    public required string Host { get; init; }

    /// <summary>0 means any free port.</summary>
    public required int Port { get; init; }

    /// <summary>Nobody set the port, so a daemon that finds it taken may use another.</summary>
    public required bool PortIsDefault { get; init; }

    /// <summary>Daemons with one store, each once; the shim links to any of them. Empty: the daemon of <see cref="Host"/> and <see cref="Port"/>.</summary>
    public IReadOnlyList<LinkAddress> Endpoints { get; init; } = [];

    public TlsSettings Tls { get; init; } = TlsSettings.None;

    /// <summary>The shared secret if a setting gives it; null means the home's token file. There is no link without a token.</summary>
    public string? Token { get; init; }

    /// <summary>Whether the shim starts a missing daemon; unset it follows <see cref="HostIsLoopback"/>. Never with <see cref="Endpoints"/>.</summary>
    public required bool Autostart { get; init; }

    public required TimeSpan ReconnectInitial { get; init; }

    public required TimeSpan ReconnectMax { get; init; }

    /// <summary>0 means for ever.</summary>
    public required int MaxRetries { get; init; }

    public required TimeSpan ConnectTimeout { get; init; }

    public required TimeSpan HandshakeTimeout { get; init; }

    public required TimeSpan PingValidationTimeout { get; init; }

    public required TimeSpan PingInterval { get; init; }

    public required TimeSpan PingTimeout { get; init; }

    /// <summary>Largest frame in bytes.</summary>
    public required int MaxBytes { get; init; }

    public required TimeSpan ProgressInterval { get; init; }

    public required TimeSpan HealthStale { get; init; }

    public required TimeSpan HealthWriterInterval { get; init; }

    /// <summary>Host names accepted besides the loopback ones.</summary>
    public required IReadOnlyList<string> AllowedHosts { get; init; }

    public bool HostIsLoopback => IsLoopback(Host);

    /// <summary>True for <c>localhost</c> and for loopback addresses, with or without brackets.</summary>
    public static bool IsLoopback(string host) =>
        // The usual ones first, the others apart: every start of a shim comes by here, and loading the network library takes a noticeable part of it.
        host is "127.0.0.1" or "::1" || string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || IsLoopbackAddress(host);

    /// <summary>Without the token: records print all members otherwise.</summary>
    public override string ToString() => $"{Host}:{Port}";

    private static bool IsLoopbackAddress(string host) =>
        System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address);
}
