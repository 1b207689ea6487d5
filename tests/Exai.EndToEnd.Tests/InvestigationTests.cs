using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>Investigations, consensus and threads through the real shim and daemon: what others got wrong.</summary>
public sealed class InvestigationTests
{
    /// <summary>Traps 35, 119, 122; PAL B3: two clients, one tool, steps that alternate, a daemon killed between them.</summary>
    [Fact]
    public async Task Two_investigations_of_two_clients_never_mix_and_lose_nothing_when_the_daemon_is_killed_between_steps()
    {
        await using var machine = await MachineAsync();
        var one = await machine.StartClientAsync();
        var two = await machine.StartClientAsync();

        var alpha = (await CallAsync(one, "debug", new { step = "ALPHA crashes", next_step_required = true, findings = "alpha-first" })).Thread;
        var beta = (await CallAsync(two, "debug", new { step = "BETA hangs", next_step_required = true, findings = "beta-first" })).Thread;
        await CallAsync(one, "debug", new { step = "on", step_number = 2, next_step_required = true, findings = "alpha-second", continuation_id = alpha });
        await machine.Daemon.KillAsync();
        await CallAsync(two, "debug", new { step = "on", step_number = 2, next_step_required = true, findings = "beta-second", continuation_id = beta });
        machine.Simulator.Log.Chats.ShouldBeEmpty();
        await machine.Daemon.KillAsync();
        (await CallAsync(one, "debug", new { step = "end", step_number = 3, findings = "alpha-third", continuation_id = alpha })).IsError.ShouldBeFalse();
        (await CallAsync(two, "debug", new { step = "end", step_number = 3, findings = "beta-third", continuation_id = beta })).IsError.ShouldBeFalse();

        machine.Simulator.Log.Chats.Count.ShouldBe(2);
        Holds(machine.Simulator.Log.Chats[0], ["ALPHA crashes", "alpha-first", "alpha-second", "alpha-third"], without: "beta");
        Holds(machine.Simulator.Log.Chats[1], ["BETA hangs", "beta-first", "beta-second", "beta-third"], without: "alpha");
    }

    /// <summary>PAL B1, trap 116: seven turns grow evenly, through a tool with steps too.</summary>
    [Fact]
    public async Task Seven_turns_of_chat_and_debug_hold_each_question_once()
    {
        await using var machine = await MachineAsync();
        var shim = await machine.StartClientAsync();

        var thread = (await CallAsync(shim, "chat", new { prompt = "QUESTION-1" })).Thread;
        for (var turn = 2; turn <= 7; turn++)
        {
            var (tool, arguments) = turn % 2 == 0
                ? ("debug", (object)new { step = $"QUESTION-{turn}", continuation_id = thread })
                : ("chat", new { prompt = $"QUESTION-{turn}", continuation_id = thread });
            (await CallAsync(shim, tool, arguments)).IsError.ShouldBeFalse();
        }

        var last = machine.Simulator.Log.Chats[^1];
        Enumerable.Range(1, 7).ShouldAllBe(turn => last.Count($"QUESTION-{turn}") == 1);
    }

    /// <summary>PAL B2, trap 118: the expert knows the thread.</summary>
    [Fact]
    public async Task Expert_is_told_what_was_said_in_the_thread_before()
    {
        await using var machine = await MachineAsync();
        var shim = await machine.StartClientAsync();

        var thread = (await CallAsync(shim, "chat", new { prompt = "Our queue is UNBOUNDED." })).Thread;
        foreach (var tool in new[] { "debug", "thinkdeep", "analyze" })
        {
            await CallAsync(shim, tool, new { step = $"Why does {tool} matter?", continuation_id = thread });
            machine.Simulator.Log.Chats[^1].Count("Our queue is UNBOUNDED.").ShouldBe(1);
        }
    }

    /// <summary>PAL B4, traps 36 and 120: A1, B1, A2.</summary>
    [Fact]
    public async Task Two_consensus_runs_whose_steps_interleave_keep_their_proposals_and_verdicts()
    {
        await using var machine = await MachineAsync();
        var one = await machine.StartClientAsync();
        var two = await machine.StartClientAsync();
        object[] models = [new { model = "glm-4.6", stance = "for" }, new { model = "glm-4.5", stance = "against" }];

        var a = await CallAsync(one, "consensus", new { step = "ALPHA", step_number = 1, total_steps = 2, next_step_required = true, findings = "f", models });
        var b = await CallAsync(two, "consensus", new { step = "BETA", step_number = 1, total_steps = 2, next_step_required = true, findings = "f", models });
        await machine.Daemon.KillAsync();
        var a2 = await CallAsync(one, "consensus", new { step = "notes", step_number = 2, total_steps = 2, next_step_required = false, continuation_id = a.Thread });

        b.IsError.ShouldBeFalse();
        a2.Text.ShouldContain("The consensus on \"ALPHA\" is complete");
        a2.Text.ShouldNotContain("BETA");
        machine.Simulator.Log.Chats.Count.ShouldBe(4);
        machine.Simulator.Log.Chats.ShouldAllBe(chat => chat.Count("ALPHA") + chat.Count("BETA") == 1);
        a.Receipt["parts"]!.AsArray().Select(part => (string?)part!["stance"]).ShouldBe(["for", "against"]);
    }

