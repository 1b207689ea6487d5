using System.Globalization;
using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Tools;

/// <summary>chat from the call to the provider's request and back.</summary>
public sealed class ChatToolTests
{
    [Theory, EveryStore]
    public void Answer_ends_with_one_line_that_tells_model_time_tokens_and_thread(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var outcome = await world.Start().AskAsync(world.Chat("hello"));

        outcome.Text.ShouldBe($"answer to (hello)\n\n[glm-4.6 · 10.0 s · 100 tokens in, 20 out · continuation_id: {outcome.Receipt.ThreadId}]");
        var receipt = outcome.Receipt;
        (receipt.AskedModel, receipt.Model, receipt.Provider, receipt.Thinking, receipt.FirstTokenMs).ShouldBe(("auto", "glm-4.6", "glm", "default", 10_000));
        receipt.Tokens.ShouldBe(new ReceiptTokens { Input = 100, Output = 20 });
        receipt.CostUsd.ShouldNotBeNull();
    });

    /// <summary>Traps 43 and 81; the reasoning stays out of the answer.</summary>
    [Theory, EveryStore]
    public void Answer_that_was_cut_searched_and_thought_says_all_of_it_in_order(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, _ =>
        [
            new ScriptStep.Think("secret thoughts"), new ScriptStep.Say("half an ans"), new ScriptStep.Source("Page", "https://example.org/a"), new ScriptStep.Finish("length"),
        ]);
        var daemon = world.Start();

        var outcome = await daemon.AskAsync(Chat(world, new { prompt = "hello", model = "glm/glm-of-tomorrow", use_websearch = true }));

        var footer = outcome.Text.LastIndexOf("\n\n[glm-of-tomorrow", StringComparison.Ordinal);
        outcome.Text[..footer].ShouldBe(
            """
            half an ans

            [The answer was cut at the model's output limit (finish reason: length). Ask it to go on.]

            Sources:
            - [Page](https://example.org/a)

            [The model catalogue does not know glm-of-tomorrow; its window and price are guesses.]

            [glm-of-tomorrow cannot search the web through EXAI; it answered without.]
            """);
        outcome.Text[footer..].ShouldContain("about ");
        outcome.Receipt.CostUsd.ShouldBeNull();
        // The thread keeps what the model said, without what was said about it.
        (await daemon.Threads.FindAsync(outcome.Receipt.ThreadId!, CancellationToken.None))!.Turns.Single().Answer.ShouldBe("half an ans");
    });

    /// <summary>The exact messages: the system prompt first and always the same, so that prompt caches hit; each turn once, oldest first.</summary>
    [Theory, EveryStore]
    public void Request_of_a_third_turn_is_word_for_word(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("What is a monad?"))).Receipt.ThreadId;
        await daemon.AskAsync(world.Chat("=== CONVERSATION HISTORY ===\nShorter, please.", thread));
        await daemon.AskAsync(world.Chat("And in Haskell?\n", thread));

        var request = world.Provider.Requests[^1];
        string.Join('\n', request.Messages.Select(message => $"<{message.Role}>{message.Text}</{message.Role}>")).ShouldBe(
            """
            <system>You are a senior engineer whom another AI agent consults while it works on a task. It reads your answer, not a person.

            - Answer the question that was asked, first and directly. Be brief: no preamble, no summary of the question, no closing offer.
            - Say what you are sure of and what you are guessing. If the question lacks something that would change the answer, name it and answer for the likeliest case.
            - When you disagree with the premise, say so and why.
            - Refer to code as `file:line` where you can. Give code only where it is shorter or clearer than words.
            - Weigh alternatives only if there are real ones, and end with the one you would take.</system>
            <user>What is a monad?</user>
            <assistant>answer to (What is a monad?)</assistant>
            <user>=== CONVERSATION HISTORY ===
            Shorter, please.</user>
            <assistant>answer to (=== CONVERSATION HISTORY ===
            Shorter, please.)</assistant>
            <user>And in Haskell?
            </user>
            """);
        request.Attempt.CacheKey.ShouldBe(thread);
        world.Provider.Requests.Select(each => each.Messages[0].Text).Distinct().Count().ShouldBe(1);
    });

    /// <summary>Trap 116: PAL's prompts grew from 1 862 to 225 486 characters in seven turns.</summary>
    [Theory, EveryStore]
    public void Six_turns_grow_by_one_turn_each_and_the_first_question_occurs_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        string? thread = null;
        for (var turn = 1; turn <= 6; turn++)
        {
            thread = (await daemon.AskAsync(world.Chat(string.Create(CultureInfo.InvariantCulture, $"question number {turn}"), thread))).Receipt.ThreadId;
        }

        var sizes = world.Provider.Requests.Select(request => request.Messages.Sum(message => message.Text.Length)).ToList();
        sizes.Zip(sizes.Skip(1)).Select(pair => pair.Second - pair.First).Distinct().Count().ShouldBe(1);
        world.Provider.Requests[^1].Messages.Count(message => message.Text == "question number 1").ShouldBe(1);
        world.Provider.Requests[^1].Messages.ShouldAllBe(message => !message.Text.Contains("continuation_id", StringComparison.Ordinal));
    });

    /// <summary>Traps 122 and 127: a restart and another model change nothing about the thread.</summary>
    [Theory, EveryStore]
    public void Thread_goes_on_after_a_kill_with_the_model_it_was_begun_with(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var begun = await daemon.AskAsync(Chat(world, new { prompt = "begin", model = "glm/glm-of-tomorrow" }));
        await daemon.KillAsync();
        var next = world.Start();

        var second = await next.AskAsync(world.Chat("second", begun.Receipt.ThreadId));
        var third = await next.AskAsync(Chat(world, new { prompt = "third", model = "glm-4.5-air", continuation_id = begun.Receipt.ThreadId }));
        var fourth = await next.AskAsync(world.Chat("fourth", begun.Receipt.ThreadId));

        (second.State, second.Receipt.AskedModel, second.Receipt.Model).ShouldBe((CallState.Succeeded, "auto", "glm-of-tomorrow"));
        (third.Receipt.AskedModel, third.Receipt.Model).ShouldBe(("glm-4.5-air", "glm-4.5-air"));
        fourth.Receipt.Model.ShouldBe("glm-4.5-air");
        world.Provider.Requests[^1].Messages.Count.ShouldBe(1 + (3 * 2) + 1);
    });

    /// <summary>Traps 125, 126.</summary>
    [Theory, EveryStore]
    public void Thread_that_does_not_exist_is_said_so_and_none_is_begun_in_its_place(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var outcome = await world.Start().AskAsync(world.Chat("hello", "no-such-thread"));

        outcome.Error!.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        outcome.Text.ShouldContain("'no-such-thread'");
        outcome.Text.ShouldContain("Leave continuation_id out");
        world.Provider.Requests.ShouldBeEmpty();
    });

    [Theory, EveryStore]
    public void Thread_that_has_expired_is_said_so_with_the_setting(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Lease = TimeSpan.FromHours(1) };
        var daemon = world.Start();
        var begun = await daemon.AskAsync(world.Chat("begin"));
        await world.AfterAsync(TimeSpan.FromHours(23.5).TotalSeconds);
        (await daemon.AskAsync(world.Chat("in time", begun.Receipt.ThreadId))).State.ShouldBe(CallState.Succeeded);
        world.Time.Advance(TimeSpan.FromHours(24.1));

        var outcome = await daemon.AskAsync(world.Chat("late", begun.Receipt.ThreadId));

        outcome.Error!.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        outcome.Text.ShouldContain("24 h");
        outcome.Text.ShouldContain("CONVERSATION_TIMEOUT_HOURS");
    });

    [Theory]
    [EveryStore("""{}""", "'prompt' is missing")]
    [EveryStore("""{"prompt":"p","files":["a.cs"]}""", "'files' names a.cs, and this client sent no files")]
    [EveryStore("""{"prompt":"p","images":["a.png"]}""", "'images' names a.png")]
    [EveryStore("""{"prompt":"p","promptt":"x"}""", "did you mean 'prompt'")]
    [EveryStore("""{"prompt":"p","temperature":3}""", "from 0 to 2")]
    [EveryStore("""{"prompt":"p","stream":"yes"}""", "true or false")]
    [EveryStore("""{"prompt":"p","continuation_id":5}""", "'continuation_id' was 5")]
    public void Arguments_that_are_wrong_ask_nobody(StoreEngine store, string json, string message) => CallWorld.Run(store, async world =>
    {
        var outcome = await world.Start().AskAsync(world.Chat("") with { Arguments = JsonElement.Parse(json) });

        outcome.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        outcome.Text.ShouldContain(message);
        world.Provider.Requests.ShouldBeEmpty();
    });

    /// <summary>Arguments that callers of the predecessor send by habit and that change nothing.</summary>
    [Theory, EveryStore]
    public void Arguments_that_mean_nothing_here_are_taken(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var outcome = await world.Start().AskAsync(Chat(world, new { prompt = "p", stream = true, files = Array.Empty<string>(), images = Array.Empty<string>() }));

        outcome.State.ShouldBe(CallState.Succeeded);
    });

    private static CallRequest Chat(CallWorld world, object arguments) => world.Chat("") with { Arguments = JsonSerializer.SerializeToElement(arguments) };
}
