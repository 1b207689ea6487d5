using System.Text.RegularExpressions;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Packaging.Tests.Documents;

/// <summary>Every <c>exai …</c> that a document shows is run, against the simulator, in a home of its own.</summary>
public sealed partial class DocumentedCommandsTests(ITestOutputHelper output)
{
    private const string ReadersId = "0199aaaa-0000-7000-8000-000000000000";

    /// <summary>What cannot be run to its end here, and why.</summary>
    private static readonly Dictionary<string, string> NotRun = new(StringComparer.Ordinal)
    {
        ["exai top"] = "a live view that ends with a key; OperationsCommandTests",
        ["exai dashboard"] = "opens a browser; with --print it is run",
        ["exai daemon"] = "runs until it is ended; the tests of processes run it",
        ["exai daemon --conformance"] = "the same; the conformance suite's test runs it",
        ["exai demo"] = "has a test of its own (CommandTests), and two kills in it would be seconds",
        ["exai ask \"…\" --model openrouter/vendor/model"] = "asks a provider on the Internet",
    };

    /// <summary>Notation of the manual, and what a reader makes of it.</summary>
    private static readonly Dictionary<string, string[]> Meant = new(StringComparer.Ordinal)
    {
        ["exai sim [--port P] [--script FILE]"] = ["exai sim --help"],
        ["exai status [--json]"] = ["exai status", "exai status --json"],
        ["exai logs [-f] [-n LINES] [--shim]"] = ["exai logs -n 5", "exai logs -n 5 --shim"],
        ["exai dashboard [--print]"] = ["exai dashboard --print"],
        ["exai config [--all] [--json]"] = ["exai config --all", "exai config --json", "exai config --all --json"],
        ["exai config import FILE"] = ["exai config import PROJECT/old.env"],
        ["exai install CLIENT"] = ["exai install zed --print"],
        ["exai install CLIENT --uninstall"] = ["exai install zed --uninstall"],
        ["exai install CLIENT --print"] = ["exai install zed --print"],
        ["exai install"] = ["exai install --help"],
        ["exai call TOOL --args JSON"] = ["exai call version --args {}"],
        ["exai ask --file PATH"] = ["exai ask Why --file PROJECT/a.md"],
        ["exai threads"] = ["exai threads list"],
        ["exai threads export"] = ["exai threads export --help"],
        ["exai threads delete"] = ["exai threads delete --help"],
    };

    [Fact]
    public async Task Every_command_in_the_documents_does_what_it_should()
    {
        // Two readers at once, each in a home of his own: it is the long list of tools that takes its time.
        var readers = DocumentedCommand.All().Where(command => !NotRun.ContainsKey(command.Text)).SelectMany(Variants)
            .GroupBy(command => command.Document == "docs/tools.md");

        var failures = await Task.WhenAll(readers.Select(FollowAsync));

        failures.SelectMany(failure => failure).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_left_out_that_no_document_shows()
    {
        var shown = DocumentedCommand.All().Select(command => command.Text).ToHashSet(StringComparer.Ordinal);

        // One of each form: after a path, after a program that runs it, plain, in the running text.
        string[] forms =
        [
            "exai ask \"When is a B-tree better than an LSM tree?\" --model glm-4.6", "exai demo", "exai install cline --print", "exai doctor --bundle exai.zip",
        ];
        forms.Where(command => !shown.Contains(command)).ShouldBeEmpty();
        shown.Count.ShouldBeGreaterThan(80);
        NotRun.Keys.Concat(Meant.Keys).Where(command => !shown.Contains(command)).ShouldBeEmpty();
    }

    /// <summary>Runs commands one after the other, as somebody does who has EXAI running.</summary>
    /// <returns>Those that failed, with what they said.</returns>
    private async Task<List<string>> FollowAsync(IEnumerable<DocumentedCommand> commands)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var project = await ProjectAsync(machine);
        (string, string?)[] settings =
        [
            ("KIMI_API_KEY", ExaiHomeFixture.ProviderKey), ("KIMI_API_URL", machine.Simulator.KimiBaseUrl.ToString()), ("TOOL_PROFILE", "full"), ("EXAI_ALLOWED_ROOTS", project),
        ];
        var failures = new List<string>();
        (await machine.RunAsync(ExaiProgram.File, ["start"], settings)).ExitCode.ShouldBe(0);

        foreach (var command in commands)
        {
            if (Placeholder().IsMatch(command.Text))
            {
                failures.Add($"{command}: a placeholder that this test does not know");
                continue;
            }

            string[] arguments = [.. command.Arguments().Select(argument => Own(argument, project))];
            var result = await machine.RunAsync(ExaiProgram.File, arguments, settings);
            output.WriteLine($"{result.ExitCode}  {command.Text}");
            if (!IsAsShown(command, result))
            {
                failures.Add($"{command}: {result}");
            }

            if (arguments is ["stop", ..])
            {
                // The reader starts it again, too.
                (await machine.RunAsync(ExaiProgram.File, ["start"], settings)).ExitCode.ShouldBe(0);
            }
        }

        return failures;
    }

    private static IEnumerable<DocumentedCommand> Variants(DocumentedCommand command) =>
        Meant.TryGetValue(command.Text, out var meant) ? meant.Select(text => command with { Text = text }) : [command];

    /// <summary>An id that stands for one of the reader's finds nothing, and that is what the answer says.</summary>
    private static bool IsAsShown(DocumentedCommand command, CommandResult result) =>
        result.ExitCode == 0 || (result.ExitCode == 1 && command.Text.Contains(ReadersId, StringComparison.Ordinal) && result.Errors.Contains(ReadersId, StringComparison.Ordinal));

    /// <summary>The reader's project is the test's.</summary>
    private static string Own(string argument, string project) =>
        ReadersProject().Replace(argument, project + "/").Replace("\"/work\"", $"\"{project}\"", StringComparison.Ordinal).Replace("PROJECT", project, StringComparison.Ordinal)
            .Replace("exai.zip", project + "/exai.zip", StringComparison.Ordinal);

    private static async Task<string> ProjectAsync(ExaiHomeFixture machine)
    {
        var project = Directory.CreateDirectory(machine.Folder("project")).FullName;
        foreach (var name in new[] { "Parser.cs", "report.pdf", "a.md", "b.md" })
        {
            await File.WriteAllTextAsync(Path.Combine(project, name), "One line.\n", TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(Path.Combine(project, "old.env"), "LOG_LEVEL=INFO\n", TestContext.Current.CancellationToken);
        (await machine.RunAsync("git", ["init", "--quiet", project])).ExitCode.ShouldBe(0);
        return project;
    }

    [GeneratedRegex(@"\b[A-Z]{4,}\b(?!/)|…|\[-")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"(?<!\w)/project/(src/)?", RegexOptions.ExplicitCapture)]
    private static partial Regex ReadersProject();
}
