using System.Net.Http.Headers;
using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Glm;

/// <summary>Zhipu GLM: usage comes unasked on the finish chunk, thinking is an object, and web search is a tool that the provider runs.</summary>
internal sealed class GlmDialect(ModelCatalogue catalogue, GlmWebSearchOptions webSearch) : Dialect(catalogue)
{
    public override IReadOnlyList<FailureRow> Failures => GlmFailures.Rules;

    public override IReadOnlyDictionary<string, FailureRule> FailedFinishes => GlmFailures.Finishes;

    // Without it the errors come in Chinese.
    public override void AddHeaders(HttpRequestHeaders headers) => headers.TryAddWithoutValidation("Accept-Language", "en-US,en");

    public override DateTimeOffset? ReadResetTime(string message) => GlmResetTime.Read(message);

    protected override ToolRules Tools { get; } = new() { NeedsDescription = true, KnowsStrict = false };

    protected override bool CanForbidTools => false;

    protected override void WriteOptions(Utf8JsonWriter json, ChatRequest request)
    {
        var model = Describe(request.Model);
        if (model is not { FixedSampling: true })
            WriteSampling(json, request.Options);
        // The text of the documents says one word, though the schema takes more.
        if (request.Options.StopSequences is { Count: > 0 } stops)
            WriteStops(json, stops.Take(1));
        WriteThinking(json, request, model);
        if (Effort(request) is { } effort)
            json.WriteString("reasoning_effort", effort);
        if (request.Options.Tools is { Count: > 0 } && StreamsArguments(request.Model))
            json.WriteBoolean("tool_stream", true);
        WriteResponseFormat(json, request, schemas: false);
    }

    protected override MessageRules Messages(ChatRequest request) => new()
    {
        Reasoning = KeepsAllReasoning(request) ? ReasoningReturn.All : ReasoningReturn.ToolCalls,
        Images = GlmImages.For(request.Model),
    };

    protected override bool HasOwnTools(ChatRequest request) => request.Attempt.WebSearch;

    protected override void WriteOwnTools(Utf8JsonWriter json, ChatRequest request)
    {
        json.WriteStartObject();
        json.WriteString("type", "web_search");
        json.WriteStartObject("web_search");
        json.WriteBoolean("enable", true);
        json.WriteString("search_engine", webSearch.Engine);
        // Off by default, and then the answer comes without its sources.
        json.WriteBoolean("search_result", true);
        json.WriteNumber("count", Math.Clamp(webSearch.Count, 1, 50));
        if (webSearch.RecencyFilter is { } recency)
            json.WriteString("search_recency_filter", recency);
        if (!string.IsNullOrWhiteSpace(webSearch.DomainFilter))
            json.WriteString("search_domain_filter", webSearch.DomainFilter);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Only <c>auto</c> is taken; a forced tool made glm-4.6 hang for ever.</summary>
    protected override bool CanForceTools(ChatRequest request) => false;

    /// <summary>
    /// Thought over several turns of a tool loop is kept only if it all comes back unmodified and in order; one gap, and the provider is
    /// left to drop earlier reasoning, which is its default.
    /// </summary>
    private static bool KeepsAllReasoning(ChatRequest request)
    {
        var spoken = request.Messages.Where(message => message.Role == ChatRole.Assistant).ToList();
        return spoken.Any(message => MessageWriter.Calls(message).Any())
            && spoken.All(message => MessageWriter.IsSent(message) && MessageWriter.Reasoning(message) is not null);
    }

    private static void WriteThinking(Utf8JsonWriter json, ChatRequest request, ModelInfo? model)
    {
        bool? thinking = request.Attempt.Thinking is { } wanted && Accepts(wanted, model?.Thinking) ? wanted : null;
        var keeps = thinking != false && model?.Thinking != ThinkingKind.None && KeepsAllReasoning(request);
        if (thinking is null && !keeps)
            return;

        json.WriteStartObject("thinking");
        if (thinking is { } on)
            json.WriteString("type", on ? "enabled" : "disabled");
        if (keeps)
            json.WriteBoolean("clear_thinking", false);
        json.WriteEndObject();
    }

    /// <summary>Models that always think refuse to be told not to; those that never do know no such member.</summary>
    private static bool Accepts(bool thinking, ThinkingKind? kind) => kind switch
    {
        ThinkingKind.None => false,
        ThinkingKind.Always => thinking,
        _ => true,
    };

    /// <summary>Without it, arguments come in one lump after minutes of silence.</summary>
    private bool StreamsArguments(string model) =>
        Describe(model)?.Id is "glm-4.6" or "glm-4.7" or "glm-5" or "glm-5-turbo" or "glm-5.1" or "glm-5.2";

    private static void WriteSampling(Utf8JsonWriter json, ChatOptions options)
    {
        // Zero is refused as a temperature; greedy decoding has its own switch, beside which top_p means nothing. The range ends at 1.
        if (options.Temperature is { } given && Rounded(given) == 0)
        {
            json.WriteBoolean("do_sample", false);
            return;
        }

        if (options.Temperature is { } temperature)
            json.WriteNumber("temperature", Math.Min(Rounded(temperature), 1m));
        if (options.TopP is { } topP)
            json.WriteNumber("top_p", Math.Clamp(Rounded(topP), 0.01m, 1m));
    }
}
