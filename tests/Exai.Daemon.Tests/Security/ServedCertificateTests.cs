using Exai.Daemon.Security;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Testing;
using Exai.Testing.Certificates;

namespace Exai.Daemon.Tests.Security;

/// <summary>A certificate that is renewed on disk, on virtual time: when it is shown, and what is said when it cannot be.</summary>
public sealed class ServedCertificateTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-tls-");
    private readonly TestAuthority _authority = new(time: new VirtualTime());
    private readonly CertificateFolder _files;
    private readonly ListLogger _log = new();

    public ServedCertificateTests() => _files = CertificateFolder.Create(_folder.FullName, _authority, "one.example");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("written")]
    [InlineData("replaced")]
    [InlineData("turned")]
    public void Renewed_files_are_announced_first_and_then_shown(string how) => Run(async (certificate, time) =>
    {
        var before = certificate.Fingerprints.ShouldHaveSingleItem();
        var changes = 0;
        certificate.Changed += () => changes++;
        foreach (var _ in (int[])[1, 2])
        {
            Renew(how, _authority.Issue(["one.example"]));
            var next = Fingerprint.OfFile(_files.Certificate)!;
            changes = 0;

            await Task.Delay(ServedCertificate.Look + Moment, time);
            certificate.Fingerprints.ShouldBe([before, next]);
            changes.ShouldBe(1);
            await Task.Delay(ServedCertificate.Notice, time);
            certificate.Fingerprints.ShouldBe([next, before]);
            await Task.Delay(ServedCertificate.Notice, time);
            certificate.Fingerprints.ShouldBe([next]);
            changes.ShouldBe(3);
            certificate.Problems().ShouldBeEmpty();
            before = next;
        }
    });

    [Fact]
    public void Key_that_follows_its_certificate_a_moment_later_is_no_problem() => Run(async (certificate, time) =>
    {
        var (next, key) = _authority.Issue(["two.example"]);
        File.WriteAllText(_files.Certificate, next);
        await Task.Delay(ServedCertificate.Look + Moment, time);
        certificate.Problems().ShouldBeEmpty();
        File.WriteAllText(_files.Key, key);
        await Task.Delay(ServedCertificate.Look * 2, time);

        certificate.Description.ShouldContain("two.example");
        certificate.Problems().ShouldBeEmpty();
        _log.Entries.ShouldNotContain(entry => entry.Text.Contains("not used"));
    });

    [Fact]
    public void Files_that_cannot_be_used_leave_the_old_certificate_and_are_told_once_until_they_are_mended() => Run(async (certificate, time) =>
    {
        var before = certificate.Fingerprints;
        File.WriteAllText(_files.Certificate, "half a fi");
        await Task.Delay(ServedCertificate.Look * 20, time);

        certificate.Fingerprints.ShouldBe(before);
        certificate.Problems().ShouldHaveSingleItem().ShouldStartWith($"EXAI_TLS_CERT={_files.Certificate} holds no certificate");
        _log.Entries.Count(entry => entry.Text.Contains("is not used, the one from before is")).ShouldBe(1);

        File.Delete(_files.Key);
        await Task.Delay(ServedCertificate.Look * 2, time);
        certificate.Problems().ShouldHaveSingleItem().ShouldStartWith($"EXAI_TLS_KEY={_files.Key} cannot be read");

        _files.Write(_authority.Issue(["one.example"]));
        await Task.Delay(ServedCertificate.Look * 2, time);
        certificate.Problems().ShouldBeEmpty();
        certificate.Fingerprints.ShouldBe([Fingerprint.OfFile(_files.Certificate)!]);
    });

    [Fact]
    public void Certificate_that_nobody_renews_is_told_from_two_weeks_before_its_end_and_shown_beyond_it()
    {
        var ends = new VirtualTime().GetUtcNow().AddDays(15);
        _files.Write(_authority.Issue(["one.example"], ends: ends));
        Run(async (certificate, time) =>
        {
            certificate.Problems().ShouldBeEmpty();
            await Task.Delay(TimeSpan.FromDays(2), time);
            certificate.Problems().ShouldHaveSingleItem().ShouldContain("in 13 days");
            await Task.Delay(TimeSpan.FromDays(14), time);
            certificate.Problems().ShouldHaveSingleItem().ShouldContain("ended on");
            certificate.Fingerprints.Count.ShouldBe(1);
        });
    }

    private void Renew(string how, (string Certificate, string Key) pair)
    {
        switch (how)
        {
            case "written":
                _files.Write(pair);
                break;
            case "turned":
                _files.Turn(pair);
                break;
            default:
                var others = CertificateFolder.Create(Path.Combine(_folder.FullName, "new"), _authority, "x");
                others.Write(pair);
                File.Move(others.Key, _files.Key, overwrite: true);
                File.Move(others.Certificate, _files.Certificate, overwrite: true);
                break;
        }
    }

    private void Run(Func<ServedCertificate, TimeProvider, Task> body) => Simulation.Run(
        async simulation =>
        {
            await using var certificate = ServedCertificate.Start(new TlsSettings { Certificate = _files.Certificate, Key = _files.Key }, simulation.Time, _log.CreateLogger("daemon"))!;
            await body(certificate, simulation.Time);
        },
        limit: TimeSpan.FromDays(30),
        usesPool: false);
}
