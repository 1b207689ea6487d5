using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Settings.Certificates;

/// <summary>SHA-256 of a certificate, in upper-case hexadecimal.</summary>
public static class Fingerprint
{
    public static string Of(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>Of the first one in a PEM file; null when there is none to read.</summary>
    public static string? OfFile(string path)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return Of(certificate);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }
}
