using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Models;

public sealed class ModelGatewayTests
{
    private static readonly ModelQuestion Hello = new() { SystemPrompt = "system", Prompt = "hello" };

    [Fact]
    public void Answer_tells_text_usage_price_and_time() => Ask(
        [ScriptStep.Seconds(2), new ScriptStep.Headers(), new ScriptStep.Think("hmm"), ScriptStep.Seconds(1), new ScriptStep.Say("one "), new ScriptStep.Say("two"),
            new ScriptStep.Usage(1_000_000, 100_000, 40_000), new ScriptStep.Finish()],
        Hello,
        (answer, _, attempt) =>
        {
            answer.Text.ShouldBe("one two");
            (answer.AskedModel, answer.Model, answer.Provider, answer.FinishReason, answer.Truncated).ShouldBe(("auto", "glm-4.6", "glm", "stop", false));
            answer.FirstTokenMs.ShouldBe(2000);
            (attempt.Outcome, attempt.Stage, attempt.FirstTokenMs, attempt.TotalMs).ShouldBe(("ok", Stages.Finish, 2000, 3000));
            attempt.Tokens.ShouldBe(new ReceiptTokens { Input = 1_000_000, Output = 100_000, Reasoning = 40_000 });
            attempt.CostUsd.ShouldBe(0.6m + (0.1m * ModelCatalogue.Load().Find("glm-4.6")!.PriceOut!.Value));
        });

    [Fact]
    public void Answer_without_usage_is_estimated_and_says_so() => Ask(
        [new ScriptStep.Say(new string('x', 400)), new ScriptStep.Finish()],
        Hello,
        (_, _, attempt) => attempt.Tokens.ShouldBe(new ReceiptTokens { Input = 4, Output = 100, Estimated = true }));

    /// <summary>Trap 43.</summary>
    [Fact]
    public void Answer_cut_at_the_limit_is_kept_and_marked() => Ask(
        [new ScriptStep.Say("half"), new ScriptStep.Finish("length")],
        Hello,
        (answer, _, _) => (answer.Text, answer.Truncated).ShouldBe(("half", true)));

    /// <summary>Traps 2, 78, 94: a clock ends the attempt with no byte arriving; the error names clock, limit, stage, model.</summary>
    [Fact]
    public void First_token_clock_fires_the_error_names_it() => Fail(
        [new ScriptStep.Headers(), ScriptStep.Hang],
        failure =>
        {
            var error = failure.Error;
            (error.Code, error.Clock, error.Stage, error.Provider, error.Model).ShouldBe((ErrorCodes.Timeout, Clocks.FirstToken, Stages.FirstToken, "glm", "glm-4.6"));
            error.Message.ShouldContain("75 s");
            error.Partial.ShouldBeNull();
        },
        seconds: 75);

    [Fact]
    public void First_token_clock_fires_before_any_header_the_stage_is_headers() => Fail(
        [ScriptStep.Hang],
        failure => failure.Error.Stage.ShouldBe(Stages.Headers),
        seconds: 75);

    /// <summary>Trap 3: what had arrived is in the error.</summary>
    [Fact]
    public void Idle_clock_fires_the_error_carries_the_partial_answer() => Fail(
        [new ScriptStep.Headers(), new ScriptStep.Say("so far"), ScriptStep.Hang],
        failure => (failure.Error.Clock, failure.Error.Stage, failure.Error.Partial).ShouldBe((Clocks.Idle, Stages.Answer, "so far")),
        seconds: 120);

    [Fact]
    public void Idle_clock_fires_while_thinking_the_stage_is_reasoning() => Fail(
        [new ScriptStep.Headers(), new ScriptStep.Think("hmm"), ScriptStep.Hang],
        failure => (failure.Error.Clock, failure.Error.Stage, failure.Error.Partial).ShouldBe((Clocks.Idle, Stages.Reasoning, null)),
        seconds: 180);

    /// <summary>Trap 4.</summary>
    [Fact]
    public void Stream_clock_fires_though_something_arrives_for_ever() => Fail(
        [new ScriptStep.Headers(), new ScriptStep.Say("a"), .. Enumerable.Repeat<ScriptStep[]>([ScriptStep.Seconds(50), new ScriptStep.Bytes()], 20).SelectMany(steps => steps)],
        failure => failure.Error.Clock.ShouldBe(Clocks.Stream),
        seconds: 600);

    [Theory]
    [InlineData(null, 75)]
    [InlineData(ThinkingMode.Minimal, 75)]
    [InlineData(ThinkingMode.High, 360)]
    public void First_token_clock_follows_what_is_switched_on(ThinkingMode? thinking, double seconds) => Fail(
        [ScriptStep.Hang], failure => failure.Error.Clock.ShouldBe(Clocks.FirstToken), seconds, Hello with { Thinking = thinking });

