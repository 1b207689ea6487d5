using Exai.Settings;
using Exai.Settings.Certificates;

namespace Exai.Cli.Doctor;

/// <summary>The files of EXAI_TLS_CERT, EXAI_TLS_KEY and EXAI_TLS_CA, where they are set.</summary>
internal static class TlsCheck
{
    private const string Link = "settings";

    public static IEnumerable<Finding> Look(TlsSettings settings, TimeProvider time)
    {
        if (settings.Serves)
        {
            yield return Certificate(settings, time.GetUtcNow());
            if (IsOpen(settings.Key!))
            {
                yield return Finding.Warning(Link, "EXAI_TLS_KEY", $"{settings.Key} can be read by every user of this machine.", $"chmod o= {settings.Key}");
            }
        }

        if (settings.Authorities is { } file)
        {
            yield return Authorities(file);
        }
    }

    private static Finding Certificate(TlsSettings settings, DateTimeOffset now)
    {
        const string Subject = "EXAI_TLS_CERT";
        try
        {
            var certificate = ServerCertificate.Load(CertificateFiles.Read(settings), settings, now);
            return certificate.Warning(now) is { } ends
                ? Finding.Warning(Link, Subject, ends, "Let whatever renews certificates write EXAI_TLS_CERT and EXAI_TLS_KEY anew.")
                : Finding.Ok(Link, Subject, $"for {certificate.Names}, until {CertificateText.Time(certificate.Ends)}, with its key");
        }
        catch (CertificateException failure)
        {
            return Finding.Broken(Link, Subject, failure.Message, "Mend the file. A daemon that runs goes on with what it has read, and no other one starts.");
        }
    }

    private static Finding Authorities(string file)
    {
        const string Subject = "EXAI_TLS_CA";
        try
        {
            return Finding.Ok(Link, Subject, $"{AuthoritiesFile.Read(file).Count} authorities in {file}");
        }
        catch (CertificateException failure)
        {
            return Finding.Broken(Link, Subject, failure.Message, "Correct the path or the file, or remove the setting.");
        }
    }

    private static bool IsOpen(string path) =>
        !OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None;
}
