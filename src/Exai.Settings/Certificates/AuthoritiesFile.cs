using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Settings.Certificates;

/// <summary>EXAI_TLS_CA: authorities that clients trust beside the system's.</summary>
public static class AuthoritiesFile
{
    /// <exception cref="CertificateException">It cannot be read, or holds none.</exception>
    public static X509Certificate2Collection Read(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(File.ReadAllText(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"EXAI_TLS_CA={path} cannot be read: {failure.Message}", failure);
        }
        catch (CryptographicException failure)
        {
            throw new CertificateException($"EXAI_TLS_CA={path} holds a certificate that is damaged: {failure.Message}", failure);
        }

        return authorities.Count > 0 ? authorities : throw new CertificateException($"EXAI_TLS_CA={path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
    }
}

/// <summary>A certificate's file cannot be used. The message is for people: which setting, which file, what is wrong and what to do.</summary>
public sealed class CertificateException(string message, Exception? innerException = null) : Exception(message, innerException);
