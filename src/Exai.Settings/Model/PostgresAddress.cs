using System.Diagnostics.CodeAnalysis;

namespace Exai.Settings;

/// <summary>
/// A PostgreSQL database as <c>postgres://user:password@host:port/database?sslmode=…</c>, as its own tools read it. The password may also be
/// left to <c>PGPASSWORD</c> or a password file. <see cref="ToString"/> has no secrets.
/// </summary>
public sealed record PostgresAddress
{
    private static readonly string[] Schemes = ["postgres", "postgresql"];
    private static readonly string[] SslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

    /// <summary>A name, an address, or the folder of a Unix socket.</summary>
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string Database { get; init; }

    /// <summary>Null for the one that PGUSER names, or the system's.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>As PostgreSQL names them; null for what the client prefers.</summary>
    public string? SslMode { get; init; }

    /// <summary>A file with the certificates that are trusted.</summary>
    public string? SslRootCertificate { get; init; }

    /// <summary>Whether the text looks like such an address, right or wrong.</summary>
    public static bool Matches(string text) => Schemes.Any(scheme => text.StartsWith(scheme + "://", StringComparison.OrdinalIgnoreCase));

    /// <param name="text">The address.</param>
    /// <param name="address">What it says.</param>
    /// <param name="error">What is wrong with it, in words that follow the setting's name; holds no secret.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out PostgresAddress? address, [NotNullWhen(false)] out string? error)
    {
        (address, error) = (null, null);
        if (!Matches(text) || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            error = "must be postgres://user:password@host:port/database, with %-codes for special characters in the password";
            return false;
        }

        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Halves(option, '=');
            if (name is not ("sslmode" or "sslrootcert" or "host"))
            {
                error = $"has the unknown option '{name}'; known are sslmode, sslrootcert and host (the folder of a Unix socket)";
                return false;
            }

            options[name] = value ?? "";
        }

        var (user, password) = Halves(uri.UserInfo, ':');
        var host = options.GetValueOrDefault("host") ?? uri.Host;
        var database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        var sslMode = options.GetValueOrDefault("sslmode");
        error = host.Length == 0 ? "names no host"
            : database.Length == 0 || database.Contains('/', StringComparison.Ordinal) ? "must name one database after the host: postgres://host/database"
            : sslMode is not null && !SslModes.Contains(sslMode) ? $"has an unknown sslmode; known are {string.Join(", ", SslModes)}"
            : null;
        if (error is not null)
        {
            return false;
        }

        address = new PostgresAddress
        {
            Host = host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = database,
            User = user.Length == 0 ? null : user,
            Password = password,
            SslMode = sslMode,
            SslRootCertificate = options.GetValueOrDefault("sslrootcert"),
        };
        return true;
    }

    public override string ToString() => $"postgres://{Host}{(Host.StartsWith('/') ? "" : $":{Port}")}/{Database}";

    private static (string First, string? Second) Halves(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (Uri.UnescapeDataString(text), null) : (Uri.UnescapeDataString(text[..at]), Uri.UnescapeDataString(text[(at + 1)..]));
    }
}
