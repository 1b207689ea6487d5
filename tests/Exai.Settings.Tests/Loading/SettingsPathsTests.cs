namespace Exai.Settings.Tests.Loading;

public sealed class SettingsPathsTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Home_is_in_the_state_folder_of_the_platform()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the paths are Linux's");
        Home(("HOME", "/u/me")).ShouldBe("/u/me/.local/state/exai");
        Home(("HOME", "/u/me"), ("XDG_STATE_HOME", "/var/me")).ShouldBe("/var/me/exai");
        Home(("HOME", "/u/me"), ("XDG_STATE_HOME", "relative")).ShouldBe("/u/me/.local/state/exai");
        Home(("HOME", "/u/me"), ("EXAI_HOME", "~/exai/")).ShouldBe("/u/me/exai");
    }

    [Fact]
    public void Relative_paths_are_taken_from_the_home_not_from_somebodys_project()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the paths are Unix's");
        var settings = _temp.Load(("EXAI_PROVIDERS_FILE", "more/p.json"), ("EXAI_STORE", "sqlite:${EXAI_HOME}/sub/x.db"), ("EXAI_ALLOWED_ROOTS", "~/a, /b/../c")).Settings;
        settings.ProvidersFile.ShouldBe(Path.Combine(_temp.Home.Path, "more", "p.json"));
        settings.Store.Path.ShouldBe(Path.Combine(_temp.Home.Path, "sub", "x.db"));
        settings.Tools.AllowedRoots.ShouldBe([_temp.Beside("a"), "/c"]);
        _temp.Load().Settings.Store.Path.ShouldBe(_temp.Home.Database);
        _temp.Load().Settings.ProvidersFile.ShouldBe(_temp.Home.ProvidersFile);
    }

    private static string Home(params (string Name, string Value)[] environment) =>
        SettingsLoader.Load(new SettingsSources { Environment = environment.ToDictionary(pair => pair.Name, pair => pair.Value) }).Settings.Home.Path;
}

/// <summary>Alone, because the current folder belongs to the whole process.</summary>
[CollectionDefinition(nameof(CurrentFolderTests), DisableParallelization = true)]
[Collection(nameof(CurrentFolderTests))]
public sealed class CurrentFolderTests
{
    [Fact]
    public void Settings_file_in_the_current_folder_is_never_read()
    {
        using var temp = new TempHome();
        var before = Directory.GetCurrentDirectory();
        var project = Directory.CreateDirectory(temp.Beside("project")).FullName;
        File.WriteAllText(Path.Combine(project, ".env"), "EXAI_WS_PORT=1\n");
        try
        {
            Directory.SetCurrentDirectory(project);
            temp.Load().Settings.Link.Port.ShouldBe(8079);
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }
}
