using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Tools;

/// <summary>Several models, one proposal: at once, blind, each in its role, none replaced.</summary>
public sealed class ConsensusToolTests
{
    private static readonly object[] Three =
    [
        new { model = "glm-4.6", stance = "for" }, new { model = "glm-4.5", stance = "against" }, new { model = "glm-4.5-air" },
    ];

    /// <summary>Trap 37, and 3 x 10 s in 10 s.</summary>
    [Fact]
    public void Models_are_asked_at_once_each_with_its_own_stance_and_blind_to_the_others() => CallWorld.Run(async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, request =>
        [
            ScriptStep.Seconds(10), new ScriptStep.Say($"Verdict: {request.Options.ModelId} thinks so.\nConfidence: 7"), new ScriptStep.Usage(100, 20), new ScriptStep.Finish(),
        ]);
        var outcome = await world.Start().AskAsync(world.Call("consensus", new { step = "Use SQLite.", findings = "One writer.", models = Three }));

        outcome.Receipt.TotalMs.ShouldBe(10_000);
        outcome.Text.ShouldStartWith(
            """
            3 of 3 models answered:
            - glm-4.6 (for): Verdict: glm-4.6 thinks so.
            - glm-4.5 (against): Verdict: glm-4.5 thinks so.
            - glm-4.5-air (neutral): Verdict: glm-4.5-air thinks so.

            ## glm-4.6 (for)
            """);
        outcome.Text.ShouldContain("no further step is needed");
        var prompts = world.Provider.Requests.ToDictionary(request => request.Options.ModelId!, request => request.Prompt);
        prompts.Values.ShouldAllBe(prompt => prompt.StartsWith("Use SQLite.\n\nWhat the one who asks has found: One writer.", StringComparison.Ordinal) && !prompt.Contains("Verdict"));
        prompts["glm-4.6"].ShouldContain("best honest case for it");
        prompts["glm-4.5"].ShouldContain("best honest case against it");
        prompts["glm-4.5-air"].ShouldContain("weigh it evenly");
        outcome.Receipt.Parts!.Select(part => (part.AskedModel, part.Stance, part.State, part.TotalMs, part.Tokens.Input)).ShouldBe(
            [("glm-4.6", "for", "succeeded", 10_000, 100), ("glm-4.5", "against", "succeeded", 10_000, 100), ("glm-4.5-air", "neutral", "succeeded", 10_000, 100)]);
        outcome.Receipt.Tokens.Input.ShouldBe(300);
    });

    /// <summary>A model that fails is told of, is not replaced, and takes nobody along.</summary>
    [Fact]
    public void Model_that_fails_is_reported_and_the_others_stand() => CallWorld.Run(async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, request => request.Options.ModelId == "glm-4.5"
            ? [new ScriptStep.Fail(new ProviderException(new CallError { Code = ErrorCodes.ProviderQuota, Message = "no balance for glm-4.5." }, FailureClass.FallBackWithNotice))]
            : ScriptedChatClient.Echo(request, TimeSpan.FromSeconds(1)));
        var outcome = await world.Start().AskAsync(world.Call("consensus", new { step = "Use SQLite.", models = Three, fallback = "always" }));

        outcome.State.ShouldBe(CallState.Succeeded);
        outcome.Text.ShouldStartWith("2 of 3 models answered:");
        outcome.Text.ShouldContain("- glm-4.5 (against): failed (PROVIDER_QUOTA)");
        outcome.Text.ShouldContain("PROVIDER_QUOTA: no balance for glm-4.5.");
        outcome.Receipt.Parts![1].ShouldSatisfyAllConditions(
            part => part.State.ShouldBe("failed"), part => part.Code.ShouldBe(ErrorCodes.ProviderQuota), part => part.Model.ShouldBeNull());
        world.Provider.Requests.Count.ShouldBe(3);
        outcome.Receipt.Fallbacks.ShouldBeEmpty();
    });

    [Fact]
    public void No_model_answers_fails_with_every_reason() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("consensus", new { step = "s", models = new object[] { new { model = "no-such-1" }, new { model = "no-such-2" } } }));

        (outcome.State, outcome.Error!.Code).ShouldBe((CallState.Failed, ErrorCodes.ModelNotFound));
        outcome.Text.ShouldContain("no-such-1");
        outcome.Text.ShouldContain("no-such-2");
    });

    /// <summary>Trap 223: the steps that old callers send cost nothing and repeat no other verdict.</summary>
    [Fact]
    public void Later_steps_replay_one_verdict_each_and_ask_nobody() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Call("consensus", new { step = "Use SQLite.", findings = "f", step_number = 1, total_steps = 3, next_step_required = true, models = Three }))).Receipt.ThreadId;
        await daemon.KillAsync();
        var next = world.Start();

        var second = await next.AskAsync(world.Call("consensus", new
        {
            step = "notes",
            step_number = 2,
            total_steps = 3,
            next_step_required = true,
            continuation_id = thread,
            current_model_index = 1,
            model_responses = Array.Empty<object>(),
        }));
        var third = await next.AskAsync(world.Call("consensus", new { step = "notes", step_number = 3, total_steps = 3, next_step_required = false, continuation_id = thread }));

        world.Provider.Requests.Count.ShouldBe(3);
        second.Text.ShouldContain("Verdict 2 of 3");
        second.Text.ShouldContain("## glm-4.5 (against)");
        second.Text.ShouldNotContain("glm-4.5-air");
        third.Text.ShouldContain("## glm-4.5-air (neutral)");
        third.Text.ShouldContain("3 of 3 models answered:");
        third.Receipt.Model.ShouldBeNull();
    });

    /// <summary>Traps 36, 120 and PAL B4: A1, B1, A2 in one thread.</summary>
    [Fact]
    public void Two_runs_that_interleave_in_one_thread_keep_their_own_proposals_and_verdicts() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        object[] one = [new { model = "glm-4.6", stance = "for" }, new { model = "glm-4.5", stance = "against" }];
        var a = world.Call("consensus", new { step = "ALPHA", models = one });
        var thread = (await daemon.AskAsync(a)).Receipt.ThreadId;
        object[] other = [new { model = "glm-4.5", stance = "for" }, new { model = "glm-4.6", stance = "against" }];
        var b = world.Call("consensus", new { step = "BETA", models = other, continuation_id = thread });
        var begun = await daemon.AskAsync(b);

        var unclear = await daemon.AskAsync(world.Call("consensus", new { step = "x", step_number = 2, continuation_id = thread }));
        var a2 = await daemon.AskAsync(world.Call("consensus", new { step = "x", step_number = 2, continuation_id = thread, run_id = a.CallId }));

        world.Provider.Requests.Skip(2).ShouldAllBe(request => request.Messages.All(message => !message.Text.Contains("ALPHA", StringComparison.Ordinal)));
        begun.Text.ShouldContain($"later steps of this one need run_id {b.CallId}");
        unclear.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        unclear.Text.ShouldContain($"{a.CallId} (\"ALPHA\"), {b.CallId} (\"BETA\")");
        a2.Text.ShouldContain("The consensus on \"ALPHA\"");
        a2.Text.ShouldContain("## glm-4.5 (against)");
        a2.Text.ShouldNotContain("BETA");
        world.Provider.Requests.Count.ShouldBe(4);
    });

    /// <summary>A daemon that dies between two verdicts: the next one asks only who is missing.</summary>
    [Fact]
    public void Interrupted_run_asks_only_those_that_are_missing() => CallWorld.Run(async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, request => ScriptedChatClient.Echo(request, TimeSpan.FromSeconds(request.Options.ModelId == "glm-4.6" ? 5 : 60)));
        var daemon = world.Start();
        var call = world.Call("consensus", new { step = "s", models = Three });
        var lost = daemon.AskAsync(call);
        await world.AfterAsync(20);
        await daemon.KillAsync();
        await Should.ThrowAsync<OperationCanceledException>(lost);

        var outcome = await world.Start().AskAsync(call);

        outcome.Text.ShouldStartWith("3 of 3 models answered:");
        world.Provider.Requests.Select(request => request.Options.ModelId).ShouldBe(["glm-4.6", "glm-4.5", "glm-4.5-air", "glm-4.5", "glm-4.5-air"], ignoreOrder: true);
        (outcome.Receipt.Runs, outcome.Receipt.Recovered).ShouldBe((2, "rerun"));
        outcome.Receipt.Parts!.Select(part => part.Tokens.Input).ShouldBe([100, 100, 100]);
    });

    [Fact]
    public void Without_names_the_default_models_of_the_providers_are_asked() => CallWorld.Run(async world =>
    {
        world.Providers = () => [Provider(world, "glm", "glm-4.6", "glm-4.5"), Provider(world, "kimi", "kimi-k2-0905-preview"), Provider(world, "work", "w-1") with { Automatic = false }];

        var outcome = await world.Start().AskAsync(world.Call("consensus", new { step = "s" }));

        outcome.Receipt.Parts!.Select(part => part.AskedModel).ShouldBe(["glm/glm-4.6", "kimi/kimi-k2-0905-preview"]);
    });

    [Theory]
    [InlineData("""{"step":"s","models":[{"model":"a"},{"model":"A","stance":"neutral"}]}""", "names a with the stance neutral 2 times")]
    [InlineData("""{"step":"s","models":[{"stance":"for"}]}""", "models[0] has no 'model'")]
    [InlineData("""{"step":"s","models":[{"model":"a","stance":"maybe"}]}""", "'stance' of models[0] was 'maybe'; it may be for, against, neutral.")]
    [InlineData("""{"step":"s","models":["glm-4.6"]}""", "'models' was [\"glm-4.6\"] (array); it must be a list of objects.")]
    [InlineData("""{"step":"s","models":[{"model":"a","weight":"2"}]}""", "models[0] has 'weight'")]
    [InlineData("""{"step":"s","step_number":2}""", "the thread holds no consensus to go on with")]
    public void Panel_that_is_wrong_asks_nobody(string json, string message) => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("consensus", JsonElement.Parse(json)));

        outcome.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        outcome.Text.ShouldContain(message);
        world.Provider.Requests.ShouldBeEmpty();
    });

    private static ModelProvider Provider(CallWorld world, string name, params string[] models) =>
        new(name, world.Provider, TestDaemon.Clocks, models, MaxOutputTokens: 8192);
}
