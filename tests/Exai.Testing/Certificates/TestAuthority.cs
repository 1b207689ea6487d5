using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Exai.Testing.Certificates;

/// <summary>Signs certificates as an authority of somebody's own does, by way of one in between.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _between;

    public TestAuthority(string name = "Authority of the tests", TimeProvider? time = null)
    {
        var now = (time ?? TimeProvider.System).GetUtcNow();
        (Begins, Ends) = (now.AddYears(-1), now.AddYears(1));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = Request($"CN={name}", rootKey);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        _root = root.CreateSelfSigned(Begins.AddYears(-5), Ends.AddYears(5));
        using var betweenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var between = Request($"CN={name} (between)", betweenKey);
        between.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var signed = between.Create(_root, Begins.AddYears(-4), Ends.AddYears(4), [1]);
        _between = signed.CopyWithPrivateKey(betweenKey);
    }

    public DateTimeOffset Begins { get; }

    public DateTimeOffset Ends { get; }

    /// <summary>The root, as EXAI_TLS_CA takes it.</summary>
    public string Pem => _root.ExportCertificatePem() + "\n";

    /// <summary>A server's certificate with the one between behind it, and its key.</summary>
    /// <param name="names">Host names and addresses.</param>
    public (string Certificate, string Key) Issue(string[] names, DateTimeOffset? begins = null, DateTimeOffset? ends = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request($"CN={names[0]}", key);
        var others = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                others.AddIpAddress(address);
            }
            else
            {
                others.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(others.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var certificate = request.Create(_between, begins ?? Begins, ends ?? Ends, RandomNumberGenerator.GetBytes(8));
        return ($"{certificate.ExportCertificatePem()}\n{_between.ExportCertificatePem()}\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        _root.Dispose();
        _between.Dispose();
    }

    private static CertificateRequest Request(string subject, ECDsa key) => new(subject, key, HashAlgorithmName.SHA256);
}

/// <summary>Files of a daemon's certificate and its authority, as a certificate's keeper writes and renews them.</summary>
public sealed class CertificateFolder(string path)
{
    private int _renewals;

    public string Certificate => Path.Combine(path, "tls.crt");

    public string Key => Path.Combine(path, "tls.key");

    public string Authority => Path.Combine(path, "ca.crt");

    public static CertificateFolder Create(string path, TestAuthority authority, params string[] names)
    {
        var folder = new CertificateFolder(Directory.CreateDirectory(path).FullName);
        folder.Write(authority.Issue(names));
        File.WriteAllText(folder.Authority, authority.Pem);
        return folder;
    }

    /// <summary>In place of what is there.</summary>
    public void Write((string Certificate, string Key) pair)
    {
        File.WriteAllText(Certificate, pair.Certificate);
        File.WriteAllText(Key, pair.Key);
    }

    /// <summary>As Kubernetes does it: the files are links into a folder, which itself is a link that is turned.</summary>
    public void Turn((string Certificate, string Key) pair)
    {
        var next = Directory.CreateDirectory(Path.Combine(path, $"..{++_renewals}")).FullName;
        File.WriteAllText(Path.Combine(next, "tls.crt"), pair.Certificate);
        File.WriteAllText(Path.Combine(next, "tls.key"), pair.Key);
        var data = Path.Combine(path, "..data");
        Directory.CreateSymbolicLink(data + "_tmp", next);
        using (var turning = Process.Start("mv", ["-T", data + "_tmp", data]))
        {
            turning.WaitForExit();
        }

        if (_renewals == 1)
        {
            foreach (var file in (string[])["tls.crt", "tls.key"])
            {
                File.Delete(Path.Combine(path, file));
                File.CreateSymbolicLink(Path.Combine(path, file), Path.Combine("..data", file));
            }
        }
    }
}
