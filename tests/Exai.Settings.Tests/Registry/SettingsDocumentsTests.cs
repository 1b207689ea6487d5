namespace Exai.Settings.Tests.Registry;

/// <summary>Trap 185: a default stands in one place, and a test compares the documents with it.</summary>
public sealed class SettingsDocumentsTests
{
    [Fact]
    public void Settings_page_is_what_the_registry_says() => RepositoryFiles.ShouldBe("docs/settings.md", SettingsDocuments.Markdown());

    [Fact]
    public void Example_file_is_what_the_registry_says() => RepositoryFiles.ShouldBe(".env.example", SettingsDocuments.EnvExample());

    [Fact]
    public void Example_file_as_it_stands_changes_nothing()
    {
        using var temp = new TempHome();
        var result = temp.WithSettings(SettingsDocuments.EnvExample()).Load();
        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        result.Values.Where(value => !value.IsDefault).Select(value => value.Definition.Name).ShouldBe(["EXAI_HOME"]);
    }

    [Fact]
    public void Example_file_with_every_line_taken_in_is_the_default_and_valid()
    {
        using var temp = new TempHome();
        var lines = SettingsDocuments.EnvExample().Split('\n').Select(line => line.StartsWith('#') && !line.StartsWith("# ", StringComparison.Ordinal) ? line[1..] : line);
        var result = temp.WithSettings(string.Join('\n', lines)).Load();
        result.Problems.ShouldBeEmpty();
        var plain = new TempHome();
        using (plain)
        {
            result.Settings.Glm.Clocks.ShouldBe(plain.Load().Settings.Glm.Clocks);
            result.Settings.Concurrency.ShouldBe(plain.Load().Settings.Concurrency);
        }
    }

    [Fact]
    public void Example_file_holds_no_secret()
    {
        foreach (var definition in SettingsRegistry.All.Where(definition => definition.Kind == SettingKind.Secret))
        {
            SettingsDocuments.EnvExample().ShouldContain($"\n#{definition.Name}=\n");
        }
    }
}
