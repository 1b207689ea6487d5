using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Models.Pipeline;

/// <summary>A model that fails and one that may answer in its place, on virtual time.</summary>
public sealed class FallbackTests
{
    private static readonly ModelQuestion Hello = new() { SystemPrompt = "system", Prompt = "hello" };
    private static readonly ScriptStep[] Fine = [new ScriptStep.Say("fine"), new ScriptStep.Usage(10, 2), new ScriptStep.Finish()];

    /// <summary>Traps 42, 172: the time of the model that failed is booked on it, not on the one that answered; the answer names both.</summary>
    [Fact]
    public void Another_model_answers_each_attempt_is_booked_on_its_own_model() => Play(async play =>
    {
        play.Glm = _ => [new ScriptStep.Headers(), ScriptStep.Hang];
        play.Kimi = _ => [ScriptStep.Seconds(2), .. Fine];

        var answer = await play.AskAsync(Hello);

        (answer.Text, answer.AskedModel, answer.Model, answer.Provider).ShouldBe(("fine", "auto", "kimi-k2-0905-preview", "kimi"));
        answer.Fallbacks.ShouldBe([new ReceiptFallback("glm-4.6", ErrorCodes.Timeout, Clocks.FirstToken, 75_000)]);
        play.Ledger.Rows.Select(row => (row.Model, row.Outcome, row.Fault, row.TotalMs, row.FirstTokenMs)).ShouldBe(
        [
            ("glm-4.6", ErrorCodes.Timeout, Faults.Provider, 75_000, null),
            ("kimi-k2-0905-preview", AttemptOutcomes.Ok, null, 2000, 2000),
        ]);
        answer.FirstTokenMs.ShouldBe(2000);
        play.Reports.ShouldContain("glm-4.6 failed (TIMEOUT); asking kimi-k2-0905-preview");
    });

    [Theory]
    [InlineData(null, FallbackMode.Auto, null, true)]
    [InlineData(null, FallbackMode.Never, null, false)]
    [InlineData("glm-4.6", FallbackMode.Auto, null, false)]
    [InlineData("glm-4.6", FallbackMode.Always, null, true)]
    [InlineData("glm-4.6", FallbackMode.Never, FallbackMode.Always, true)]
    [InlineData(null, FallbackMode.Always, FallbackMode.Never, false)]
    [InlineData("glm-4.6", FallbackMode.Always, FallbackMode.Auto, false)]
    public void Settings_and_call_decide_whether_another_may_answer(string? model, FallbackMode settings, FallbackMode? call, bool answered) => Play(async play =>
    {
        play.Glm = _ => [Fail(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice)];
        play.Options = play.Options with { Fallback = settings };
        var asking = play.AskAsync(Hello with { Model = model, Fallback = call });

        if (answered)
        {
            (await asking).Model.ShouldBe("kimi-k2-0905-preview");
        }
        else
        {
            (await Should.ThrowAsync<ProviderException>(asking)).Error.Code.ShouldBe(ErrorCodes.ProviderAuth);
            play.KimiClient.Requests.ShouldBeEmpty();
        }
    });

    /// <summary>Traps 83, 84: whatever came before the commit point or after it, an answer is one attempt's text.</summary>
    [Fact]
    public void Texts_of_two_attempts_are_never_joined() => Play(async play =>
    {
        play.Glm = request => request.Number == 1
            ? [new ScriptStep.Think("hmm"), new ScriptStep.Say("the first half"), Fail(ErrorCodes.ProviderError, FailureClass.RetryShort)]
            : [new ScriptStep.Say("a whole answer"), new ScriptStep.Finish()];

        (await play.AskAsync(Hello)).Text.ShouldBe("a whole answer");

        play.Ledger.Rows.Select(row => (row.Outcome, row.Stage)).ShouldBe([(ErrorCodes.ProviderError, Stages.Answer), (AttemptOutcomes.Ok, Stages.Finish)]);
    });

    /// <summary>Trap 80: reasoning is no answer, so all tries are left.</summary>
    [Fact]
    public void Reasoning_does_not_commit() => Play(async play =>
    {
        play.Glm = request => request.Number < 3
            ? [new ScriptStep.Think("hmm"), Fail(ErrorCodes.ProviderError, FailureClass.RetryShort)]
            : Fine;

        (await play.AskAsync(Hello)).Model.ShouldBe("glm-4.6");

        play.GlmClient.Requests.Count.ShouldBe(3);
    });

    [Fact]
    public void All_fail_the_error_is_the_asked_models_and_carries_the_longest_part() => Play(async play =>
    {
        play.Glm = request => request.Number == 1
            ? [new ScriptStep.Say("a long part of the answer"), Fail(ErrorCodes.ProviderError, FailureClass.RetryOnce)]
            : [new ScriptStep.Say("short"), Fail(ErrorCodes.ProviderError, FailureClass.RetryOnce)];
        play.Kimi = _ => [new ScriptStep.Say("medium part"), Fail(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, "kimi says no")];

        var failure = (await Should.ThrowAsync<ProviderException>(play.AskAsync(Hello))).Error;

        (failure.Code, failure.Model, failure.Partial).ShouldBe((ErrorCodes.ProviderError, "glm-4.6", "a long part of the answer"));
        failure.Message.ShouldContain("kimi says no");
        play.Ledger.Rows.Count.ShouldBe(3);
    });

