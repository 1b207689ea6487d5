using System.Text.Json;
using Exai.Core.Providers;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

public sealed class ToolRequestTests
{
    private const string Schema = """{"type":"object","properties":{"tz":{"type":"string"}}}""";
    private const string Clock = "{\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"description\":\"Tells the time\",\"parameters\":" + Schema + "}}";

    [Theory]
    [InlineData("glm-4.5", "\"stream\":true,\"tools\":[" + Clock + "]}")]
    [InlineData("glm-4.6", "\"stream\":true,\"tool_stream\":true,\"tools\":[" + Clock + "]}")]
    [InlineData("kimi-k3", "\"stream_options\":{\"include_usage\":true},\"tools\":[" + Clock + "]}")]
    [InlineData("some-model", "\"stream_options\":{\"include_usage\":true},\"tools\":[" + Clock + "]}")]
    public async Task Function_is_declared(string model, string ending) => (await SentAsync(model, Declared())).ShouldEndWith(ending);

    [Fact]
    public async Task Glm_gets_a_description_always_and_no_strict_beside_its_own_search()
    {
        var options = Declared(Function("get_time", "", strict: true));
        options.AdditionalProperties = new() { [AttemptOptions.Key] = new AttemptOptions { WebSearch = true } };

        (await SentAsync("glm-4.5", options)).ShouldEndWith(
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"description\":\"get_time\",\"parameters\":" + Schema + "}},"
            + """{"type":"web_search","web_search":{"enable":true,"search_engine":"search-prime","search_result":true,"count":10}}]}""");
    }

    [Theory]
    [InlineData("kimi-k3")]
    [InlineData("some-model")]
    public async Task Strict_is_kept_where_it_is_known(string model) =>
        (await SentAsync(model, Declared(Function("get_time", "", strict: false)))).ShouldEndWith("\"name\":\"get_time\",\"parameters\":" + Schema + ",\"strict\":false}}]}");

    [Theory]
    [InlineData("glm-4.6", "required", null)]
    [InlineData("glm-4.6", "named", null)]
    [InlineData("kimi-k3", "required", null)]
    [InlineData("kimi-k3", "none", "\"tool_choice\":\"none\"")]
    [InlineData("kimi-k2-0905-preview", "required", "\"tool_choice\":\"required\"")]
    [InlineData("some-model", "named", "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"get_time\"}}")]
    [InlineData("some-model", "auto", null)]
    public async Task Tool_choice_is_sent_where_the_model_can_be_told(string model, string mode, string? member)
    {
        var options = Declared();
        options.ToolMode = mode switch
        {
            "none" => ChatToolMode.None,
            "required" => ChatToolMode.RequireAny,
            "named" => ChatToolMode.RequireSpecific("get_time"),
            _ => ChatToolMode.Auto,
        };

        var json = await SentAsync(model, options);

        if (member is null)
            json.ShouldNotContain("tool_choice");
        else
            json.ShouldEndWith(member + "}");
    }

    [Fact]
    public async Task Glm_that_may_call_nothing_gets_no_tools()
    {
        var options = Declared();
        options.ToolMode = ChatToolMode.None;
        (await SentAsync("glm-4.5", options)).ShouldNotContain("tools");
    }

    [Theory]
    [InlineData("glm-4.6", "get time")]
    [InlineData("kimi-k3", "go")]
    [InlineData("kimi-k3", "1st")]
    public async Task Name_that_the_provider_refuses_is_told_before_it_is_sent(string model, string name) =>
        (await Should.ThrowAsync<CallException>(() => SentAsync(model, Declared(Function(name, "x"))))).Message.ShouldContain($"'{name}'");

    [Fact]
    public async Task More_than_128_tools_are_told_before_they_are_sent()
    {
        var options = Declared([.. Enumerable.Range(0, 129).Select(number => Function($"tool_{number}", "x"))]);
        (await Should.ThrowAsync<CallException>(() => SentAsync("glm-4.6", options))).Message.ShouldContain("129 tools");
    }

    [Theory]
    // Kimi refuses a blank text beside calls, and a tool turn without reasoning while it thinks; an empty one counts as there.
    [InlineData("kimi-k3", "R", """{"role":"assistant","reasoning_content":"R","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","name":"get_time","content":"noon"}""")]
    [InlineData("kimi-k3", "", """{"role":"assistant","reasoning_content":"","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","name":"get_time","content":"noon"}""")]
    [InlineData("kimi-k3", null, """{"role":"assistant","reasoning_content":"","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","name":"get_time","content":"noon"}""")]
    [InlineData("kimi-k2-0905-preview", null, """{"role":"assistant","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","name":"get_time","content":"noon"}""")]
    [InlineData("glm-4.6", "R", """{"role":"assistant","content":"","reasoning_content":"R","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","content":"noon"}""")]
    [InlineData("glm-4.6", null, """{"role":"assistant","content":"","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","content":"noon"}""")]
    [InlineData("some-model", "R", """{"role":"assistant","content":"","reasoning":"R","tool_calls":[CALL]},{"role":"tool","tool_call_id":"get_time:0","content":"noon"}""")]
    public async Task Tool_turn_goes_back_the_provider_s_way(string model, string? reasoning, string messages)
    {
        var json = await SentAsync(model, Wire.Options(model), Turn(reasoning, ""), Result("noon"));

        json.ShouldContain("{\"role\":\"user\",\"content\":\"Hello\"}," + messages.Replace(
            "CALL", """{"id":"get_time:0","type":"function","function":{"name":"get_time","arguments":"{ \"tz\":  \"UTC\"}"}}""", StringComparison.Ordinal) + "]");
    }

