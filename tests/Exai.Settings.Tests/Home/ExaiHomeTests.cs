using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class ExaiHomeTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Open = Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Files_of_the_home_have_their_contract_names()
    {
        var home = new ExaiHome("/h");
        string[] paths =
        [
            home.Database, home.TokenFile, home.HealthFile, home.OwnershipFile, home.ServeLock, home.AutostartLock, home.LogsDirectory, home.DaemonLog,
            home.DaemonStartLog, home.ShimLog(42), home.CacheDirectory, home.SettingsFile, home.ProvidersFile,
        ];
        paths.Select(path => Path.GetRelativePath("/h", path).Replace('\\', '/')).ShouldBe(
            [
                "exai.db", "token", "health.json", "daemon.json", "daemon.lock", "autostart.lock", "logs", "logs/daemon.log",
                "logs/daemon-start.log", "logs/shim-42.log", "cache", ".env", "providers.json",
            ]);
    }

    [Fact]
    public void New_home_is_for_its_user_alone_and_leaves_no_probe()
    {
        var home = new ExaiHome(_temp.Beside("deep/new"));
        home.EnsureCreated();
        home.EnsureCreated();
        Directory.EnumerateFileSystemEntries(home.Path).Order().ShouldBe([home.CacheDirectory, home.LogsDirectory]);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var folder in new[] { home.Path, home.LogsDirectory, home.CacheDirectory })
            {
                File.GetUnixFileMode(folder).ShouldBe(Private);
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(".env")]
    [InlineData("lost+found")]
    public void Open_home_with_nothing_foreign_in_it_is_closed_to_others(string? content)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // modes are Unix's
        }

        File.SetUnixFileMode(_temp.Home.Path, Open);
        if (content is not null)
        {
            File.WriteAllText(Path.Combine(_temp.Home.Path, content), "");
        }

        _temp.Home.EnsureCreated();
        File.GetUnixFileMode(_temp.Home.Path).ShouldBe(Private);
    }

    [Fact]
    public void Open_folder_of_other_programs_is_refused_and_left_as_it_is()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // modes are Unix's
        }

        File.SetUnixFileMode(_temp.Home.Path, Open);
        File.WriteAllText(Path.Combine(_temp.Home.Path, "somebody.txt"), "");
        var failure = Should.Throw<HomeException>(_temp.Home.EnsureCreated);
        failure.Message.ShouldContain(_temp.Home.Path);
        failure.Message.ShouldContain("755");
        failure.Mend.ShouldContain("EXAI_HOME");
        File.GetUnixFileMode(_temp.Home.Path).ShouldBe(Open);
    }

    [Fact]
    public void Home_that_is_a_file_is_refused_with_the_mend()
    {
        File.WriteAllText(_temp.Beside("file"), "");
        Should.Throw<HomeException>(new ExaiHome(_temp.Beside("file")).EnsureCreated).Message.ShouldContain("there is a file of that name");
        Should.Throw<HomeException>(new ExaiHome(_temp.Beside("file/below")).EnsureCreated).Mend.ShouldContain("EXAI_HOME");
    }

    [Fact]
    public void Home_that_cannot_be_written_is_refused_with_the_mend()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it needs a folder in which nobody can write");
        var failure = Should.Throw<HomeException>(new ExaiHome("/proc/exai").EnsureCreated);
        failure.Path.ShouldBe("/proc/exai");
        failure.Mend.ShouldContain("EXAI_HOME");
    }
}
