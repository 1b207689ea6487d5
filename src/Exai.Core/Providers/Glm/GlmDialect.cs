using System.Net.Http.Headers;
using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;

namespace Exai.Core.Providers.Glm;

/// <summary>Zhipu GLM: usage comes unasked on the finish chunk, thinking is an object, and web search is a tool that the provider runs.</summary>
internal sealed class GlmDialect(ModelCatalogue catalogue, GlmWebSearchOptions webSearch) : Dialect(catalogue)
{
    public override IReadOnlyList<FailureRow> Failures => GlmFailures.Rules;

    public override IReadOnlyDictionary<string, FailureRule> FailedFinishes => GlmFailures.Finishes;

    // Without it the errors come in Chinese.
    public override void AddHeaders(HttpRequestHeaders headers) => headers.TryAddWithoutValidation("Accept-Language", "en-US,en");

    public override DateTimeOffset? ReadResetTime(string message) => GlmResetTime.Read(message);

    protected override void WriteOptions(Utf8JsonWriter json, ChatRequest request)
    {
        var model = Describe(request.Model);
        if (request.Options.Temperature is { } temperature && model is not { FixedSampling: true })
            WriteTemperature(json, temperature);
        if (request.Attempt.Thinking is { } thinking && Accepts(thinking, model?.Thinking))
            WriteThinking(json, thinking);
        if (request.Attempt.WebSearch)
            WriteWebSearch(json);
    }

    /// <summary>Models that always think refuse to be told not to; those that never do know no such member.</summary>
    private static bool Accepts(bool thinking, ThinkingKind? kind) => kind switch
    {
        ThinkingKind.None => false,
        ThinkingKind.Always => thinking,
        _ => true,
    };

    private static void WriteTemperature(Utf8JsonWriter json, float temperature)
    {
        // Zero is refused as a temperature; greedy decoding has its own switch. The range ends at 1.
        if (Rounded(temperature) == 0)
            json.WriteBoolean("do_sample", false);
        else
            json.WriteNumber("temperature", Math.Min(Rounded(temperature), 1m));
    }

    private void WriteWebSearch(Utf8JsonWriter json)
    {
        json.WriteStartArray("tools");
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
        json.WriteEndArray();
    }
}
