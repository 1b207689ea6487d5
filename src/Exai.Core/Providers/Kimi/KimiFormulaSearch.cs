using System.Text.Encodings.Web;
using System.Text.Json;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Services;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>What a search found.</summary>
/// <param name="Output">For the model, mostly encrypted; to be handed on untouched.</param>
internal sealed record FoundPages(string Output, IReadOnlyList<WebSource> Sources);

/// <summary>
/// Kimi's web search as a formula: a function that the model calls and the provider runs on request. Works with thinking on, unlike the
/// built-in search.
/// </summary>
internal sealed class KimiFormulaSearch(ProviderApi api)
{
    public const string FunctionName = "web_search";

    private const string Formula = "formulas/moonshot/web-search:latest/fibers";
    private const string NothingFound = "The search found nothing.";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As the provider declares it, so that no request is needed to learn it.</summary>
    public static AIFunctionDeclaration Tool { get; } = AIFunctionFactory.CreateDeclaration(
        FunctionName,
        "Search the web for information",
        JsonElement.Parse(
            """
            {"type":"object","properties":{"query":{"type":"string","description":"What to search for"},
            "classes":{"type":"array","description":"Which areas to search; all by default","items":{"type":"string",
            "enum":["all","academic","social","library","finance","code","ecommerce","medical"]}}},"required":["query"]}
            """));

    public string Provider => api.Endpoint.Name;

    /// <param name="arguments">As the model wrote them.</param>
    /// <exception cref="ProviderException">The search could not be run.</exception>
    public async Task<FoundPages> RunAsync(string arguments, CancellationToken cancellationToken)
    {
        var request = new ApiRequest(HttpMethod.Post, api.Url(Formula), "the web search") { Content = new RequestBody(Body(arguments), signals: null) };
        var fiber = await api.JsonAsync(request, cancellationToken);
        var context = fiber.Object("context");
        if (fiber.Text("status") is { } status and not "succeeded")
            throw api.Failures(request).Unreadable($"of status {(status.Length <= 40 ? status : "unknown")}", cause: null);

        var output = context.Text("encrypted_output") is { Length: > 0 } encrypted ? encrypted : context.Text("output");
        return new FoundPages(string.IsNullOrWhiteSpace(output) ? NothingFound : output, [.. context.Items("references").Select(Source).OfType<WebSource>()]);
    }

    private static byte[] Body(string arguments)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("name", FunctionName);
            json.WriteString("arguments", arguments);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>An address, or an object that has one.</summary>
    private static WebSource? Source(JsonElement reference)
    {
        var link = reference.Text() ?? reference.Text("url") ?? reference.Text("link");
        if (string.IsNullOrWhiteSpace(link))
            return null;
        return new WebSource(reference.Text("title") is { Length: > 0 } title ? title : link, link);
    }
}
