using Exai.Settings.Logs;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Tests.Logs;

public sealed class ExaiLoggerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TempHome _temp = new();
    private readonly StringWriter _standardError = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Line_reaches_file_and_standard_error_alike()
    {
        using (var factory = Factory(new ExaiLogOptions { FilePath = _temp.Home.DaemonLog }))
        {
            factory.CreateLogger("C").LogInformation("hello {Name}", "there");
        }

        File.ReadAllText(_temp.Home.DaemonLog).ShouldBe("2026-11-21T10:00:00.000Z INF C hello there\n");
        _standardError.ToString().ShouldBe("2026-11-21T10:00:00.000Z INF C hello there\n");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_temp.Home.DaemonLog).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public void Level_below_the_limit_is_not_written()
    {
        using (var factory = Factory(new ExaiLogOptions { Level = LogLevel.Warning }))
        {
            var logger = factory.CreateLogger("C");
            logger.IsEnabled(LogLevel.Information).ShouldBeFalse();
            logger.LogInformation("quiet");
            logger.LogWarning("loud");
        }

        _standardError.ToString().ShouldContain("loud");
        _standardError.ToString().ShouldNotContain("quiet");
    }

    /// <summary>Trap 170, through the whole logger.</summary>
    [Fact]
    public void Repeated_warning_stands_in_the_file_once_with_a_count()
    {
        using (var factory = Factory(new ExaiLogOptions { FilePath = _temp.Home.DaemonLog, ToStandardError = false }))
        {
            for (var i = 0; i < 500; i++)
            {
                factory.CreateLogger("C").LogWarning("ping timeout");
            }
        }

        var lines = File.ReadAllLines(_temp.Home.DaemonLog);
        lines.Length.ShouldBe(2);
        lines[1].ShouldEndWith("repeated 499 times: the warning of 2026-11-21T10:00:00.000Z");
    }

    [Fact]
    public void Lines_of_many_threads_are_whole_and_all_there()
    {
        using (var factory = Factory(new ExaiLogOptions { FilePath = _temp.Home.DaemonLog, ToStandardError = false }))
        {
            var threads = Enumerable.Range(0, 8).Select(thread => new Thread(() =>
            {
                for (var i = 0; i < 200; i++)
                {
                    factory.CreateLogger("C").LogInformation("{Thread}-{Line}.", thread, i);
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            factory.Provider.Flush(Patience).ShouldBeTrue();
        }

        var lines = File.ReadAllLines(_temp.Home.DaemonLog);
        lines.Length.ShouldBe(1600);
        lines.Distinct().Count().ShouldBe(1600);
        lines.ShouldAllBe(line => line.EndsWith('.'));
    }

    [Fact]
    public void Closed_standard_error_is_swallowed_and_counted()
    {
        _standardError.Dispose();
        using var factory = Factory(new ExaiLogOptions { FilePath = _temp.Home.DaemonLog });
        factory.CreateLogger("C").LogInformation("one");
        factory.Provider.Flush(Patience).ShouldBeTrue();
        factory.Provider.Dropped.ShouldBe(1);
        File.ReadAllText(_temp.Home.DaemonLog).ShouldContain("one");
    }

    [Fact]
    public void Log_file_that_cannot_be_written_is_swallowed_and_counted()
    {
        File.WriteAllText(_temp.Beside("file"), "");
        using var factory = Factory(new ExaiLogOptions { FilePath = _temp.Beside("file/daemon.log") });
        factory.CreateLogger("C").LogInformation("one");
        factory.Provider.Flush(Patience).ShouldBeTrue();
        factory.Provider.Dropped.ShouldBe(1);
        _standardError.ToString().ShouldContain("one");
    }

    [Fact]
    public void Full_disk_is_swallowed_and_counted()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "it needs a device that is always full");
        using var full = new StreamWriter(new FileStream("/dev/full", FileMode.Open, FileAccess.Write));
        using (var factory = new ExaiLoggerFactory(new ExaiLogOptions(), new ManualTime(), full))
        {
            factory.CreateLogger("C").LogInformation("one");
            factory.Provider.Flush(Patience).ShouldBeTrue();
            factory.Provider.Dropped.ShouldBe(1);
        }

        Should.Throw<IOException>(full.Dispose);
    }

    [Fact]
    public void Reader_that_never_reads_holds_up_nobody()
    {
        using var stuck = new StuckWriter();
        var options = new ExaiLogOptions { FilePath = _temp.Home.DaemonLog };
        using (var factory = new ExaiLoggerFactory(options, new ManualTime(), stuck))
        {
            for (var i = 0; i < 10_100; i++)
            {
                factory.CreateLogger("C").LogInformation("{Line}", i);
            }

            factory.Provider.Flush(TimeSpan.Zero).ShouldBeFalse();
            factory.Provider.Dropped.ShouldBeGreaterThan(0);
            stuck.Release();
            factory.Provider.Flush(Patience).ShouldBeTrue();
        }

        File.ReadAllText(_temp.Home.DaemonLog).ShouldContain(" 0\n");
    }

    [Fact]
    public void Value_that_cannot_be_written_fails_its_line_only()
    {
        using (var factory = Factory(new ExaiLogOptions()))
        {
            var logger = factory.CreateLogger("C");
            Should.NotThrow(() => logger.LogInformation("{Value}", new Unprintable()));
            logger.LogInformation("after");
        }

        _standardError.ToString().ShouldContain("could not be formatted");
        _standardError.ToString().ShouldContain("after");
    }

    private ExaiLoggerFactory Factory(ExaiLogOptions options) => new(options, new ManualTime(), _standardError);

    private sealed class Unprintable
    {
        public override string ToString() => throw new InvalidOperationException("no");
    }

    /// <summary>A pipe whose other end nobody reads.</summary>
    private sealed class StuckWriter : StringWriter
    {
        private readonly ManualResetEventSlim _released = new();

        public override void Write(string? value)
        {
            _released.Wait();
            base.Write(value);
        }

        public void Release() => _released.Set();
    }
}
