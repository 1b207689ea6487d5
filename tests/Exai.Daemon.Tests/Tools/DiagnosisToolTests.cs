using System.Text.RegularExpressions;

namespace Exai.Daemon.Tests.Tools;

/// <summary>What the daemon tells of itself. No tool here asks a provider or shows a key.</summary>
public sealed partial class DiagnosisToolTests
{
    private const string Log =
        """
        2026-11-20T10:00:00.000Z INF daemon started
        2026-11-20T11:00:00.000Z WRN link failed: reset
        2026-11-20T12:00:00.000Z INF link ready

        """;

    [Fact]
    public async Task Health_is_the_status_and_the_last_calls_without_what_was_asked()
    {
        await using var rig = await ToolRig.StartAsync();
        await rig.CallAsync("chat", new { prompt = "a secret question" });
        await rig.CallAsync("planner", new { step = "a plan" });

        var text = await rig.CallAsync("health", new { tail_lines = 1 });

        text.ShouldContain("Provider glm is configured; its default model is glm-4.6.");
        text.ShouldContain("Provider kimi is configured");
        CallLine().Matches(text).Select(line => line.Groups["tool"].Value).ShouldBe(["planner"]);
        text.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Tool_call_log_lists_the_newest_calls_first_with_state_and_client()
    {
        await using var rig = await ToolRig.StartAsync();
        (await rig.CallAsync("toolcall_log_tail", new { })).ShouldBe("There are no calls yet.");
        await rig.CallAsync("planner", new { step = "a plan" });
        await rig.CallAsync("chat", new { prompt = "p", continuation_id = "no-such-thread" });

        var text = await rig.CallAsync("toolcall_log_tail", new { n = 10, path = "/etc/passwd" });

        CallLine().Matches(text).Select(line => (line.Groups["tool"].Value, line.Groups["state"].Value, line.Groups["client"].Value))
            .ShouldBe([("chat", "failed", "a client"), ("planner", "succeeded", "a client")]);
        text.ShouldNotContain("root:");
    }

    [Fact]
    public async Task Activity_shows_the_log_by_pattern_and_time()
    {
        await using var rig = await ToolRig.StartAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(rig.Settings.Home.DaemonLog)!);
        await File.WriteAllTextAsync(rig.Settings.Home.DaemonLog, Log, Patience.Token());

        (await rig.CallAsync("activity", new { lines = 1 })).ShouldEndWith("link ready");
        (await rig.CallAsync("activity", new { filter = "fail(ed|ure)" })).ShouldBe("2026-11-20T11:00:00.000Z WRN link failed: reset");
        (await rig.CallAsync("activity", new { since = "2026-11-20T10:30:00Z", until = "2026-11-20T11:30:00Z" })).ShouldBe("2026-11-20T11:00:00.000Z WRN link failed: reset");
        (await rig.CallAsync("activity", new { filter = "no such word" })).ShouldBe("The log has no such lines.");
        (await rig.CallAsync("activity", new { filter = "(" })).ShouldStartWith("INVALID_ARGUMENT: 'filter' is no regular expression");
        (await rig.CallAsync("activity", new { since = "yesterday" })).ShouldStartWith("INVALID_ARGUMENT: 'since' was 'yesterday'");
    }

    [Fact]
    public async Task Activity_with_a_pattern_that_never_ends_is_stopped()
    {
        await using var rig = await ToolRig.StartAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(rig.Settings.Home.DaemonLog)!);
        await File.WriteAllTextAsync(rig.Settings.Home.DaemonLog, new string('a', 5000) + "!", Patience.Token());

        (await rig.CallAsync("activity", new { filter = "^(a+)+$" })).ShouldContain("use a simpler one");
    }

    [Fact]
    public async Task Self_check_tells_store_providers_and_log()
    {
        await using var rig = await ToolRig.StartAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(rig.Settings.Home.DaemonLog)!);
        await File.WriteAllTextAsync(rig.Settings.Home.DaemonLog, Log, Patience.Token());

        var text = await rig.CallAsync("self-check", new { log_lines = 2 });

        text.ShouldStartWith("Store: it can be read.");
        text.ShouldContain("Provider glm is configured");
        text.ShouldEndWith("2026-11-20T11:00:00.000Z WRN link failed: reset\n2026-11-20T12:00:00.000Z INF link ready");
        text.ShouldNotContain("daemon started");
    }

    [Fact]
    public async Task Capabilities_tell_each_provider_and_the_tools_and_no_key()
    {
        await using var rig = await ToolRig.StartAsync();

        var text = await rig.CallAsync("provider_capabilities", new { show_advanced = true });
        var brief = await rig.CallAsync("provider_capabilities", new { include_tools = false });

        text.ShouldContain("glm (glm dialect, GLM_API_KEY): chat, web search, thinking, files (batch, code-interpreter, agent, voice-clone-input), live model list");
        text.ShouldContain("kimi (kimi dialect, KIMI_API_KEY): chat, web search");
        text.ShouldContain("requests at once");
        text.ShouldContain("kimi_manage_files");
        text.ShouldNotContain("s3cr3t");
        brief.ShouldNotContain("Tools:");
        rig.Routes.ShouldBeEmpty();
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  (?<tool>\S+)  (?<state>\w+)  [\d.]+ s  (?<client>.+?)  [0-9a-f-]{36}\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex CallLine();
}
