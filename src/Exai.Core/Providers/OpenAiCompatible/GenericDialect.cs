using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Protocol;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>What differs between OpenAI-compatible servers and cannot be told from their answers.</summary>
/// <param name="OutputLimitName">OpenAI's newer models refuse <c>max_tokens</c>; most other servers know nothing else.</param>
/// <param name="IncludeUsage">Asks for the token counts at the end of a stream.</param>
internal sealed record GenericDialectOptions(string OutputLimitName = "max_tokens", bool IncludeUsage = true)
{
    private static readonly IReadOnlyList<FailureRow> DeepSeekFailures =
    [
        FailureRow.Status(503).Means(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded", "Wait a moment and ask again, or choose another model."),
    ];

    /// <summary>The server's own rows, tried before the shared ones.</summary>
    public IReadOnlyList<FailureRow> Failures { get; init; } = [];

    public static GenericDialectOptions For(ProviderEndpoint endpoint) => endpoint.BaseUrl.Host.ToLowerInvariant() switch
    {
        "api.openai.com" => new GenericDialectOptions("max_completion_tokens"),
        "api.deepseek.com" => new GenericDialectOptions { Failures = DeepSeekFailures },
        _ => new GenericDialectOptions(),
    };
}

/// <summary>
/// Any OpenAI-compatible server: OpenAI, OpenRouter, DeepSeek, Ollama, vLLM, llama.cpp, LM Studio. Sends the members that all of them
/// know. There is no common switch for thinking or web search, so neither is sent.
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

        if (request.Options.Temperature is { } temperature && Describe(request.Model) is not { FixedSampling: true })
            json.WriteNumber("temperature", Rounded(temperature));
    }
}
