using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Providers.Kimi;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>The exact requests of a search, and what comes out of exact answers.</summary>
public sealed class KimiSearchWireTests
{
    private const string BuiltInTools = "\"tools\":[{\"type\":\"builtin_function\",\"function\":{\"name\":\"$web_search\"}}]";
    private const string Usage = "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14,\"cached_tokens\":2,\"completion_tokens_details\":{\"reasoning_tokens\":1}}";

    private static readonly string BuiltInCall = Call("$web_search", """{ \"search_result\":  {\"search_id\":\"s\"},\"usage\":{\"total_tokens\":90}}""", type: "builtin_function");
    private static readonly string FormulaCall = Wire.Events("""{"choices":[{"index":0,"delta":{"reasoning_content":"R1"}}]}""") + Call("web_search", """{\"query\":\"二\"}""");
    private static readonly string FinalAnswer = Answer("Found at [A page](https://a.example/x_(y)).");

    [Fact]
    public async Task Built_in_search_is_declared_with_thinking_off_and_its_arguments_go_back_unchanged()
    {
        var handler = new DialogHandler((200, BuiltInCall), (200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k2.6");

        handler.Bodies[0].ShouldBe(
            """{"model":"kimi-k2.6","messages":[{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true},"thinking":{"type":"disabled"},""" + BuiltInTools + "}");
        handler.Bodies[1].ShouldBe(
            """{"model":"kimi-k2.6","messages":[{"role":"user","content":"Hello"},"""
            + """{"role":"assistant","tool_calls":[{"id":"$web_search:0","type":"builtin_function","function":{"name":"$web_search","arguments":"{ \"search_result\":  {\"search_id\":\"s\"},\"usage\":{\"total_tokens\":90}}"}}]},"""
            + """{"role":"tool","tool_call_id":"$web_search:0","name":"$web_search","content":"{ \"search_result\":  {\"search_id\":\"s\"},\"usage\":{\"total_tokens\":90}}"}],"""
            + """ "stream":true,"stream_options":{"include_usage":true},"thinking":{"type":"disabled"},""".TrimStart() + BuiltInTools + "}");
        outcome.Text.ShouldBe("Found at [A page](https://a.example/x_(y)).");
        outcome.Finish.ShouldBe("stop");
    }

    [Fact]
    public async Task Formula_is_run_by_the_provider_and_its_output_handed_on_untouched_with_the_reasoning()
    {
        const string Encrypted = "----MOONSHOT ENCRYPTED BEGIN----a+b/c==----MOONSHOT ENCRYPTED END----";
        var handler = new DialogHandler(
            (200, FormulaCall),
            (200, $$$"""{"id":"f","object":"fiber","status":"succeeded","context":{"input":"x","encrypted_output":"{{{Encrypted}}}","references":["https://a.example/1",{"url":"https://a.example/2","title":"Two"},{"url":"https://a.example/1"}]}}"""),
            (200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k3");

        handler.Routes.ShouldBe(["POST /v1/chat/completions", "POST /v1/formulas/moonshot/web-search:latest/fibers", "POST /v1/chat/completions"]);
        handler.Bodies[0].ShouldContain("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"web_search\",\"description\":\"Search the web for information\",\"parameters\":{\"type\":\"object\",\"properties\":{\"query\"");
        handler.Bodies[0].ShouldNotContain("\"thinking\"");
        handler.Bodies[1].ShouldBe("""{"name":"web_search","arguments":"{\"query\":\"二\"}"}""");
        handler.Bodies[2].ShouldContain(
            """{"role":"assistant","reasoning_content":"R1","tool_calls":[{"id":"web_search:0","type":"function","function":{"name":"web_search","arguments":"{\"query\":\"二\"}"}}]},"""
            + $$"""{"role":"tool","tool_call_id":"web_search:0","name":"web_search","content":"{{Encrypted}}"}]""");
        outcome.Sources.ShouldBe([new WebSource("https://a.example/1", "https://a.example/1"), new WebSource("Two", "https://a.example/2")]);
        outcome.Reasoning.ShouldStartWith("R1");
    }

    [Theory]
    [InlineData(KimiSearchMode.Builtin, "kimi-k2-0905-preview", null, null, true)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k2.6", null, null, true)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k2.6", false, null, true)]
    // A wish for thinking is not dropped for the sake of a setting.
    [InlineData(KimiSearchMode.Builtin, "kimi-k2.6", true, null, false)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k2.7-code", null, null, false)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k3", null, ThinkingMode.High, false)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k3", false, null, true)]
    [InlineData(KimiSearchMode.Builtin, "kimi-k9-unknown", null, null, false)]
    [InlineData(KimiSearchMode.Formula, "kimi-k2-0905-preview", null, null, false)]
    public async Task Way_follows_the_setting_and_what_the_model_can(KimiSearchMode mode, string model, bool? thinking, ThinkingMode? effort, bool builtIn)
    {
        var handler = new DialogHandler((200, FinalAnswer));

        await AskAsync(handler, model, new AttemptOptions { WebSearch = true, Thinking = thinking, Effort = effort }, mode);

        handler.Bodies.Single().Contains("\"$web_search\"", StringComparison.Ordinal).ShouldBe(builtIn);
        handler.Bodies.Single().Contains("\"name\":\"web_search\"", StringComparison.Ordinal).ShouldBe(!builtIn);
    }

    [Theory]
    [InlineData("kimi-k2.6", null, "off")]
    [InlineData("kimi-k2.6", false, null)]
    [InlineData("kimi-k2.6", true, null)]
    public async Task Thinking_that_the_search_switched_off_is_told(string model, bool? thinking, string? told)
    {
        var outcome = await AskAsync(new DialogHandler((200, FinalAnswer)), model, new AttemptOptions { WebSearch = true, Thinking = thinking });
        outcome.Updates[^1].AdditionalProperties?.GetValueOrDefault(AnswerNotes.ThinkingKey).ShouldBe(told);
    }

    [Fact]
    public async Task Request_without_search_passes_as_it_is()
    {
        var handler = new DialogHandler((200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k2.6", new AttemptOptions());

        handler.Bodies.Single().ShouldNotContain("tools");
        outcome.Updates[^1].AdditionalProperties.ShouldBeNull();
        outcome.Sources.ShouldBeEmpty();
    }

    [Fact]
    public async Task Usage_is_that_of_all_requests_together()
    {
        var outcome = await AskAsync(new DialogHandler((200, BuiltInCall), (200, BuiltInCall), (200, FinalAnswer)), "kimi-k2.6");

        var usage = outcome.Usage.ShouldNotBeNull();
        (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount, usage.CachedInputTokenCount, usage.ReasoningTokenCount).ShouldBe((30, 12, 42, 6, 3));
    }

    /// <summary>Nothing of a turn that ended in a search may be joined to the answer.</summary>
    [Fact]
    public async Task Text_before_a_search_is_shown_as_reasoning_and_goes_back_to_the_model()
    {
        var handler = new DialogHandler((200, Wire.Events(Wire.Delta("\"content\":\"Let me look.\"")) + BuiltInCall), (200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k2.6");

        outcome.Text.ShouldBe("Found at [A page](https://a.example/x_(y)).");
        outcome.Reasoning.ShouldBe("Let me look.Found at [A page](https://a.example/x_(y)).");
        handler.Bodies[1].ShouldContain("""{"role":"assistant","content":"Let me look.","tool_calls":""");
        outcome.Updates.Count(update => update.FinishReason is not null).ShouldBe(1);
    }

    [Fact]
    public async Task Search_without_end_is_bounded_and_the_last_turn_may_not_call()
    {
        var handler = new DialogHandler((200, BuiltInCall));

        var failed = (await AskAsync(handler, "kimi-k2.6")).Failed;

        handler.Bodies.Count.ShouldBe(KimiSearchClient.MostTurns);
        handler.Bodies[^2].ShouldNotContain("tool_choice");
        handler.Bodies[^1].ShouldEndWith(BuiltInTools + ",\"tool_choice\":\"none\"}");
        (failed.Error.Code, failed.FailureClass, failed.Error.Model).ShouldBe((ErrorCodes.ProviderError, FailureClass.RetryOnce, "kimi-k2.6"));
        failed.Message.ShouldContain("went on searching");
    }

    [Fact]
    public async Task Search_that_never_ends_has_its_price_told()
    {
        var outcome = await AskAsync(new DialogHandler((200, BuiltInCall)), "kimi-k2.6");
        outcome.Usage.ShouldNotBeNull().InputTokenCount.ShouldBe(10 * KimiSearchClient.MostTurns);
    }

    [Theory]
    [InlineData(404, """{"error":{"type":"resource_not_found_error","message":"no such formula"}}""", "MODEL_NOT_FOUND")]
    [InlineData(500, "<html>", "PROVIDER_ERROR")]
    [InlineData(200, """{"id":"f","status":"failed","context":{}}""", "PROVIDER_ERROR")]
    public async Task Formula_that_fails_leaves_an_answer_without_search_that_says_so(int status, string body, string code)
    {
        var handler = new DialogHandler((200, FormulaCall), (status, body), (200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k3");

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldStartWith("Found at");
        outcome.Sources.ShouldBeEmpty();
        handler.Bodies[2].ShouldContain("The web search is not available.");
        handler.Bodies[2].ShouldEndWith("\"tool_choice\":\"none\"}");
        (outcome.Updates[^1].AdditionalProperties?.GetValueOrDefault(AnswerNotes.Key) as IReadOnlyList<string>)
            .ShouldBe([$"The web search of kimi failed ({code}); kimi-k3 answered without it."]);
        // Allowed no calls, the model's text is the answer from its first token on.
        outcome.Updates.SelectMany(update => update.Contents).OfType<TextReasoningContent>().Select(content => content.Text).ShouldBe(["R1"]);
    }

    [Theory]
    [InlineData("""{"status":"succeeded","context":{"output":""}}""", "The search found nothing.")]
    [InlineData("""{"status":"succeeded","context":{"output":" plain \n text"}}""", " plain \\n text")]
    [InlineData("""{"context":{"encrypted_output":null}}""", "The search found nothing.")]
    public async Task Empty_and_plain_results_are_survived(string fiber, string content)
    {
        var handler = new DialogHandler((200, FormulaCall), (200, fiber), (200, FinalAnswer));

        var outcome = await AskAsync(handler, "kimi-k3");

        outcome.Failure.ShouldBeNull();
        handler.Bodies[2].ShouldContain($"\"name\":\"web_search\",\"content\":\"{content}\"");
        // No references: the links in the answer are the sources.
        outcome.Sources.ShouldBe([new WebSource("A page", "https://a.example/x_(y)")]);
    }

    [Fact]
    public async Task Failure_after_a_search_tells_the_price_so_far_and_keeps_the_part_of_the_answer()
    {
        var handler = new DialogHandler((200, BuiltInCall), (200, Wire.Events(Wire.Delta("\"content\":\"Half of\""))));

        var outcome = await AskAsync(handler, "kimi-k2.6");

        outcome.Failed.Error.Stage.ShouldBe(Stages.Answer);
        outcome.Text.ShouldBe("Half of");
        outcome.Usage.ShouldNotBeNull().InputTokenCount.ShouldBe(10);
    }

    [Fact]
    public async Task Failure_before_a_search_leaves_no_part_that_might_be_a_preamble()
    {
        var outcome = await AskAsync(new DialogHandler((200, Wire.Events(Wire.Delta("\"content\":\"Let me\"")))), "kimi-k2.6");

        outcome.Failed.Error.Code.ShouldBe(ErrorCodes.ProviderError);
        outcome.Text.ShouldBe("");
    }

    [Fact]
    public async Task Calls_of_the_caller_s_own_functions_are_handed_out()
    {
        var handler = new DialogHandler((200, Call("get_time", "{}")));
        using var client = Client(handler, KimiSearchMode.Builtin);
        var options = Wire.Options("kimi-k2.6", new AttemptOptions { WebSearch = true });
        options.Tools = [AIFunctionFactory.CreateDeclaration("get_time", "Tells the time", System.Text.Json.JsonElement.Parse("""{"type":"object"}"""))];

        var outcome = await Wire.RunAsync(client, options);

        outcome.Updates[^1].Contents.OfType<FunctionCallContent>().Single().Name.ShouldBe("get_time");
        outcome.Finish.ShouldBe("tool_calls");
        handler.Bodies.Count.ShouldBe(1);
        handler.Bodies[0].ShouldContain("get_time");
        options.Tools.Count.ShouldBe(1);
    }

    private static string Call(string name, string arguments, string type = "function") => Wire.Events(
        $$$"""{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"{{{name}}}:0","type":"{{{type}}}","function":{"name":"{{{name}}}","arguments":"{{{arguments}}}"}}]}}]}""",
        $$$"""{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls",{{{Usage}}}}]}""",
        "[DONE]");

    private static string Answer(string text) => Wire.Events(
        Wire.Delta($"\"content\":\"{text}\""), $$$"""{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop",{{{Usage}}}}]}""", "[DONE]");

    private static IChatClient Client(HttpMessageHandler handler, KimiSearchMode mode) =>
        ProviderClients.Kimi(Wire.KimiEndpoint(), Wire.Catalogue, new FixedTime(), handler, searchMode: mode);

    private static Task<Outcome> AskAsync(
        DialogHandler handler, string model, AttemptOptions? attempt = null, KimiSearchMode mode = KimiSearchMode.Builtin) =>
        Wire.RunAsync(Client(handler, mode), Wire.Options(model, attempt ?? new AttemptOptions { WebSearch = true }));
}
