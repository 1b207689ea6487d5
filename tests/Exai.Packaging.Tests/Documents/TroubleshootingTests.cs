using System.Reflection;
using System.Text.RegularExpressions;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Packaging.Tests.Documents;

/// <summary><c>docs/troubleshooting.md</c> knows every error code, and quotes what the program really says.</summary>
public sealed partial class TroubleshootingTests
{
    private static readonly string Page = RepositoryFiles.Read("docs/troubleshooting.md");

    public static TheoryData<string> Codes => [.. Constants(typeof(ErrorCodes))];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Each_error_code_has_an_entry_with_what_is_seen_and_what_to_do(string code)
    {
        var entry = Entry().Matches(Page).Single(match => match.Groups["code"].Value == code).Groups["text"].Value;

        (entry.Contains("\n> ", StringComparison.Ordinal) || code == ErrorCodes.Timeout).ShouldBeTrue("what is seen");
        entry.Split('\n').Count(line => line.Length > 0 && line[0] is not ('>' or '|')).ShouldBePositive("what to do");
    }

    [Fact]
    public void It_has_no_entry_for_a_code_that_does_not_exist() =>
        Entry().Matches(Page).Select(match => match.Groups["code"].Value).ShouldBe(Constants(typeof(ErrorCodes)), ignoreOrder: true);

    [Fact]
    public void Each_clock_has_a_row() =>
        ClockRow().Matches(Page).Select(match => match.Groups["clock"].Value).ShouldBe(Constants(typeof(Clocks)), ignoreOrder: true);

    /// <summary>A quote is what the source holds, … being its values: a message that is changed there has to be changed here.</summary>
    [Fact]
    public void Every_quote_is_a_message_of_the_program()
    {
        var messages = string.Concat(Directory.EnumerateFiles(RepositoryFiles.Find("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(file => Joined().Replace(File.ReadAllText(file), "")));
        var quotes = Page.Split('\n').Where(line => line.StartsWith("> ", StringComparison.Ordinal)).Select(line => line[2..])
            .Concat(ClockRow().Matches(Page).Select(match => match.Groups["seen"].Value)).ToList();

        quotes.Count.ShouldBeGreaterThan(50);
        quotes.SelectMany(quote => quote.Split('…', StringSplitOptions.TrimEntries)).Where(part => part.Length > 0)
            .Where(part => !messages.Contains(part, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_setting_that_it_names_exists()
    {
        var names = SettingName().Matches(Page).Select(match => match.Groups["name"].Value).Distinct().Except(Constants(typeof(ErrorCodes))).ToList();

        names.Count.ShouldBeGreaterThan(20);
        names.Where(name => SettingsRegistry.Find(name) is null).ShouldBeEmpty();
    }

    private static IEnumerable<string> Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);

    [GeneratedRegex(@"^### `(?<code>\w+)`\n(?<text>.*?)(?=^###|\z)", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\| `(?<clock>[a-z_]+)` \| `(?<seen>[^`]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ClockRow();

    [GeneratedRegex("`(?<name>[A-Z][A-Z0-9]*(_[A-Z0-9]+)+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex SettingName();

    /// <summary>Where a message goes on in the next line of the source.</summary>
    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"|\"\\s*\\n\\s*\\+ \\$?\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Joined();
}
