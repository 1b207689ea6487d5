using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>What differs between OpenAI-compatible servers and cannot be told from their answers.</summary>
/// <param name="OutputLimitName">OpenAI's newer models refuse <c>max_tokens</c>; most other servers know nothing else.</param>
/// <param name="IncludeUsage">Asks for the token counts at the end of a stream.</param>
/// <param name="ReasoningMember">
/// Where reasoning goes back beside tool calls: vLLM, Ollama and OpenRouter read <c>reasoning</c>, DeepSeek <c>reasoning_content</c>;
/// null for servers that never show theirs and refuse members that they do not know.
/// </param>
internal sealed record GenericDialectOptions(string OutputLimitName = "max_tokens", bool IncludeUsage = true, string? ReasoningMember = "reasoning")
{
    private static readonly IReadOnlyList<FailureRow> DeepSeekFailures =
    [
        FailureRow.Status(503).Means(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded", "Wait a moment and ask again, or choose another model."),
    ];

    /// <summary>The server's own rows, tried before the shared ones.</summary>
    public IReadOnlyList<FailureRow> Failures { get; init; } = [];

    public static GenericDialectOptions For(ProviderEndpoint endpoint) => endpoint.BaseUrl.Host.ToLowerInvariant() switch
    {
        "api.openai.com" => new GenericDialectOptions("max_completion_tokens", ReasoningMember: null),
        "api.deepseek.com" => new GenericDialectOptions(ReasoningMember: "reasoning_content") { Failures = DeepSeekFailures },
        _ => new GenericDialectOptions(),
    };
}

/// <summary>
/// Any OpenAI-compatible server: OpenAI, OpenRouter, DeepSeek, Ollama, vLLM, llama.cpp, LM Studio. Sends the members that all of them
/// know. There is no common switch for thinking or web search, so neither is sent; an effort only to models that are known to have levels.
/// </summary>
internal sealed class GenericDialect(ModelCatalogue catalogue, GenericDialectOptions options) : Dialect(catalogue)
{
    public override IReadOnlyList<FailureRow> Failures => options.Failures;

    // LM Studio, when the prompt is longer than the window.
    public override bool RefusesBySilence => true;

    protected override string OutputLimitName => options.OutputLimitName;

    protected override void WriteOptions(Utf8JsonWriter json, ChatRequest request)
    {
        if (options.IncludeUsage)
        {
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }

        if (Describe(request.Model) is not { FixedSampling: true })
            WriteSampling(json, request.Options);
        if (request.Options.StopSequences is { Count: > 0 } stops)
            WriteStops(json, stops);
        if (Effort(request) is { } effort)
            json.WriteString("reasoning_effort", effort);
        WriteResponseFormat(json, request, schemas: true);
    }

    protected override MessageRules Messages(ChatRequest request) => options.ReasoningMember is { } member
        ? new MessageRules { ReasoningMember = member }
        : new MessageRules { Reasoning = ReasoningReturn.None };

    private static void WriteSampling(Utf8JsonWriter json, ChatOptions options)
    {
        if (options.Temperature is { } temperature)
            json.WriteNumber("temperature", Rounded(temperature));
        if (options.TopP is { } topP)
            json.WriteNumber("top_p", Rounded(topP));
    }
}
