using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>The commands as people and scripts use them.</summary>
public sealed class CommandTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Ask_prints_the_answer_and_its_receipt_as_JSON()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var result = await machine.RunAsync(["ask", "What is marker-ask?", "--json"]);

        result.ExitCode.ShouldBe(0, result.ToString());
        var json = JsonNode.Parse(result.Output)!.AsObject();
        json.Select(member => member.Key).ShouldBe(["text", "isError", "receipt"]);
        ((string?)json["text"])!.ShouldContain("marker-ask");
        ((bool?)json["isError"]).ShouldBe(false);
        ((string?)json["receipt"]!["model"]).ShouldBe("glm-4.6");
        ((string?)json["receipt"]!["askedModel"]).ShouldBe("auto");
    }

    [Fact]
    public async Task Ask_prints_the_answer_to_stdout_and_everything_about_it_to_stderr_and_goes_on_with_a_thread()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var first = JsonNode.Parse((await machine.RunAsync(["ask", "What is marker-first?", "--json"])).Output)!;

        var second = await machine.RunAsync(["ask", "And marker-second?", "--thread", (string)first["receipt"]!["threadId"]!]);

        second.ExitCode.ShouldBe(0, second.ToString());
        second.Output.ShouldContain("marker-second");
        second.Output.ShouldNotContain("receipt");
        second.Errors.ShouldContain("receipt");
        machine.Simulator.Log.Chats[^1].Count("What is marker-first?").ShouldBeGreaterThanOrEqualTo(1);
    }

    [Fact]
    public async Task Ask_without_a_provider_fails_and_points_to_the_demo()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", null));

        var plain = await machine.RunAsync(["ask", "Is anybody there?"]);
        var json = await machine.RunAsync(["ask", "Is anybody there?", "--json"]);

        plain.ExitCode.ShouldBe(1, plain.ToString());
        plain.Output.ShouldBeEmpty();
        plain.Errors.ShouldContain("NO_PROVIDER");
        plain.Errors.ShouldContain("exai demo");
        json.ExitCode.ShouldBe(1, json.ToString());
        ((bool?)JsonNode.Parse(json.Output)!["isError"]).ShouldBe(true);
        ((string?)JsonNode.Parse(json.Output)!["error"]!["code"]).ShouldBe("NO_PROVIDER");
    }

    [Fact]
    public async Task Start_status_and_stop_rule_a_daemon_in_the_background()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var none = await machine.RunAsync(["status", "--json"]);
        none.ExitCode.ShouldBe(1, none.ToString());
        ((string?)JsonNode.Parse(none.Output)!["status"]).ShouldBe("stopped");

        var started = await machine.RunAsync(["start"]);
        started.ExitCode.ShouldBe(0, started.ToString());
        var status = await machine.RunAsync(["status", "--json"]);
        status.ExitCode.ShouldBe(0, status.ToString());
        var health = JsonNode.Parse(status.Output)!;
        ((string?)health["status"]).ShouldBe("ready");
        var pid = (int)health["pid"]!;
        started.Output.ShouldContain($"process {pid}");
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        machine.Daemon.Pids.ShouldBe([pid]);

        var stopped = await machine.RunAsync(["stop"]);
        stopped.ExitCode.ShouldBe(0, stopped.ToString());
        LinuxProcesses.IsAlive(pid).ShouldBeFalse();
        File.Exists(machine.Home.HealthFile).ShouldBeFalse();
        (await machine.RunAsync(["status"])).ExitCode.ShouldBe(1);
    }

    [Theory]
    [InlineData(null, "1000000")]
    [InlineData("600000", "600000")]
    public async Task A_daemon_is_given_more_room_between_two_collections_than_a_shim_unless_somebody_said_how_much(string? said, string given)
    {
        const string Variable = "DOTNET_GCGen0MaxBudget";
        await using var machine = await ExaiHomeFixture.CreateAsync(null, (Variable, said));

        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);

        var daemon = machine.Daemon.Pids.ShouldHaveSingleItem();
        LinuxProcesses.With(Variable, given).ShouldContain(process => process.Pid == daemon);
    }

    [Fact]
    public async Task The_demo_shows_that_a_call_survives_says_first_that_its_provider_is_simulated_and_leaves_nothing_behind()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("GLM_API_KEY", null), ("GLM_API_URL", null), ("EXAI_WS_PORT", null));
        var temporary = Directory.CreateDirectory(machine.Folder("tmp"));

        var result = await machine.RunAsync(["demo"], ("TMPDIR", temporary.FullName));
        output.WriteLine(result.Output);

        result.ExitCode.ShouldBe(0, result.ToString());
        result.FirstLine.ShouldContain("simulated provider");
        result.Output.ShouldContain("kill -9 of the daemon");
        result.Output.ShouldContain("the client got 1 response; the provider was asked 2 times");
        machine.Simulator.Log.Count.ShouldBe(0);
        Directory.Exists(machine.Home.Path).ShouldBeFalse();
        machine.Processes.ShouldBeEmpty();
        temporary.EnumerateDirectories("exai-*").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("aks")]
    [InlineData("ask")]
    [InlineData("ask", "one", "two")]
    [InlineData("status", "--jsn")]
    [InlineData("shim", "--fast")]
    public async Task Wrong_usage_is_explained_and_exits_with_2(params string[] arguments)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        var result = await machine.RunAsync(arguments);

        result.ExitCode.ShouldBe(2, result.ToString());
        result.Output.ShouldBeEmpty();
        result.Errors.ShouldContain("--help");
    }

    [Theory]
    [InlineData("ask", "Is anybody there?")]
    [InlineData("status")]
    [InlineData("start")]
    [InlineData("stop")]
    public async Task A_wrong_setting_is_explained_and_exits_with_2(params string[] arguments)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_DRAIN_SECS", "soon"));

        var result = await machine.RunAsync(arguments);

        result.ExitCode.ShouldBe(2, result.ToString());
        result.Errors.ShouldContain("EXAI_DRAIN_SECS");
        result.Errors.ShouldContain("soon");
    }
}