    [Fact]
    public void Call_is_cancelled_the_request_is_given_up_at_once() => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time, _ => [ScriptStep.Hang]);
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(5), simulation.Time);
        var ledger = new MemoryLedger();

        await Should.ThrowAsync<OperationCanceledException>(Gateway(client, simulation).AskAsync(Hello, TestGateway.Scope(ledger: ledger), cancel.Token));

        client.Requests.Single().Cancelled.ShouldBeTrue();
        (ledger.Rows.Single().Outcome, ledger.Rows[0].TotalMs).ShouldBe((ErrorCodes.Interrupted, 5000));
        simulation.Time.WaitingTimers.ShouldBe(0);
    });

    [Fact]
    public void Request_carries_what_was_chosen() => Ask(
        [new ScriptStep.Say("ok"), new ScriptStep.Finish()],
        Hello with { Thinking = ThinkingMode.High, WebSearch = true, Temperature = 0.5f, ConversationId = "thread" },
        (_, request, _) =>
        {
            (request.Options.ModelId, request.Options.MaxOutputTokens, request.Options.Temperature).ShouldBe(("glm-4.6", 8192, 0.5f));
            (request.Attempt.Thinking, request.Attempt.WebSearch, request.Attempt.CacheKey).ShouldBe((true, true, "thread"));
        });

    [Fact]
    public void Web_search_that_the_model_cannot_do_is_told() => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time);

        var answer = await Gateway(client, simulation, "kimi").AskAsync(
            Hello with { Model = "kimi-thinking", WebSearch = true }, TestGateway.Scope(), CancellationToken.None);

        client.Requests.Single().Attempt.WebSearch.ShouldBeFalse();
        answer.Notes.Single().ShouldContain("cannot search the web");
    });

    /// <summary>A model whose window is no larger than the longest answer of its provider must still be askable.</summary>
    [Fact]
    public void Small_window_leaves_room_for_the_question() => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time);

        await Gateway(client, simulation, "kimi").AskAsync(Hello with { Model = "moonshot-v1-8k" }, TestGateway.Scope(), CancellationToken.None);

        client.Requests.Single().Options.MaxOutputTokens.ShouldBe(4096);
    });

    [Fact]
    public void Progress_names_the_model_and_what_it_does() => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time, _ =>
            [new ScriptStep.Think(new string('t', 400)), new ScriptStep.Say("x"), new ScriptStep.Say(new string('a', 4000)), new ScriptStep.Finish()]);
        List<string> reports = [];

        await Gateway(client, simulation).AskAsync(Hello, TestGateway.Scope(reports.Add), CancellationToken.None);

        reports.ShouldBe(
        [
            "glm-4.6: waiting for the first token", "glm-4.6 thinking, 100 tokens", "glm-4.6 answering, 1 token", "glm-4.6 answering, 1,000 tokens",
        ]);
    });

    private static void Ask(IEnumerable<ScriptStep> script, ModelQuestion question, Action<ModelAnswer, ScriptedRequest, AttemptRecord> check) => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time, _ => script);
        var ledger = new MemoryLedger();
        var answer = await Gateway(client, simulation).AskAsync(question, TestGateway.Scope(ledger: ledger), CancellationToken.None);
        check(answer, client.Requests.Single(), ledger.Rows.Single());
        simulation.Time.WaitingTimers.ShouldBe(0);
    });

    private static void Fail(IEnumerable<ScriptStep> script, Action<ProviderException> check, double seconds, ModelQuestion? question = null) => Simulation.Run(async simulation =>
    {
        var client = new ScriptedChatClient(simulation.Time, _ => script);
        var started = simulation.Time.GetUtcNow();
        check(await Should.ThrowAsync<ProviderException>(
            Gateway(client, simulation).AskAsync(question ?? Hello, TestGateway.Scope(), CancellationToken.None)));
        (simulation.Time.GetUtcNow() - started).ShouldBe(TimeSpan.FromSeconds(seconds));
        client.Requests.Single().Cancelled.ShouldBeTrue();
    });

    private static ModelGateway Gateway(IChatClient client, Simulation simulation, string provider = "glm") => TestGateway.Create(
        new ModelRouter(
            [new ModelProvider(provider, client, TestDaemon.Clocks, [provider == "glm" ? "glm-4.6" : "kimi-k2-0905-preview"], provider == "glm" ? 8192 : 16384)],
            ModelCatalogue.Load(), "auto"),
        simulation.Time, new ListLogger(), new GatewayOptions { Retry = new RetryOptions(0, TimeSpan.Zero, TimeSpan.Zero) });
}