    /// <summary>PAL B5, traps 1 and 121: three calls of 2 s each take about 2 s, and a fourth tool answers at once.</summary>
    [Fact]
    public async Task Calls_that_wait_for_their_provider_hold_nobody_up()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { PromptContains = "slow", FirstTokenMs = 2000, ReasoningTokens = 0, Answer = "done" }],
            ("EXAI_WS_GLM_MAX_INFLIGHT", "3"), ("EXAI_WS_SESSION_MAX_INFLIGHT", "3"));
        var shim = await machine.StartClientAsync();
        await CallAsync(shim, "version", new { });

        var begun = shim.Elapsed;
        var ids = new List<string>();
        foreach (var tool in new[] { "debug", "thinkdeep", "analyze" })
        {
            ids.Add(await SendAsync(shim, tool, new { step = "slow" }));
        }

        (await CallAsync(shim, "version", new { })).Line.At.ShouldBeLessThan(begun + TimeSpan.FromSeconds(1));
        foreach (var id in ids)
        {
            (await shim.ReplyAsync(id)).IsError.ShouldBeFalse();
        }

        (shim.Elapsed - begun).ShouldBeInRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));
    }

    /// <summary>A prompt is text for the client's model, with the daemon or without.</summary>
    [Fact]
    public async Task Prompts_are_there_with_the_daemon_and_without()
    {
        await using var machine = await MachineAsync();
        var shim = await machine.StartClientAsync();
        await CallAsync(shim, "version", new { });
        await shim.SendAsync("""{"jsonrpc":"2.0","id":"p1","method":"prompts/list"}""");
        await shim.SendAsync("""{"jsonrpc":"2.0","id":"p2","method":"prompts/get","params":{"name":"debug","arguments":{"request":"it leaks"}}}""");

        var list = (await shim.ResponseAsync("\"p1\"")).Message["result"]!["prompts"]!.AsArray();
        var prompt = (await shim.ResponseAsync("\"p2\"")).Message["result"]!["messages"]![0]!["content"]!["text"]!;

        list.Select(entry => (string?)entry!["name"]).ShouldContain("continue");
        ((string?)prompt)!.ShouldContain("Use the EXAI tool debug for this request: it leaks");
    }

    /// <summary>Trap 195: hidden means refused; and names of old lead on.</summary>
    [Fact]
    public async Task Tool_that_is_not_offered_is_refused_and_a_name_of_old_is_understood()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([], ("TOOL_PROFILE", "lean"), ("DISABLED_TOOLS", "planner"));
        var shim = await machine.StartClientAsync();

        (await CallAsync(shim, "refactor", new { step = "s" })).Text.ShouldContain("TOOL_NOT_FOUND: The tool 'refactor' is not among those that this daemon offers (TOOL_PROFILE, DISABLED_TOOLS).");
        (await CallAsync(shim, "planner_EXAI-WS", new { step = "s" })).Code.ShouldBe("TOOL_NOT_FOUND");
        (await CallAsync(shim, "deepthink_EXAI-WS", new { step = "s" })).IsError.ShouldBeFalse();
        (await CallAsync(shim, "codreview", new { step = "s" })).Text.ShouldContain("Did you mean codereview");
    }

    /// <summary>Trap 123; and the terminal calls what a client calls.</summary>
    [Fact]
    public async Task Conversations_are_listed_searched_shown_exported_and_deleted_from_the_terminal()
    {
        await using var machine = await MachineAsync();
        var called = await machine.RunAsync(["call", "chat", "--args", """{"prompt":"Is a GREEN field needed?"}""", "--json"]);
        var thread = (string)JsonNode.Parse(called.Output)!["receipt"]!["threadId"]!;

        (await machine.RunAsync(["threads", "list"])).Output.ShouldContain("Is a GREEN field needed?");
        (await machine.RunAsync(["threads", "search", "green"])).Output.ShouldContain(thread);
        (await machine.RunAsync(["threads", "search", "purple"])).Output.ShouldNotContain(thread);
        (await machine.RunAsync(["threads", "show", thread])).Output.ShouldContain("> Is a GREEN field needed?");
        JsonNode.Parse((await machine.RunAsync(["threads", "export", thread])).Output)!["turns"]![0]!["question"]!.ToString().ShouldBe("Is a GREEN field needed?");
        (await machine.RunAsync(["threads", "delete", thread])).ExitCode.ShouldBe(0);
        (await machine.RunAsync(["threads", "delete", thread])).ExitCode.ShouldBe(1);
        (await machine.RunAsync(["threads", "list"])).Output.ShouldNotContain(thread);
        (await machine.RunAsync(["call", "chat", "--args", "[1]"])).ExitCode.ShouldBe(2);
    }

    private static Task<ExaiHomeFixture> MachineAsync() =>
        ExaiHomeFixture.CreateAsync([new SimulatorRule { Answer = "Verdict: fine.", ReasoningTokens = 0 }]);

    private static async Task<ToolReply> CallAsync(ShimProcess shim, string tool, object arguments) => await shim.ReplyAsync(await SendAsync(shim, tool, arguments));

    private static async Task<string> SendAsync(ShimProcess shim, string tool, object arguments) =>
        await shim.SendCallAsync(tool, JsonSerializer.SerializeToNode(arguments)!.AsObject());

    private static void Holds(SimulatorRequest request, string[] words, string without)
    {
        var body = request.Body.GetRawText();
        words.ShouldAllBe(word => body.Contains(word, StringComparison.Ordinal));
        body.ShouldNotContain(without);
    }
}
