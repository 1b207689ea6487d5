using Exai.Core.Calls;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Tools.Workflow;

/// <summary>The engine of the tools with steps: what a step answers, what the expert sees, where the record lives.</summary>
public sealed class WorkflowToolTests
{
    /// <summary>Steps between ask nobody, and are short; the last one brings the expert everything.</summary>
    [Fact]
    public void Steps_are_noted_and_the_last_one_asks_the_expert_with_all_of_them() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var first = await daemon.AskAsync(world.Call("debug", new
        {
            step = "The total is one too high.",
            step_number = 1,
            total_steps = 2,
            next_step_required = true,
            findings = "Sum() counts the header line.",
            files_checked = new[] { "/p/Sum.cs" },
            confidence = "low",
            hypothesis = "off by one",
        }));
        var thread = first.Receipt.ThreadId;

        first.Text.ShouldStartWith("debug: step 1 of 2 is noted (1 files, 0 issues, confidence low).\n");
        first.Text.ShouldContain("call debug with step_number 2");
        first.Text.Length.ShouldBeLessThan(700);
        (first.Receipt.Model, world.Provider.Requests.Count).ShouldBe((null, 0));

        var last = await daemon.AskAsync(world.Call("debug", new
        {
            step = "Read the loop.",
            step_number = 2,
            total_steps = 2,
            next_step_required = false,
            findings = "It starts at 0.",
            continuation_id = thread,
            issues_found = new object[] { new { severity = "high", description = "header counted", location = "Sum.cs:12" } },
            confidence = "high",
        }));