    [Fact]
    public async Task OpenAi_itself_gets_no_reasoning_back()
    {
        var handler = VerbatimHandler.Answering(Wire.Answer);
        await Wire.RunAsync(Wire.Generic(handler, "https://api.openai.com/v1"), Wire.Options("gpt"), [.. Wire.Hello(), Turn("R", ""), Result("noon")]);
        handler.RequestJson.ShouldNotBeNull().ShouldNotContain("reasoning");
    }

    [Fact]
    public async Task Text_beside_the_calls_is_kept() =>
        (await SentAsync("kimi-k3", Wire.Options("kimi-k3"), Turn("R", "I look."), Result("noon")))
            .ShouldContain("{\"role\":\"assistant\",\"content\":\"I look.\",\"reasoning_content\":\"R\",\"tool_calls\":");

    [Fact]
    public async Task Glm_keeps_its_thoughts_only_if_all_of_them_go_back()
    {
        var options = Wire.Options("glm-4.6", new AttemptOptions { Thinking = true });

        (await SentAsync("glm-4.6", options, Turn("R", ""), Result("noon"))).ShouldContain("\"thinking\":{\"type\":\"enabled\",\"clear_thinking\":false}");
        // An earlier answer without its reasoning is a gap.
        var gap = await SentAsync("glm-4.6", options, new ChatMessage(ChatRole.Assistant, "Earlier"), new ChatMessage(ChatRole.User, "More"), Turn("R", ""), Result("noon"));
        gap.ShouldContain("\"thinking\":{\"type\":\"enabled\"}");
        gap.ShouldContain("\"reasoning_content\":\"R\"");
        // So is one that cannot be sent at all.
        (await SentAsync("glm-4.6", options, new ChatMessage(ChatRole.Assistant, [new TextReasoningContent("lost")]), Turn("R", ""), Result("noon")))
            .ShouldContain("\"thinking\":{\"type\":\"enabled\"}");
    }

    [Fact]
    public async Task Glm_sends_the_reasoning_of_every_turn_when_it_keeps_them()
    {
        ChatMessage spoken = new(ChatRole.Assistant, [new TextReasoningContent("R0"), new TextContent("Earlier")]);

        (await SentAsync("glm-4.6", Wire.Options("glm-4.6"), spoken, new ChatMessage(ChatRole.User, "More"), Turn("R1", ""), Result("noon")))
            .ShouldContain("{\"role\":\"assistant\",\"content\":\"Earlier\",\"reasoning_content\":\"R0\"}");
    }

    [Fact]
    public async Task Kimi_ids_are_cut_on_both_sides_of_the_pair()
    {
        var id = new string('x', 80);
        var json = await SentAsync(
            "kimi-k3", Wire.Options("kimi-k3"),
            new ChatMessage(ChatRole.Assistant, [new FunctionCallContent(id, "get_time", new Dictionary<string, object?>(StringComparer.Ordinal) { ["tz"] = "UTC" })]),
            new ChatMessage(ChatRole.Tool, [new FunctionResultContent(id, JsonDocument.Parse("""{"at":12}""").RootElement)]));

        json.ShouldContain($"\"id\":\"{new string('x', 64)}\"");
        json.ShouldContain("\"arguments\":\"{\\\"tz\\\":\\\"UTC\\\"}\"");
        json.ShouldContain($$"""{"role":"tool","tool_call_id":"{{new string('x', 64)}}","name":"get_time","content":"{\"at\":12}"}""");
    }

    [Fact]
    public async Task Tool_without_output_says_so() =>
        (await SentAsync("kimi-k3", Wire.Options("kimi-k3"), Turn("R", ""), Result(null))).ShouldContain("\"content\":\"(no output)\"");

    private static ChatMessage Turn(string? reasoning, string text)
    {
        var call = new FunctionCallContent("get_time:0", "get_time", new Dictionary<string, object?>(StringComparer.Ordinal) { ["tz"] = "UTC" })
        {
            AdditionalProperties = new() { [ToolCallAssembler.ArgumentsKey] = "{ \"tz\":  \"UTC\"}" },
        };
        List<AIContent> contents = [new TextContent(text), call];
        if (reasoning is not null)
            contents.Insert(0, new TextReasoningContent(reasoning));
        return new ChatMessage(ChatRole.Assistant, contents);
    }

    private static ChatMessage Result(string? result) => new(ChatRole.Tool, [new FunctionResultContent("get_time:0", result)]);

    private static AIFunctionDeclaration Function(string name, string description, bool? strict = null) => new Declaration(name, description, strict);

    private static ChatOptions Declared(params AIFunctionDeclaration[] functions) =>
        new() { Tools = [.. functions.Length == 0 ? [Function("get_time", "Tells the time")] : functions] };

    private static async Task<string> SentAsync(string model, ChatOptions options, params ChatMessage[] later)
    {
        options.ModelId = model;
        return await Wire.RequestAsync(options, [.. Wire.Hello(), .. later]);
    }

    private sealed class Declaration(string name, string description, bool? strict) : AIFunctionDeclaration
    {
        public override string Name => name;

        public override string Description => description;

        public override JsonElement JsonSchema { get; } = JsonDocument.Parse(Schema).RootElement;

        public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } =
            strict is null ? [] : new Dictionary<string, object?>(StringComparer.Ordinal) { ["strict"] = strict };
    }
}
