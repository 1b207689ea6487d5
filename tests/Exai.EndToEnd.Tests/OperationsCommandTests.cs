using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>The commands that look at a running daemon, and the one that takes settings over.</summary>
public sealed class OperationsCommandTests
{
    [Fact]
    public async Task Status_logs_top_and_dashboard_show_a_running_daemon()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        (await machine.RunAsync(["ask", "What is marker-top?"])).ExitCode.ShouldBe(0);

        var status = JsonNode.Parse((await machine.RunAsync(["status", "--json"])).Output)!;
        var logs = await machine.RunAsync(["logs", "-n", "1000"]);
        var top = await machine.RunAsync(["top"]);
        var dashboard = await machine.RunAsync(["dashboard", "--print"]);

        ((string?)status["components"]!["store"]!["status"]).ShouldBe("ok");
        ((int?)status["monitoring_port"]).ShouldNotBe(0);
        logs.Output.ShouldContain("serves epoch");
        logs.Output.ShouldNotContain("marker-top");
        top.Output.ShouldContain("1 succeeded");
        dashboard.ExitCode.ShouldBe(0, dashboard.ToString());
        dashboard.Output.ShouldContain("/signin/");
        using var http = new HttpClient();
        (await http.GetStringAsync(dashboard.FirstLine, TestContext.Current.CancellationToken)).ShouldContain("<title>EXAI</title>");
    }

    [Theory]
    [InlineData("logs")]
    [InlineData("top")]
    [InlineData("dashboard", "--print")]
    [InlineData("health")]
    public async Task Without_a_daemon_they_say_so_and_exit_with_1(params string[] arguments)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var result = await machine.RunAsync(arguments);

        result.ExitCode.ShouldBe(1, result.ToString());
        result.Errors.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Import_takes_what_has_a_meaning_keeps_what_is_set_and_names_the_rest()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", null), ("GLM_API_URL", null));
        var old = machine.Folder("old.env");
        await File.WriteAllTextAsync(
            old,
            """
            ZHIPUAI_API_KEY="a-key-of-another-installation"
            KIMI_TIMEOUT_SECS=180  # three minutes
            JWT_GRACE_PERIOD_DAYS=14
            WHAT_IS_THIS=1
            EXAI_WS_GLOBAL_MAX_INFLIGHT=many
            """,
            TestContext.Current.CancellationToken);

        var first = await machine.RunAsync(["config", "import", old]);
        var second = await machine.RunAsync(["config", "import", old]);
        var config = JsonNode.Parse((await machine.RunAsync(["config", "--json"])).Output)!;

        first.ExitCode.ShouldBe(0, first.ToString());
        foreach (var line in (string[])["taken    GLM_API_KEY", "(was ZHIPUAI_API_KEY)", "taken    KIMI_TIMEOUT_SECS=180", "ignored  JWT_GRACE_PERIOD_DAYS", "unknown  WHAT_IS_THIS", "refused  EXAI_WS_GLOBAL_MAX_INFLIGHT"])
        {
            first.Output.ShouldContain(line);
        }

        first.Output.ShouldNotContain("a-key-of-another-installation");
        second.Output.ShouldContain("kept     GLM_API_KEY");
        second.Output.ShouldContain("Nothing was written");
        (await File.ReadAllTextAsync(machine.Home.SettingsFile, TestContext.Current.CancellationToken)).ShouldContain("GLM_API_KEY=a-key-of-another-installation");
        config["settings"]!.AsArray().Select(setting => (string?)setting!["name"]).ShouldContain("KIMI_TIMEOUT_SECS");
    }
}
