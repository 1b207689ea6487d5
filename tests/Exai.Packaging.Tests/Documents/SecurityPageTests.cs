using System.Text.RegularExpressions;
using Exai.Settings;

namespace Exai.Packaging.Tests.Documents;

/// <summary><c>SECURITY.md</c> points to tests and settings that exist.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly string Page = RepositoryFiles.Read("SECURITY.md");

    [Fact]
    public void Each_attacker_is_held_off_by_tests_that_exist()
    {
        var rows = Page.Split('\n').SkipWhile(line => !line.StartsWith("| who ", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')).ToList();

        rows.Count.ShouldBeGreaterThanOrEqualTo(10);
        rows.ShouldAllBe(row => TestPath().IsMatch(row));
        TestPath().Matches(Page).Select(match => match.Groups["path"].Value).Where(path => !Path.Exists(RepositoryFiles.Find(path))).ShouldBeEmpty();
    }

    [Fact]
    public void Every_setting_that_it_names_exists() =>
        SettingName().Matches(Page).Select(match => match.Groups["name"].Value).Where(name => SettingsRegistry.Find(name) is null).ShouldBeEmpty();

    [GeneratedRegex("`(?<path>tests/[^`]+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex TestPath();

    [GeneratedRegex("`(?<name>EXAI_[A-Z_]+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex SettingName();
}
