using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class HealthFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Document_comes_back_as_it_was_written()
    {
        var document = new HealthDocument
        {
            T = 1_795_255_200.25,
            Pid = 42,
            Host = "127.0.0.1",
            Port = 8079,
            MonitoringPort = 8080,
            Epoch = "e-1",
            Version = "0.1.0",
            StartedAt = new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero),
            UptimeHuman = "1:02:03",
            Status = DaemonStatus.Busy,
            BusySince = new DateTimeOffset(2026, 11, 21, 10, 1, 0, TimeSpan.Zero),
            Sessions = 1,
            GlobalCapacity = 5,
            GlobalInflight = 2,
            Queued = 3,
            ToolCount = 20,
            Problems = ["The store is full."],
            TlsCertificates = ["AB", "CD"],
        };
        HealthFile.Write(_temp.Home, document);
        var read = HealthFile.TryRead(_temp.Home)!;
        read.Problems.ShouldBe(document.Problems);
        read.TlsCertificates.ShouldBe(document.TlsCertificates);
        (read with { Problems = document.Problems, TlsCertificates = document.TlsCertificates }).ShouldBe(document);
        HealthFile.TryReadAddress(_temp.Home).ShouldBe(new DaemonAddress("e-1", 8079, "AB CD"));
        File.ReadAllText(_temp.Home.HealthFile).ShouldContain("\"monitoring_port\": 8080");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"port\": 80")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"port\": \"many\"}")]
    [InlineData("\0\0\0\0")]
    public void Missing_cut_or_foreign_file_is_no_document(string? content)
    {
        if (content is not null)
        {
            File.WriteAllText(_temp.Home.HealthFile, content);
        }

        HealthFile.TryRead(_temp.Home).ShouldBeNull();
        HealthFile.TryReadAddress(_temp.Home).ShouldBeNull();
    }

    [Fact]
    public void Missing_and_unknown_members_are_accepted()
    {
        File.WriteAllText(_temp.Home.HealthFile, """{"port": 9000, "later": {"more": [1]}}""");
        HealthFile.TryRead(_temp.Home).ShouldBe(new HealthDocument { Port = 9000 });
        HealthFile.TryReadAddress(_temp.Home).ShouldBe(new DaemonAddress("", 9000));
    }

    /// <summary>Trap 162.</summary>
    [Fact]
    public void Reader_at_any_moment_sees_a_whole_document()
    {
        const int Writes = 400;
        HealthFile.Write(_temp.Home, Document(0));
        var writer = new Thread(() =>
        {
            for (var number = 1; number <= Writes; number++)
            {
                HealthFile.Write(_temp.Home, Document(number));
            }
        });
        writer.Start();
        var last = 0;
        while (last < Writes)
        {
            var document = HealthFile.TryRead(_temp.Home).ShouldNotBeNull();
            document.Port.ShouldBeGreaterThanOrEqualTo(last);
            document.UptimeHuman.Length.ShouldBe(document.Port * 10);
            last = document.Port;
        }

        writer.Join();
    }

    /// <summary>Trap 161.</summary>
    [Fact]
    public void File_of_an_earlier_daemon_is_gone_before_the_next_listens()
    {
        HealthFile.Write(_temp.Home, new HealthDocument { Epoch = "old" });
        HealthFile.Delete(_temp.Home);
        HealthFile.TryRead(_temp.Home).ShouldBeNull();
        Should.NotThrow(() => HealthFile.Delete(_temp.Home));
    }

    [Fact]
    public void Stopping_daemon_removes_its_own_file_and_not_its_successors()
    {
        HealthFile.DeleteIfEpoch(_temp.Home, "mine").ShouldBeFalse();
        HealthFile.Write(_temp.Home, new HealthDocument { Epoch = "successor" });
        HealthFile.DeleteIfEpoch(_temp.Home, "mine").ShouldBeFalse();
        HealthFile.DeleteIfEpoch(_temp.Home, "successor").ShouldBeTrue();
        File.Exists(_temp.Home.HealthFile).ShouldBeFalse();
    }

    private static HealthDocument Document(int number) => new() { Port = number, UptimeHuman = new string('x', number * 10) };
}
