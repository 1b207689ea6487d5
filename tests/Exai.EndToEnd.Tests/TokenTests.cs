using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests;

/// <summary>Users of one daemon with tokens of their own, as processes.</summary>
public sealed class TokenTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_users_share_a_daemon_and_one_of_them_is_sent_away()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(40)]);
        await machine.Daemon.StartAsync();
        var alice = await AddAsync(machine, "alice", "--concurrent", "2", "--models", "glm-4.6");
        var bob = await AddAsync(machine, "bob");
        var (hers, his) = (await ConnectAsync(machine, "alice", alice), await ConnectAsync(machine, "bob", bob));

        var answer = await hers.ChatAsync("What is marker-alice?");
        answer.Text.ShouldContain("marker-alice");
        (await his.CallAsync("job_list")).Text.ShouldBe("There are no calls yet.");
        var stolen = await his.CallAsync("chat", new JsonObject { ["prompt"] = "And?", ["continuation_id"] = answer.Thread });
        stolen.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        (await hers.CallAsync("chat", new JsonObject { ["prompt"] = "marker-other", ["model"] = "glm-4.5-air" })).Code.ShouldBe(ErrorCodes.ModelNotFound);

        var list = JsonNode.Parse((await machine.RunAsync(["token", "list", "--json"])).Output)!.AsArray();
        list.Select(token => (string)token!["name"]!).ShouldBe(["alice", "bob"], ignoreOrder: true);
        list.Single(token => (string)token!["name"]! == "alice")!["models"]!.ToJsonString().ShouldBe("""["glm/glm-4.6"]""");

        var since = TimeProvider.System.GetTimestamp();
        (await machine.RunAsync(["token", "revoke", "alice"])).ExitCode.ShouldBe(0);
        await Patience.ForAsync("the daemon has one link", () => machine.Daemon.Health!.Sessions == 1);
        output.WriteLine($"the health file shows the end of her link {TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms after the command was begun");
        var refused = await hers.ChatAsync("What is marker-late?");

        refused.Code.ShouldBe(ErrorCodes.Unauthorized);
        machine.Simulator.Asked("marker-late").ShouldBeEmpty();
        (await his.ChatAsync("What is marker-bob?")).Text.ShouldContain("marker-bob");
        (await machine.RunAsync(["ask", "What is marker-owner?"])).ExitCode.ShouldBe(0);
        (await machine.RunAsync(["stop"])).ExitCode.ShouldBe(0);
        var audit = JsonNode.Parse((await machine.RunAsync(["token", "audit", "--json"])).Output)!.AsArray();
        var told = audit.Select(row => $"{row!["what"]} {row["token"]} {((string)row["details"]!).Split(':')[0]}").Distinct().ToList();
        told.ShouldContain("added alice 2 at once; models glm/glm-4.6");
        told.ShouldContain("revoked alice ");
        told.ShouldContain("refused alice MODEL_NOT_FOUND");
        told.ShouldContain("refused alice revoked token");
        told.ShouldContain("refused bob THREAD_NOT_FOUND");
        Directory.EnumerateFiles(machine.Home.Path, "*", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(alice, StringComparison.Ordinal)).ShouldBeEmpty("the secret is kept nowhere");
    }

    [Fact]
    public async Task A_call_beyond_the_limit_waits_in_the_shim_and_is_answered()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(200)]);
        await machine.Daemon.StartAsync();
        var shim = await ConnectAsync(machine, "alice", await AddAsync(machine, "alice", "--concurrent", "1"));

        var first = await shim.SendChatAsync("What is marker-first?");
        await machine.Simulator.AskedAsync("marker-first", tokens: 5);
        var second = await shim.SendChatAsync("What is marker-second?");

        (await shim.ReplyAsync(first)).Text.ShouldContain("marker-first");
        var reply = await shim.ReplyAsync(second);
        reply.IsError.ShouldBeFalse(reply.Text);
        reply.Text.ShouldContain("marker-second");
        machine.Simulator.Asked("marker-second").Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_cannot_be_a_token_is_explained()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        (await machine.RunAsync(["token", "list"])).ExitCode.ShouldBe(1);
        var made = await machine.RunAsync(["token", "add", "alice", "--usd-per-day", "2.5"]);
        made.ExitCode.ShouldBe(0, made.ToString());
        made.Output.Trim().ShouldMatch("^exai_[A-Za-z0-9_-]{43}$");
        made.Errors.ShouldContain("2.5 USD a day");
        made.Errors.ShouldContain("EXAI_WS_TOKEN");
        foreach (var (arguments, exit, told) in new (string[], int, string)[]
        {
            (["token", "add", "alice"], 1, "already"),
            (["token", "add", "Alice"], 2, "small letter"),
            (["token", "add", "bob", "--concurrent", "0"], 2, "--concurrent was 0"),
            (["token", "add", "bob", "--per-minute", "-3", "--usd-per-day", "-1"], 2, "--usd-per-day was -1"),
            (["token", "add", "bob", "--per-minute", "many"], 2, "many"),
            (["token", "add", "bob", "--models", "glm-4.66"], 2, "glm-4.6"),
            (["token", "revoke", "bob"], 1, "There are: alice"),
        })
        {
            var result = await machine.RunAsync(arguments);
            result.ExitCode.ShouldBe(exit, result.ToString());
            result.Errors.ShouldContain(told);
            result.Output.ShouldBeEmpty();
        }

        (await machine.RunAsync(["token", "list"])).Output.ShouldContain("2.5 USD a day");
        (await machine.RunAsync(["token", "revoke", "alice"])).ExitCode.ShouldBe(0);
        (await machine.RunAsync(["token", "revoke", "alice"])).Errors.ShouldContain("already");
        (await machine.RunAsync(["token", "add", "alice"])).Errors.ShouldContain("earlier tokens of that name");
        (await machine.RunAsync(["token", "audit"])).Output.ShouldContain("revoked");
    }

    private static async Task<string> AddAsync(ExaiHomeFixture machine, string name, params string[] limits)
    {
        var result = await machine.RunAsync(["token", "add", name, .. limits]);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output.Trim();
    }

    /// <summary>A shim on the user's own machine: another home, without the owner's token.</summary>
    private static async Task<ShimProcess> ConnectAsync(ExaiHomeFixture machine, string name, string secret)
    {
        var shim = await machine.StartClientAsync(
            ("EXAI_HOME", machine.Folder(name)), ("EXAI_WS_PORT", null), ("EXAI_WS_ENDPOINTS", $"127.0.0.1:{machine.Daemon.Health!.Port}"), ("EXAI_WS_TOKEN", secret));
        // A daemon reads the tokens every three seconds.
        var patience = Patience.Token();
        while ((await shim.CallAsync("version")).IsError)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, patience);
        }

        return shim;
    }
}
