using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Settings.Certificates;

/// <summary>What a certificate says, for people.</summary>
public static class CertificateText
{
    /// <summary>For whom it is: names and addresses, or its subject when it has none.</summary>
    public static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString()))).ToList();
        return names.Count > 0 ? string.Join(", ", names) : certificate.Subject.Length > 0 ? certificate.Subject : "nobody";
    }

    /// <example>2026-11-22 06:20 UTC</example>
    public static string Time(DateTime local) => Time(new DateTimeOffset(local));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
