using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>Files travel with the call, from the client's machine to the model.</summary>
public sealed class FileTests
{
    /// <summary>Trap 132: a tool with steps has the same room as chat.</summary>
    [Theory]
    [InlineData("chat", "prompt", "files")]
    [InlineData("codereview", "step", "relevant_files")]
    public async Task A_review_of_forty_files_and_two_megabytes_says_what_the_window_had_no_room_for(string tool, string question, string files)
    {
        await using var machine = await MachineAsync();
        var project = Project(machine);
        for (var number = 0; number < 40; number++)
        {
            // Each about 50 KB, 14,000 tokens with its line numbers.
            Write(project, $"src/file{number:00}.cs", Lines($"marker{number:00}", 1000));
        }

        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));
        var reply = await shim.CallAsync(tool, new JsonObject { [question] = "Review.", [files] = new JsonArray("src") }, TimeSpan.FromSeconds(60));

        reply.IsError.ShouldBeFalse(reply.Text);
        var body = machine.Simulator.Log.Chats.ShouldHaveSingleItem().Body.GetRawText();
        var sent = Enumerable.Range(0, 40).Where(number => body.Contains($"marker{number:00}", StringComparison.Ordinal)).ToList();
        // A window of 128,000 tokens less the answer's share: some files fit, in their order, and nobody is told that all did.
        sent.Count.ShouldBeInRange(4, 12);
        sent.ShouldBe(Enumerable.Range(0, sent.Count));
        body.Length.ShouldBeLessThan(128_000 * 4);
        body.ShouldContain($"src/file{sent.Count:00}.cs");
        reply.Text.ShouldContain($"{40 - sent.Count} files did not fit");
        reply.Text.ShouldContain($"src/file{sent.Count:00}.cs");
        reply.Text.ShouldContain($"and {20 - sent.Count} more");
    }

    /// <summary>Trap 128.</summary>
    [Fact]
    public async Task An_unchanged_file_is_kept_once_and_the_thread_shows_its_latest_version()
    {
        await using var machine = await MachineAsync(new SimulatorRule { Answer = "Looks fine." });
        var project = Project(machine);
        Write(project, "a.cs", "class First;\n");
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));

        var thread = (await shim.CallAsync("chat", Review("a.cs"))).Thread;
        (await shim.CallAsync("chat", Review("a.cs"))).IsError.ShouldBeFalse();
        Blobs(machine).Count.ShouldBe(1);

        Write(project, "a.cs", "class Second;\n");
        (await shim.CallAsync("chat", GoOn(thread, "a.cs"))).IsError.ShouldBeFalse();
        (await shim.CallAsync("chat", new JsonObject { ["prompt"] = "And now?", ["continuation_id"] = thread })).IsError.ShouldBeFalse();

        Blobs(machine).Count.ShouldBe(2);
        foreach (var request in machine.Simulator.Log.Chats.TakeLast(2))
        {
            request.Count("class Second;").ShouldBe(1);
            request.Count("class First;").ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_daemon_killed_after_the_upload_costs_nothing_even_if_the_file_is_gone()
    {
        await using var machine = await MachineAsync(new SimulatorRule { PromptContains = "Review", TokensPerSecond = 100, AnswerTokens = 100, ReasoningTokens = 0 });
        var project = Project(machine);
        Write(project, "a.cs", "class Kept;\n");
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));

        var id = await shim.SendCallAsync("chat", Review("a.cs"));
        await machine.Simulator.AskedAsync("class Kept;", tokens: 10);
        File.Delete(Path.Combine(project, "a.cs"));
        await machine.Daemon.KillAsync();
        var reply = await shim.ReplyAsync(id);

        reply.IsError.ShouldBeFalse(reply.Text);
        ((int)reply.Receipt["runs"]!).ShouldBe(2);
        machine.Simulator.Log.Chats.ShouldAllBe(request => request.Count("class Kept;") == 1);
    }

    [Theory]
    [InlineData("../user/.ssh/id_ed25519")]
    [InlineData(".env")]
    [InlineData("link.txt")]
    public async Task A_refused_file_costs_no_request(string path)
    {
        await using var machine = await MachineAsync();
        var project = Project(machine);
        Write(machine.Folder("user"), ".ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        Write(project, ".env", "KEY=1\n");
        Write(project, "a.cs", "class A;\n");
        File.CreateSymbolicLink(Path.Combine(project, "link.txt"), Path.Combine(machine.Folder("user"), ".ssh/id_ed25519"));
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));

        var reply = await shim.CallAsync("chat", new JsonObject { ["prompt"] = "Review.", ["files"] = new JsonArray(Path.Combine(project, "a.cs"), path) });

        reply.Code.ShouldBe("FILE_DENIED");
        reply.Text.ShouldContain("no model was asked");
        machine.Simulator.Log.Chats.ShouldBeEmpty();
        Blobs(machine).ShouldBeEmpty();
    }

    /// <summary>Traps 52 and PAL B7.</summary>
    [Fact]
    public async Task What_is_missing_is_told_to_the_model_and_in_the_answer_and_nothing_left_is_an_error()
    {
        await using var machine = await MachineAsync();
        var project = Project(machine);
        Write(project, "a.cs", "class A;\n");
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));

        var some = await shim.CallAsync("chat", Review("a.cs", "gone.cs"));
        var none = await shim.CallAsync("chat", Review("gone.cs"));

        some.Text.ShouldContain("gone.cs: There is no such file.");
        machine.Simulator.Log.Chats.ShouldHaveSingleItem().Count("gone.cs: There is no such file.").ShouldBe(1);
        none.Code.ShouldBe("FILE_NOT_FOUND");
    }

    [Fact]
    public async Task Pending_changes_of_a_repository_are_read_without_running_anything_of_it()
    {
        await using var machine = await MachineAsync();
        var project = Project(machine);
        var trap = Path.Combine(project, "..", "ran");
        Git(project, "init", "-q");
        Write(project, "a.cs", "class Before;\n");
        Write(project, ".gitattributes", "*.cs filter=trap diff=trap\n");
        Git(project, "add", ".");
        Git(project, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first");
        foreach (var (name, value) in ((string, string)[])
            [("core.fsmonitor", $"touch {trap}; false"), ("diff.external", $"touch {trap}; true"), ("diff.trap.textconv", $"touch {trap}; cat"),
            ("diff.trap.command", $"touch {trap}; true"), ("filter.trap.clean", $"touch {trap}; cat"), ("core.pager", $"touch {trap}; cat")])
        {
            Git(project, "config", name, value);
        }

        Write(project, "a.cs", "class After;\n");
        Write(project, ".env", "KEY=top-secret\n");
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", project));
        var reply = await shim.CallAsync("precommit", new JsonObject { ["step"] = "Check the pending changes.", ["path"] = project, ["findings"] = "None yet." });

        reply.IsError.ShouldBeFalse(reply.Text);
        var request = machine.Simulator.Log.Chats.ShouldHaveSingleItem();
        request.Count("-class Before;").ShouldBe(1);
        request.Count("class After;").ShouldBe(1);
        request.Count("top-secret").ShouldBe(0);
        File.Exists(trap).ShouldBeFalse();
    }

    [Fact]
    public async Task Ask_reads_the_files_that_are_named_on_the_command_line()
    {
        await using var machine = await MachineAsync();
        var project = Project(machine);
        Write(project, "notes.txt", "The number is forty-two.\n");
        Write(project, "secret/.env", "KEY=1\n");

        var answered = await machine.RunAsync(["ask", "Which number?", "--file", Path.Combine(project, "notes.txt"), "--json"]);
        var refused = await machine.RunAsync(["ask", "Which key?", "--file", Path.Combine(project, "secret/.env"), "--json"]);

        answered.ExitCode.ShouldBe(0, answered.ToString());
        machine.Simulator.Log.Chats.ShouldHaveSingleItem().Count("The number is forty-two.").ShouldBe(1);
        refused.ExitCode.ShouldBe(1);
        ((string?)JsonNode.Parse(refused.Output)!["error"]!["code"]).ShouldBe("FILE_DENIED");
    }

    private static Task<ExaiHomeFixture> MachineAsync(params SimulatorRule[] rules) => ExaiHomeFixture.CreateAsync(rules, ("GLM_PREFERRED_MODELS", "glm-4.5"), ("DEFAULT_MODEL", "glm-4.5"));

    private static string Project(ExaiHomeFixture machine) => Directory.CreateDirectory(machine.Folder("project")).FullName;

    private static void Write(string folder, string path, string text)
    {
        var full = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private static string Lines(string marker, int count)
    {
        var text = new StringBuilder();
        for (var line = 0; line < count; line++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"    int {marker}_{line:0000} = Compute({line:0000}, \"words\"); // {line:00000}\n");
        }

        return text.ToString();
    }

    private static JsonObject Review(params string[] paths) => new() { ["prompt"] = "Review.", ["files"] = new JsonArray([.. paths.Select(path => (JsonNode)path)]) };

    private static JsonObject GoOn(string thread, string path) => new() { ["prompt"] = "Review again.", ["files"] = new JsonArray(path), ["continuation_id"] = thread };

    private static List<string> Blobs(ExaiHomeFixture machine) => Directory.Exists(machine.Home.BlobsDirectory)
        ? [.. Directory.GetFiles(machine.Home.BlobsDirectory, "*", SearchOption.AllDirectories)]
        : [];

    private static void Git(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        git.WaitForExit();
        git.ExitCode.ShouldBe(0, git.StandardError.ReadToEnd());
    }
}
