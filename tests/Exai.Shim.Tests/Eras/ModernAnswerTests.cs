using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Shim.Tests.Eras;

/// <summary>What the shim itself answers in the era without a handshake. Checklist rules 5, 6, 8 and 17.</summary>
public sealed class ModernAnswerTests
{
    private const string DaemonList = """{"tools":[{"name":"one","inputSchema":{"type":"object"}}],"ttlMs":60000,"cacheScope":"private","resultType":"complete"}""";

    [Fact]
    public void Lists_without_daemon_may_be_kept_for_a_while_by_their_client_alone() => ShimRig.Run(async rig =>
    {
        rig.Modern("1", "tools/list");
        rig.Modern("2", "prompts/list");
        rig.Modern("3", "resources/list");
        foreach (var id in (string[])["1", "2", "3"])
        {
            var list = (await rig.Client.ResponseAsync(id, TimeSpan.FromMilliseconds(300))).Result!;
            ((int)list["ttlMs"]!).ShouldBe(60_000);
            ((string?)list["cacheScope"]).ShouldBe("private");
            IsComplete(list);
        }

        rig.Client.Responses("1").Single().Result!["tools"]!.AsArray().ShouldNotBeEmpty();
        rig.Client.Responses("2").Single().Result!["prompts"]!.AsArray().ShouldNotBeEmpty();
    });

    [Fact]
    public void Prompt_without_daemon_is_a_whole_result() => ShimRig.Run(async rig =>
    {
        rig.Modern("1", "prompts/get", "\"name\":\"chat\"");

        IsComplete((await rig.Client.ResponseAsync("1")).Result!);
    });

    [Fact]
    public void Call_that_no_daemon_can_answer_is_a_whole_result_that_says_why() => ShimRig.Run(
        async rig =>
        {
            rig.Daemon.Start();
            rig.ModernCall("1");
            var answer = await rig.Client.ResponseAsync("1");

            answer.ErrorCode.ShouldBe(ErrorCodes.Unauthorized);
            IsComplete(answer.Result!);
        },
        rig => rig.Daemon.Token = "another-token-than-that");

    [Fact]
    public void Call_longer_than_its_client_waits_is_answered_running_by_the_name_in_the_call() => ShimRig.Run(
        async rig =>
        {
            rig.Daemon.AnswersCalls = false;
            await rig.ModernReadyAsync();
            var asked = rig.Time.GetUtcNow();
            rig.ModernCall("1", name: "claude-code");
            var answer = await rig.Client.ResponseAsync("1");

            (answer.At - asked).TotalSeconds.ShouldBeInRange(109, 112);
            ((string?)answer.Result!["structuredContent"]!["status"]).ShouldBe("running");
            IsComplete(answer.Result!);
        },
        rig => rig.Environment.Remove("EXAI_CLIENT_WAIT_SECS"));

    [Fact]
    public void Progress_while_a_call_waits_for_a_daemon_has_the_clients_token() => ShimRig.Run(async rig =>
    {
        rig.ModernCall("1", token: "\"p1\"");
        var note = await rig.Client.LineAsync(line => line.Method == "notifications/progress", "progress", TimeSpan.FromSeconds(10));
        note.Json["params"]!["progressToken"]!.ToJsonString().ShouldBe("\"p1\"");
        rig.Daemon.Start();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Lists_of_the_eras_are_kept_apart_on_disk_and_never_served_to_the_other() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/list" && connection.Era == LinkContract.ModernEra)
            {
                connection.Result(message, DaemonList);
                return true;
            }

            return false;
        };
        await rig.ReadyAsync();
        await rig.ModernReadyAsync();
        rig.Daemon.Kill();
        await rig.SettleAsync();
        rig.ListTools("1");
        rig.Modern("2", "tools/list");
        (await rig.Client.ResponseAsync("1")).Result!.ToJsonString().ShouldBe(rig.Daemon.ToolList);
        (await rig.Client.ResponseAsync("2")).Result!.ToJsonString().ShouldBe(DaemonList);

        Directory.GetFiles(rig.Home.CacheDirectory).Select(Path.GetFileName).Order()
            .ShouldBe([$"tools-legacy-{Product.Version}.json", $"tools-modern-{Product.Version}.json"]);
    });

    [Fact]
    public void Daemon_of_another_version_writes_an_entry_of_its_own() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        var own = Path.Combine(rig.Home.CacheDirectory, $"tools-legacy-{Product.Version}.json");
        var before = File.ReadAllText(own);
        (rig.Daemon.Version, rig.Daemon.ToolList) = ("0.99.1", """{"tools":[{"name":"newer","inputSchema":{"type":"object"}}]}""");
        rig.Daemon.Restart();
        await rig.LinkAsync();
        await rig.PassAsync(1);

        File.ReadAllText(own).ShouldBe(before);
        File.ReadAllText(Path.Combine(rig.Home.CacheDirectory, "tools-legacy-0.99.1.json")).ShouldBe(rig.Daemon.ToolList);
    });

    [Theory]
    [InlineData("../../evil")]
    [InlineData("")]
    public void Daemon_whose_version_is_no_file_name_has_its_list_kept_in_memory_alone(string version) => ShimRig.Run(
        async rig =>
        {
            await rig.ReadyAsync();
            await rig.PassAsync(1);
            rig.Daemon.Kill();
            await rig.SettleAsync();
            rig.ListTools("1");

            (await rig.Client.ResponseAsync("1")).Result!.ToJsonString().ShouldBe(rig.Daemon.ToolList);
            (Directory.Exists(rig.Home.CacheDirectory) ? Directory.GetFiles(rig.Home.CacheDirectory) : []).ShouldBeEmpty();
        },
        rig => rig.Daemon.Version = version);

    private static void IsComplete(JsonNode result)
    {
        ((string?)result["resultType"]).ShouldBe("complete");
        ((string?)result["_meta"]![ModernProtocol.ServerInfoKey]!["name"]).ShouldBe(Product.Name);
    }
}