        last.State.ShouldBe(CallState.Succeeded);
        last.Text.ShouldContain("[glm-4.6 · ");
        last.Receipt.ThreadId.ShouldBe(thread);
        var request = world.Provider.Requests.ShouldHaveSingleItem();
        request.Messages.Count.ShouldBe(2);
        request.Prompt.ShouldBe(
            """
            # Request

            The total is one too high.

            # Step 1

            Findings: Sum() counts the header line.

            # Step 2

            Read the loop.

            Findings: It starts at 0.

            # Issues found

            - [high] header counted (Sum.cs:12)

            # Hypothesis

            off by one

            # The investigator's confidence

            high

            # Files looked at

            /p/Sum.cs
            """);
    });

    /// <summary>Traps 158, 222: nothing but the step is required, and nothing forces more of them.</summary>
    [Theory]
    [InlineData("thinkdeep")]
    [InlineData("debug")]
    [InlineData("analyze")]
    [InlineData("refactor")]
    [InlineData("secaudit")]
    public void One_step_alone_is_a_whole_investigation(string tool) => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call(tool, new { step = "Why is it slow?" }));

        (outcome.State, outcome.Receipt.Model).ShouldBe((CallState.Succeeded, "glm-4.6"));
        world.Provider.Requests.ShouldHaveSingleItem().Prompt.ShouldBe("# Request\n\nWhy is it slow?\n\n# Step 1");
    });

    [Theory]
    [InlineData("debug", "certain", true)]
    [InlineData("debug", "almost_certain", false)]
    [InlineData("refactor", "almost_certain", true)]
    [InlineData("refactor", "complete", true)]
    [InlineData("analyze", "certain", false)]
    public void Sure_agent_is_not_charged_for_an_expert(string tool, string confidence, bool skips) => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call(tool, new { step = "s", findings = "f", confidence }));

        world.Provider.Requests.Count.ShouldBe(skips ? 0 : 1);
        if (skips)
        {
            outcome.Text.ShouldContain("no expert was asked, because your confidence is");
            outcome.Text.ShouldContain("Findings: f");
        }
    });

    [Fact]
    public void Expert_that_is_not_wanted_is_not_asked() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("debug", new { step = "s", findings = "f", use_assistant_model = false }));

        outcome.Text.ShouldStartWith("The investigation is complete; no expert was asked, as you wished.");
        world.Provider.Requests.ShouldBeEmpty();
    });

    /// <summary>Traps 35, 119 and PAL B3: one process, one tool, two investigations whose steps alternate.</summary>
    [Fact]
    public void Two_investigations_that_alternate_never_mix_across_a_kill() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var a = (await daemon.AskAsync(world.Call("debug", new { step = "ALPHA crashes", next_step_required = true, findings = "alpha-one" }))).Receipt.ThreadId;
        var b = (await daemon.AskAsync(world.Call("debug", new { step = "BETA hangs", next_step_required = true, findings = "beta-one" }))).Receipt.ThreadId;
        await daemon.AskAsync(world.Call("debug", new { step = "more", step_number = 2, next_step_required = true, findings = "alpha-two", continuation_id = a }));
        await daemon.KillAsync();
        var next = world.Start();
        await next.AskAsync(world.Call("debug", new { step = "end", step_number = 2, findings = "beta-two", continuation_id = b }));
        await next.AskAsync(world.Call("debug", new { step = "end", step_number = 3, findings = "alpha-three", continuation_id = a }));

        var beta = world.Provider.Requests[0].Prompt;
        var alpha = world.Provider.Requests[1].Prompt;
        foreach (var word in new[] { "BETA", "beta-one", "beta-two" })
        {
            beta.ShouldContain(word);
            alpha.ShouldNotContain(word);
        }

        foreach (var word in new[] { "ALPHA", "alpha-one", "alpha-two", "alpha-three" })
        {
            alpha.ShouldContain(word);
            beta.ShouldNotContain(word);
        }
    });

    /// <summary>Trap 118 and PAL B2: the expert knows what was said in the thread, whichever tool it was said to; and chat knows the investigation.</summary>
    [Fact]
    public void Thread_goes_from_chat_to_debug_and_back() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("We use SQLite in WAL mode."))).Receipt.ThreadId;
        await daemon.AskAsync(world.Call("debug", new { step = "It locks up.", next_step_required = true, findings = "a long reader", continuation_id = thread }));
        await daemon.AskAsync(world.Call("debug", new { step = "Looked at readers.", findings = "one never ends", continuation_id = thread }));
        await daemon.AskAsync(world.Chat("What was it?", thread));

        world.Provider.Requests[1].Messages.Select(message => message.Text).ToList()[1].ShouldBe("We use SQLite in WAL mode.");
        world.Provider.Requests[1].Messages.Count.ShouldBe(4);
        var chat = string.Join('\n', world.Provider.Requests[2].Messages.Select(message => message.Text));
        foreach (var once in new[] { "We use SQLite in WAL mode.", "a long reader", "one never ends", "What was it?" })
        {
            // The echo of the scripted provider repeats what it was asked.
            chat.Split(once).Length.ShouldBeGreaterThan(1);
        }
    });

    /// <summary>Trap 38: an expert that failed leaves the earlier steps as they were; the last one can be sent again.</summary>
    [Fact]
    public void Expert_that_failed_fails_the_call_and_the_step_can_be_sent_again() => CallWorld.Run(async world =>
    {
        var broken = true;
        world.Provider = new ScriptedChatClient(world.Time, request => broken
            ? [new ScriptStep.Fail(new ProviderException(new CallError { Code = ErrorCodes.ProviderQuota, Message = "glm has no balance." }, FailureClass.Stop))]
            : ScriptedChatClient.Echo(request, TimeSpan.FromSeconds(1)));
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Call("debug", new { step = "A fault.", next_step_required = true, findings = "first" }))).Receipt.ThreadId;
        var end = new { step = "End.", step_number = 2, findings = "second", continuation_id = thread };

        var failed = await daemon.AskAsync(world.Call("debug", end));
        broken = false;
        var again = await daemon.AskAsync(world.Call("debug", end));

        (failed.State, failed.Error!.Code).ShouldBe((CallState.Failed, ErrorCodes.ProviderQuota));
        again.State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests[^1].Prompt.Split("Findings: second").Length.ShouldBe(2);
        world.Provider.Requests[^1].Prompt.ShouldContain("Findings: first");
    });

    /// <summary>An expert's answer that was journaled is not paid for again.</summary>
    [Fact]
    public void Expert_who_answered_before_the_kill_is_not_asked_again() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var call = world.Call("thinkdeep", new { step = "Which queue?" });
        var killed = Task.CompletedTask;
        daemon.Store.StepSaved = () => killed = daemon.KillAsync();
        _ = daemon.Calls.StartOrAttach(call);
        await world.AfterAsync(11);
        await killed;

        var outcome = await world.Start().AskAsync(call);

        (outcome.State, outcome.Receipt.Recovered, world.Provider.Requests.Count).ShouldBe((CallState.Succeeded, "replayed", 1));
    });

    [Fact]
    public void Backtracking_takes_steps_back_and_a_number_said_again_replaces_its_step() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Call("debug", new { step = "one", next_step_required = true, findings = "keep" }))).Receipt.ThreadId;
        await daemon.AskAsync(world.Call("debug", new { step = "two", step_number = 2, next_step_required = true, findings = "wrong turn", continuation_id = thread }));
        await daemon.AskAsync(world.Call("debug", new { step = "three", step_number = 3, next_step_required = true, findings = "wronger", continuation_id = thread }));
        var back = await daemon.AskAsync(world.Call("debug", new
        {
            step = "two again",
            step_number = 4,
            backtrack_from_step = 2,
            next_step_required = true,
            findings = "right",
            continuation_id = thread,
        }));
        await daemon.AskAsync(world.Call("debug", new { step = "end", step_number = 4, findings = "righter", continuation_id = thread }));

        back.Text.ShouldContain("It takes the place of step 2, 3.");
        var prompt = world.Provider.Requests.ShouldHaveSingleItem().Prompt;
        prompt.ShouldContain("keep");
        prompt.ShouldContain("righter");
        prompt.ShouldNotContain("wrong turn");
        prompt.ShouldNotContain("wronger");
        prompt.ShouldNotContain("two again");
    });

    /// <summary>Two runs of one tool that are open in one thread: a step that could belong to either is refused with their ids.</summary>
    [Fact]
    public void Step_that_could_belong_to_two_open_runs_is_refused_until_it_names_one() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var first = world.Call("debug", new { step = "ALPHA", next_step_required = true, findings = "alpha" });
        var thread = (await daemon.AskAsync(first)).Receipt.ThreadId;
        var second = world.Call("debug", new { step = "BETA", step_number = 1, next_step_required = true, findings = "beta", continuation_id = thread });
        await daemon.AskAsync(second);

        var refused = await daemon.AskAsync(world.Call("debug", new { step = "end", step_number = 2, findings = "x", continuation_id = thread }));
        var named = await daemon.AskAsync(world.Call("debug", new { step = "end", step_number = 2, findings = "x", continuation_id = thread, run_id = first.CallId }));

        refused.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        refused.Text.ShouldContain($"{first.CallId} (\"ALPHA\"), {second.CallId} (\"BETA\")");
        named.State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.ShouldHaveSingleItem().Prompt.ShouldStartWith("# Request\n\nALPHA");
    });

    /// <summary>Traps 54, 125: each is refused with its argument's name, and nobody is asked.</summary>
    [Theory]
    [InlineData("debug", """{}""", "'step' is missing")]
    [InlineData("debug", """{"step":"s","step_number":2}""", "there is no investigation by debug that it could go on with")]
    [InlineData("debug", """{"step":"s","step_number":0}""", "'step_number' was 0 (number); it must be a whole number of at least 1.")]
    [InlineData("debug", """{"step":"s","step_number":1.5}""", "'step_number' was 1.5")]
    [InlineData("debug", """{"step":"s","relevant_files":"a.cs"}""", "'relevant_files' was \"a.cs\" (string); it must be a list of texts.")]
    [InlineData("debug", """{"step":"s","confidence":"sure"}""", "it may be exploring, low, medium")]
    [InlineData("debug", """{"step":"s","findngs":"f"}""", "did you mean 'findings'?")]
    [InlineData("debug", """{"step":"s","run_id":"x"}""", "the thread has no investigation by debug")]
    [InlineData("debug", """{"step":"s","issues_found":["x"]}""", "it must be a list of objects")]
    [InlineData("codereview", """{"step":"s"}""", "'relevant_files' is missing. The first step of codereview needs it: the files that it is about.")]
    [InlineData("testgen", """{"step":"s","relevant_files":[]}""", "'relevant_files' is missing")]
    [InlineData("precommit", """{"step":"s"}""", "'path' is missing. The first step of precommit needs it: the absolute path of the repository.")]
    [InlineData("analyze", """{"step":"s","analysis_type":"deep"}""", "'analysis_type' was 'deep'; it may be architecture, performance, security, quality, general.")]
    [InlineData("planner", """{"step":"s","findings":"f"}""", "planner has no argument 'findings'")]
    public void Step_that_is_wrong_asks_nobody(string tool, string json, string message) => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call(tool, System.Text.Json.JsonElement.Parse(json)));

        outcome.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        outcome.Text.ShouldContain(message);
        world.Provider.Requests.ShouldBeEmpty();
    });

    [Fact]
    public void Synonyms_of_old_are_understood() => CallWorld.Run(async world =>
    {
        await world.Start().AskAsync(world.Call("analyze", new { step = "s", analysis_type = "Comprehensive", confidence = "partial" }));

        var prompt = world.Provider.Requests.ShouldHaveSingleItem().Prompt;
        prompt.ShouldContain("- analysis type: general");
        prompt.ShouldContain("medium");
    });
}
