using System.Security.Cryptography.X509Certificates;
using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.Settings.Certificates;

/// <summary>
/// By what a client knows its daemon. The daemon of the client's own home is known by the certificate itself, which stands in the health file
/// and in the home's settings: whoever can write there has the token too, and no certificate is for 127.0.0.1. Any other daemon is known as
/// the web does it: the name, the dates, and an authority of the system or of EXAI_TLS_CA.
/// </summary>
/// <param name="Authorities">EXAI_TLS_CA; null for the system's alone.</param>
/// <param name="Known">SHA-256 of certificates, with a space between them; empty for a daemon elsewhere.</param>
/// <param name="KnownFile">A certificate that is known as well; null for a daemon elsewhere.</param>
public sealed record TlsTrust(string? Authorities, string Known = "", string? KnownFile = null)
{
    /// <summary>For a daemon elsewhere.</summary>
    public static TlsTrust Elsewhere(TlsSettings settings) => new(settings.Authorities);

    /// <summary>For the daemon of this home; null when it speaks plain.</summary>
    /// <param name="daemon">What the health file says; null without one, and then the settings tell.</param>
    public static TlsTrust? Own(TlsSettings settings, DaemonAddress? daemon) =>
        daemon is { } found ? Own(settings, found.Certificates) : settings.Serves ? new TlsTrust(settings.Authorities, KnownFile: settings.Certificate) : null;

    /// <summary>For the daemon of this home; null when it speaks plain.</summary>
    public static TlsTrust? Own(TlsSettings settings, HealthDocument daemon) => Own(settings, string.Join(' ', daemon.TlsCertificates));

    private static TlsTrust? Own(TlsSettings settings, string known) => known.Length == 0 ? null : new TlsTrust(settings.Authorities, known, settings.Certificate);

    /// <summary>Whether it is this home's, whatever its name and dates are.</summary>
    internal bool Knows(X509Certificate2 certificate)
    {
        var fingerprint = Fingerprint.Of(certificate);
        return Known.Split(' ').Contains(fingerprint, StringComparer.OrdinalIgnoreCase) || (KnownFile is not null && Fingerprint.OfFile(KnownFile) == fingerprint);
    }
}
