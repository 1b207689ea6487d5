using System.IO.Compression;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>Trap 178: the broken link is named, whichever it is; and no secret is shown (trap 199).</summary>
public sealed class DoctorTests
{
    private const string Key = "fedcba9876543210fedcba9876543210.PlantedGlmSecret";

    [Fact]
    public async Task Nothing_is_broken_before_the_first_start_and_nothing_is_started_by_looking()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var (exit, findings) = await ExamineAsync(machine);

        exit.ShouldBe(0);
        Status(findings, "client").ShouldBe("warning");
        Status(findings, "shim").ShouldBe("ok");
        Status(findings, "daemon").ShouldBe("warning");
        Status(findings, "provider").ShouldBe("ok");
        machine.Daemon.Pids.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("provider", "GLM_API_URL", "http://127.0.0.1:1/v4")]
    [InlineData("provider", "GLM_API_KEY", "a-wrong-key-of-nobody")]
    [InlineData("provider", "GLM_API_KEY", null)]
    [InlineData("settings", "EXAI_DRAIN_SECS", "soon")]
    [InlineData("settings", "GLM_STREAM_TIMEOUT", "20")]
    public async Task Broken_link_is_named_with_its_mend(string link, string name, string? value)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var (exit, findings) = await ExamineAsync(machine, (name, value));

        exit.ShouldBe(1);
        var broken = findings.Where(finding => (string?)finding!["status"] == "broken").ToList();
        broken.ShouldNotBeEmpty();
        broken.ShouldAllBe(finding => (string?)finding!["link"] == link);
        broken.ShouldAllBe(finding => ((string?)finding!["mend"])!.Length > 0);
    }

    [Fact]
    public async Task Stopped_on_purpose_is_broken_and_a_running_daemon_is_well()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var health = await machine.RunAsync(["health"]);
        var (well, findings) = await ExamineAsync(machine);
        (await machine.RunAsync(["stop"])).ExitCode.ShouldBe(0);
        var (stopped, after) = await ExamineAsync(machine);

        health.ExitCode.ShouldBe(0, health.ToString());
        well.ShouldBe(0);
        findings.Where(finding => (string?)finding!["link"] is "daemon" or "version" or "store").ShouldAllBe(finding => (string?)finding!["status"] == "ok");
        stopped.ShouldBe(1);
        Status(after, "daemon").ShouldBe("broken");
        (await machine.RunAsync(["health"])).ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Of_several_daemons_one_that_is_away_is_a_warning_and_all_are_broken()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await machine.Daemon.StartAsync();
        var port = machine.Daemon.Health!.Port;

        var (one, findings) = await ExamineAsync(machine, ("EXAI_WS_ENDPOINTS", $"127.0.0.1:1,127.0.0.1:{port}"));
        var (none, _) = await ExamineAsync(machine, ("EXAI_WS_ENDPOINTS", "127.0.0.1:1,127.0.0.1:2"));

        one.ShouldBe(0);
        findings.Where(finding => (string?)finding!["link"] == "daemon").Select(finding => (string?)finding!["status"]).ShouldBe(["warning", "ok"]);
        none.ShouldBe(1);
    }

    [Fact]
    public async Task Client_whose_program_is_gone_is_broken_until_it_is_installed_anew()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var file = Path.Combine(machine.Environment["HOME"], ".cursor", "mcp.json");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, """{"mcpServers": {"exai": {"command": "/gone/exai"}, "other": {"command": "x"}}}""", TestContext.Current.CancellationToken);

        var (before, _) = await ExamineAsync(machine);
        var print = await machine.RunAsync(["install", "cursor", "--print"]);
        var install = await machine.RunAsync(["install", "cursor"]);
        var again = await machine.RunAsync(["install", "cursor"]);
        var (after, _) = await ExamineAsync(machine);

        before.ShouldBe(1);
        print.Output.ShouldContain("Nothing was written");
        install.ExitCode.ShouldBe(0, install.ToString());
        install.Output.ShouldContain("- ");
        again.Output.ShouldContain("nothing was changed");
        after.ShouldBe(0);
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldContain("\"other\": {\"command\": \"x\"}");
        Directory.GetFiles(Path.GetDirectoryName(file)!, "*.bak").Length.ShouldBe(1);
        (await machine.RunAsync(["install", "notepad"])).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Probe_asks_a_provider_once_and_the_bundle_holds_no_secret_question_or_answer()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", Key));
        (await machine.RunAsync(["ask", $"marker-question about {Key}"])).ExitCode.ShouldBe(0);
        var asked = machine.Simulator.Log.Chats.Count;
        var bundle = machine.Folder("bundle.zip");

        var result = await machine.RunAsync(["doctor", "--probe", "--bundle", bundle]);

        result.ExitCode.ShouldBe(0, result.ToString());
        machine.Simulator.Log.Chats.Count.ShouldBe(asked + 1);
        result.Output.ShouldNotContain("PlantedGlmSecret");
        using var zip = ZipFile.OpenRead(bundle);
        zip.Entries.Select(entry => entry.FullName).ShouldContain("logs/daemon.log");
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            text.ShouldNotContain("PlantedGlmSecret");
            text.ShouldNotContain("marker-question");
            text.ShouldNotContain((await File.ReadAllTextAsync(machine.Home.TokenFile, TestContext.Current.CancellationToken)).Trim());
        }
    }

    private static async Task<(int ExitCode, JsonArray Findings)> ExamineAsync(ExaiHomeFixture machine, params (string Name, string? Value)[] settings)
    {
        var result = await machine.RunAsync(["doctor", "--json"], settings);
        return (result.ExitCode, (JsonArray)JsonNode.Parse(result.Output)!["findings"]!);
    }

    /// <summary>The worst that is said of a link.</summary>
    private static string Status(JsonArray findings, string link)
    {
        var said = findings.Where(finding => (string?)finding!["link"] == link).Select(finding => (string)finding!["status"]!).ToList();
        return said.Contains("broken") ? "broken" : said.Contains("warning") ? "warning" : said.Contains("ok") ? "ok" : "nothing";
    }
}
