using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Settings.Certificates;

/// <summary>The files of EXAI_TLS_CERT and EXAI_TLS_KEY as they are now; equal when nothing has changed.</summary>
public sealed record CertificateFiles(string Certificate, string Key)
{
    /// <exception cref="CertificateException">One of them cannot be read.</exception>
    public static CertificateFiles Read(TlsSettings settings) => new(Read("EXAI_TLS_CERT", settings.Certificate!), Read("EXAI_TLS_KEY", settings.Key!));

    /// <summary>Without the key: records print all members otherwise.</summary>
    public override string ToString() => $"{Certificate.Length} and {Key.Length} characters";

    private static string Read(string name, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{name}={path} cannot be read: {failure.Message} Correct the path, or let the daemon's user read it.", failure);
        }
    }
}

/// <summary>What a daemon shows those who connect. Immutable. It is not disposed of: a handshake may still be at it when another one is in its place.</summary>
public sealed class ServerCertificate
{
    /// <summary>From here on people are told that it ends.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    private ServerCertificate(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        // Offline: nothing is fetched that would make it complete.
        Context = SslStreamCertificateContext.Create(leaf, chain, offline: true);
        (Fingerprint, Names, Begins, Ends) = (Certificates.Fingerprint.Of(leaf), CertificateText.Names(leaf), new DateTimeOffset(leaf.NotBefore), new DateTimeOffset(leaf.NotAfter));
    }

    public SslStreamCertificateContext Context { get; }

    public string Fingerprint { get; }

    /// <summary>For whom it is, for people.</summary>
    public string Names { get; }

    public DateTimeOffset Begins { get; }

    public DateTimeOffset Ends { get; }

    /// <exception cref="CertificateException">The files cannot be used: damaged, not of one pair, or out of their time.</exception>
    public static ServerCertificate Load(CertificateFiles files, TlsSettings settings, DateTimeOffset now)
    {
        var (certificate, key) = ($"EXAI_TLS_CERT={settings.Certificate}", $"EXAI_TLS_KEY={settings.Key}");
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(files.Certificate);
        }
        catch (CryptographicException failure)
        {
            throw new CertificateException($"{certificate} holds a certificate that is damaged: {failure.Message}", failure);
        }

        if (chain.Count == 0)
        {
            throw new CertificateException($"{certificate} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
        }

        var keys = Labels(files.Key).Where(label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)).ToList();
        if (!keys.Exists(label => !label.StartsWith("ENCRYPTED", StringComparison.Ordinal)))
        {
            throw new CertificateException(keys.Count == 0
                ? $"{key} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)."
                : $"{key} is encrypted with a password, which nobody could type at a daemon's start. 'openssl pkey -in FILE -out NEWFILE' takes it off.");
        }

        var shown = new ServerCertificate(WithKey(files, certificate, key), chain);
        return shown.Ends <= now ? throw new CertificateException($"{certificate} ended on {CertificateText.Time(shown.Ends)}. Renew it.")
            : shown.Begins > now ? throw new CertificateException($"{certificate} is good from {CertificateText.Time(shown.Begins)} on, which has not come yet by this machine's clock. Set the clock, or take another certificate.")
            : shown;
    }

    /// <summary>What people should know of its end; null while that is far.</summary>
    public string? Warning(DateTimeOffset now) => Ends - now > Soon ? null
        : Ends <= now ? $"The TLS certificate for {Names} ended on {CertificateText.Time(Ends)}: clients on other machines refuse it. Renew EXAI_TLS_CERT; the daemon takes the new file without a restart."
        : $"The TLS certificate for {Names} ends on {CertificateText.Time(Ends)}, in {Math.Floor((Ends - now).TotalDays):0} days. Renew EXAI_TLS_CERT; the daemon takes the new file without a restart.";

    private static X509Certificate2 WithKey(CertificateFiles files, string certificate, string key)
    {
        try
        {
            var pair = X509Certificate2.CreateFromPem(files.Certificate, files.Key);
            if (!OperatingSystem.IsWindows())
            {
                return pair;
            }

            // The system's TLS there takes no key that lives in memory alone.
            using (pair)
            {
                return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), password: null);
            }
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{key} is not the private key of {certificate}: {failure.Message} The daemon's own certificate must be the first in its file.", failure);
        }
    }

    private static List<string> Labels(string text)
    {
        var labels = new List<string>();
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var found); rest = rest[found.Location.End..])
        {
            labels.Add(rest[found.Label].ToString());
        }

        return labels;
    }
}