    [Fact]
    public void Filtered_answer_is_withdrawn_whatever_was_written_before() => Play(async play =>
    {
        play.Glm = request => request.Number == 1
            ? [new ScriptStep.Say("shown before"), Fail(ErrorCodes.ProviderError, FailureClass.RetryOnce)]
            : [new ScriptStep.Say("forbidden"), Fail(ErrorCodes.ContentFiltered, FailureClass.Stop)];

        var failure = (await Should.ThrowAsync<ProviderException>(play.AskAsync(Hello))).Error;

        (failure.Code, failure.Partial).ShouldBe((ErrorCodes.ContentFiltered, null));
        play.KimiClient.Requests.ShouldBeEmpty();
    });

    /// <summary>Too long for one model: older turns are left out first, then a model with a larger window is asked.</summary>
    [Fact]
    public void Conversation_too_long_is_shortened_once_then_goes_to_a_larger_window() => Play(async play =>
    {
        play.Glm = _ => [Fail(ErrorCodes.ContextTooLarge, FailureClass.Shrink)];
        play.Options = play.Options with { FallbackModels = ["glm-4.5", "glm-5.2"] };
        var turns = Enumerable.Range(1, 10).Select(number => ($"question {number}", new string('x', 400))).ToArray();

        await Should.ThrowAsync<ProviderException>(play.AskAsync(Hello with { History = turns }));

        play.GlmClient.Requests.Select(request => (request.Options.ModelId, request.Messages.Count)).ShouldBe(
            [("glm-4.6", 22), ("glm-4.6", 12), ("glm-5.2", 22), ("glm-5.2", 12)]);
    });

    [Fact]
    public void Question_larger_than_the_window_goes_to_a_larger_one_without_a_request() => Play(async play =>
    {
        play.Options = play.Options with { FallbackModels = ["glm-5.2"] };
        play.Glm = _ => Fine;

        (await play.AskAsync(Hello with { Model = "glm-4.6", Fallback = FallbackMode.Always, Prompt = new string('x', 4 * 250_000) })).Model.ShouldBe("glm-5.2");

        play.GlmClient.Requests.Single().Options.ModelId.ShouldBe("glm-5.2");
    });

    [Fact]
    public void Call_is_ended_in_the_middle_of_an_answer_the_part_is_kept() => Play(async play =>
    {
        play.Glm = _ => [new ScriptStep.Say("so far"), ScriptStep.Hang];
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(5), play.Simulation.Time);
        var scope = TestGateway.Scope(ledger: play.Ledger, endedBy: () => new CallError { Code = ErrorCodes.Cancelled });

        await Should.ThrowAsync<OperationCanceledException>(play.Gateway().AskAsync(Hello, scope, cancel.Token));

        scope.Book.Partial.ShouldBe("so far");
        (play.Ledger.Rows.Single().Outcome, play.Ledger.Rows[0].Fault).ShouldBe((ErrorCodes.Cancelled, Faults.Caller));
    });

    private static ScriptStep.Fail Fail(string code, FailureClass failureClass, string message = "no") =>
        new(new ProviderException(new CallError { Code = code, Message = message }, failureClass));

    private static void Play(Func<Scene, Task> body) => Simulation.Run(async simulation =>
    {
        using var scene = new Scene(simulation);
        await body(scene);
        simulation.Time.WaitingTimers.ShouldBe(0);
    });

    private sealed class Scene : IDisposable
    {
        public Scene(Simulation simulation)
        {
            Simulation = simulation;
            GlmClient = new ScriptedChatClient(simulation.Time, request => Glm(request));
            KimiClient = new ScriptedChatClient(simulation.Time, request => Kimi(request));
        }

        public Simulation Simulation { get; }

        public ScriptedChatClient GlmClient { get; }

        public ScriptedChatClient KimiClient { get; }

        public Func<ScriptedRequest, IEnumerable<ScriptStep>> Glm { get; set; } = _ => Fine;

        public Func<ScriptedRequest, IEnumerable<ScriptStep>> Kimi { get; set; } = _ => Fine;

        public GatewayOptions Options { get; set; } = new();

        public MemoryLedger Ledger { get; } = new();

        public List<string> Reports { get; } = [];

        public ModelGateway Gateway() => TestGateway.Create(
            new ModelRouter(
                [new ModelProvider("glm", GlmClient, TestDaemon.Clocks, ["glm-4.6"], 8192), new ModelProvider("kimi", KimiClient, TestDaemon.Clocks, ["kimi-k2-0905-preview"], 8192)],
                ModelCatalogue.Load(), "auto"),
            Simulation.Time, new ListLogger(), Options);

        public Task<ModelAnswer> AskAsync(ModelQuestion question) =>
            Gateway().AskAsync(question, TestGateway.Scope(Reports.Add, Ledger), CancellationToken.None);

        public void Dispose()
        {
            GlmClient.Dispose();
            KimiClient.Dispose();
        }
    }
}
