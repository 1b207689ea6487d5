using System.Security.Cryptography;
using Exai.Settings.Certificates;
using Exai.Testing.Certificates;

namespace Exai.Settings.Tests.Certificates;

/// <summary>EXAI_TLS_CERT and EXAI_TLS_KEY: what is wrong with them is said with its file.</summary>
public sealed class ServerCertificateTests : IDisposable
{
    private readonly TempHome _temp = new();
    private readonly TestAuthority _authority = new();
    private readonly CertificateFolder _files;

    public ServerCertificateTests() => _files = CertificateFolder.Create(_temp.Beside("tls"), _authority, "exai.example", "10.0.0.7");

    public void Dispose()
    {
        _authority.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public void Certificate_with_its_key_and_what_stands_between_is_used()
    {
        var certificate = Load();

        certificate.Names.ShouldBe("exai.example, 10.0.0.7");
        certificate.Ends.ShouldBe(_authority.Ends, TimeSpan.FromSeconds(1));
        certificate.Context.IntermediateCertificates.Count.ShouldBe(1);
        Fingerprint.OfFile(_files.Certificate).ShouldBe(certificate.Fingerprint);
        certificate.Warning(Now).ShouldBeNull();
    }

    [Fact]
    public void Both_may_be_one_file()
    {
        File.AppendAllText(_files.Certificate, File.ReadAllText(_files.Key));

        ServerCertificate.Load(CertificateFiles.Read(Settings(key: _files.Certificate)), Settings(key: _files.Certificate), Now).Names.ShouldContain("exai.example");
    }

    [Theory]
    [InlineData(15, null)]
    [InlineData(13.5, "in 13 days")]
    [InlineData(-1, "clients on other machines refuse it")]
    public void Near_end_is_told(double days, string? told)
    {
        var warning = Load().Warning(_authority.Ends - TimeSpan.FromDays(days));

        (warning is null).ShouldBe(told is null);
        (warning ?? "").ShouldContain(told ?? "");
    }

    [Theory]
    [InlineData("no file", "EXAI_TLS_CERT={cert} cannot be read")]
    [InlineData("no key file", "EXAI_TLS_KEY={key} cannot be read")]
    [InlineData("no certificate", "EXAI_TLS_CERT={cert} holds no certificate in PEM form")]
    [InlineData("damaged", "EXAI_TLS_CERT={cert} holds a certificate that is damaged")]
    [InlineData("no key", "EXAI_TLS_KEY={key} holds no private key in PEM form")]
    [InlineData("password", "EXAI_TLS_KEY={key} is encrypted with a password")]
    [InlineData("another key", "EXAI_TLS_KEY={key} is not the private key of EXAI_TLS_CERT={cert}")]
    [InlineData("key of another kind", "EXAI_TLS_KEY={key} is not the private key of EXAI_TLS_CERT={cert}")]
    [InlineData("ended", "EXAI_TLS_CERT={cert} ended on ")]
    [InlineData("not begun", "EXAI_TLS_CERT={cert} is good from ")]
    public void Bad_file_is_named_with_what_is_wrong(string fault, string told)
    {
        var (certificate, key) = _authority.Issue(["exai.example"]);
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create();
        switch (fault)
        {
            case "no file": File.Delete(_files.Certificate); break;
            case "no key file": File.Delete(_files.Key); break;
            case "no certificate": _files.Write(("", key)); break;
            case "damaged": _files.Write((certificate.Remove(100, 40), key)); break;
            case "no key": _files.Write((certificate, certificate)); break;
            case "password": _files.Write((certificate, ec.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)))); break;
            case "another key": _files.Write((certificate, _authority.Issue(["exai.example"]).Key)); break;
            case "key of another kind": _files.Write((certificate, rsa.ExportPkcs8PrivateKeyPem())); break;
            case "ended": _files.Write(_authority.Issue(["exai.example"], ends: Now.AddDays(-1))); break;
            case "not begun": _files.Write(_authority.Issue(["exai.example"], begins: Now.AddDays(1))); break;
        }

        Should.Throw<CertificateException>(() => Load()).Message.ShouldStartWith(told.Replace("{cert}", _files.Certificate).Replace("{key}", _files.Key));
    }

    [Theory]
    [InlineData("missing", "cannot be read")]
    [InlineData("empty", "holds no certificate in PEM form")]
    public void Authorities_that_cannot_be_used_are_named(string fault, string told)
    {
        AuthoritiesFile.Read(_files.Authority).Count.ShouldBe(1);
        File.Delete(_files.Authority);
        if (fault == "empty")
        {
            File.WriteAllText(_files.Authority, "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n");
        }

        Should.Throw<CertificateException>(() => AuthoritiesFile.Read(_files.Authority)).Message.ShouldStartWith($"EXAI_TLS_CA={_files.Authority} {told}");
    }

    [Fact]
    public void Key_is_in_no_text_of_what_was_read() =>
        CertificateFiles.Read(Settings()).ToString().ShouldNotContain("KEY");

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private TlsSettings Settings(string? key = null) => new() { Certificate = _files.Certificate, Key = key ?? _files.Key };

    private ServerCertificate Load() => ServerCertificate.Load(CertificateFiles.Read(Settings()), Settings(), Now);
}
