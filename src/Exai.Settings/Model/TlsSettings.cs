namespace Exai.Settings;

/// <summary>Files for encrypted links; each is read when it is needed, so that a renewed one counts without a restart.</summary>
public sealed record TlsSettings
{
    public static TlsSettings None { get; } = new();

    /// <summary>Absolute path of the daemon's certificate in PEM, with what leads from it to its authority behind it; null when the daemon speaks plain.</summary>
    public string? Certificate { get; init; }

    /// <summary>Absolute path of its private key in PEM, without a password; it may be the same file.</summary>
    public string? Key { get; init; }

    /// <summary>Absolute path of authorities in PEM that clients trust beside those of the system; null for the system's alone.</summary>
    public string? Authorities { get; init; }

    /// <summary>The daemon speaks TLS on all its ports.</summary>
    public bool Serves => Certificate is not null && Key is not null;
}
