using System.Text;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.Core.Providers.Streaming;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>Runs one attempt against exact bytes and keeps what came out, the failure included.</summary>
internal static class Wire
{
    public const string GlmKey = "0123456789abcdef.s3cr3ts3cr3tXYZ";
    public const string KimiKey = "sk-abcdefghijklmnopqrstuvwxyz";

    public const string Answer = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    public static readonly DateTimeOffset Now = new(2026, 10, 1, 10, 0, 0, TimeSpan.Zero);
    public static readonly ModelCatalogue Catalogue = ModelCatalogue.Load();

    public static IChatClient Glm(VerbatimHandler handler, GlmWebSearchOptions? search = null) =>
        ProviderClients.Glm(GlmEndpoint(), Catalogue, search ?? new GlmWebSearchOptions(), new FixedTime(), handler);

    public static IChatClient Kimi(HttpMessageHandler handler) => ProviderClients.Kimi(KimiEndpoint(), Catalogue, new FixedTime(), handler);

    public static IChatClient Generic(VerbatimHandler handler, string baseUrl = "http://localhost:8080/v1") => ProviderClients.Generic(
        new ProviderEndpoint { Name = "local", BaseUrl = new Uri(baseUrl) }, Catalogue, new FixedTime(), handler);

    public static ProviderEndpoint GlmEndpoint() =>
        new() { Name = "glm", BaseUrl = new Uri("https://api.z.ai/api/paas/v4"), ApiKey = GlmKey };

    public static ProviderEndpoint KimiEndpoint() =>
        new() { Name = "kimi", BaseUrl = new Uri("https://api.moonshot.ai/v1/"), ApiKey = KimiKey };

    public static ChatOptions Options(string model, AttemptOptions? attempt = null, int? maxTokens = null, float? temperature = null) => new()
    {
        ModelId = model,
        MaxOutputTokens = maxTokens,
        Temperature = temperature,
        AdditionalProperties = attempt is null ? null : new AdditionalPropertiesDictionary { [AttemptOptions.Key] = attempt },
    };

    /// <summary>A client of the provider whose model it is: glm, kimi, else any server.</summary>
    public static IChatClient For(string model, VerbatimHandler handler) =>
        model.StartsWith("glm", StringComparison.Ordinal) ? Glm(handler)
        : model.StartsWith("kimi", StringComparison.Ordinal) || model.StartsWith("moonshot", StringComparison.Ordinal) ? Kimi(handler)
        : Generic(handler);

    /// <summary>The exact JSON that a request comes to.</summary>
    public static async Task<string> RequestAsync(ChatOptions options, IEnumerable<ChatMessage>? messages = null)
    {
        var handler = VerbatimHandler.Answering(Answer);
        (await RunAsync(For(options.ModelId!, handler), options, messages)).Text.ShouldBe("Hi");
        return handler.RequestJson.ShouldNotBeNull();
    }

    public static ChatMessage[] Hello() => [new(ChatRole.User, "Hello")];

    public static async Task<Outcome> RunAsync(
        IChatClient client, ChatOptions options, IEnumerable<ChatMessage>? messages = null, CancellationToken cancellationToken = default)
    {
        using (client)
            return await ReadAsync(client, options, messages, cancellationToken);
    }

    /// <summary>The same, for a client that is asked more than once.</summary>
    public static async Task<Outcome> ReadAsync(
        IChatClient client, ChatOptions options, IEnumerable<ChatMessage>? messages = null, CancellationToken cancellationToken = default)
    {
        var outcome = new Outcome();
        try
        {
            await foreach (var update in client.GetStreamingResponseAsync(messages ?? Hello(), options, cancellationToken))
                outcome.Updates.Add(update);
        }
        catch (ProviderException failure)
        {
            outcome.Failure = failure;
        }

        return outcome;
    }

    public static Task<Outcome> GlmAsync(string body) => RunAsync(Glm(VerbatimHandler.Answering(body)), Options("glm-4.6"));

    public static Task<Outcome> KimiAsync(string body) => RunAsync(Kimi(VerbatimHandler.Answering(body)), Options("kimi-k2.6"));

    public static Task<Outcome> GenericAsync(string body) => RunAsync(Generic(VerbatimHandler.Answering(body)), Options("some-model"));

    /// <summary>Events with one data line each, as servers mostly write them.</summary>
    public static string Events(params string[] data) => string.Concat(data.Select(line => $"data: {line}\n\n"));

    /// <summary>A chunk whose delta holds the given members.</summary>
    public static string Delta(string members, string? finish = null) =>
        $$"""{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{ {{members}} }{{(finish is null ? "" : $",\"finish_reason\":\"{finish}\"")}} }]}""";

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

internal sealed class Outcome
{
    public List<ChatResponseUpdate> Updates { get; } = [];

    public ProviderException? Failure { get; set; }

    public string Text => string.Concat(Updates.SelectMany(update => update.Contents).OfType<TextContent>());

    public string Reasoning => string.Concat(Updates.SelectMany(update => update.Contents).OfType<TextReasoningContent>().Select(content => content.Text));

    public UsageDetails? Usage => Updates.SelectMany(update => update.Contents).OfType<UsageContent>().SingleOrDefault()?.Details;

    public IReadOnlyList<FunctionCallContent> Calls => [.. Updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>()];

    public string? Finish => Updates.LastOrDefault()?.FinishReason?.Value;

    public int? Skipped => Updates.LastOrDefault()?.AdditionalProperties?.GetValueOrDefault(CompletionDecoder.SkippedKey) as int?;

    public string? LiteralCall => Updates.LastOrDefault()?.AdditionalProperties?.GetValueOrDefault(CompletionDecoder.LiteralCallKey) as string;

    public IReadOnlyList<WebSource> Sources =>
        Updates.LastOrDefault()?.AdditionalProperties?.GetValueOrDefault(WebSource.Key) as IReadOnlyList<WebSource> ?? [];

    public ProviderException Failed => Failure.ShouldNotBeNull();

    /// <summary>Everything that a consumer can see, for comparing two runs.</summary>
    public string Told() => string.Join('\n', Updates.Select(update =>
        $"{update.ResponseId}|{update.ModelId}|{update.FinishReason}|{string.Join('+', update.Contents.Select(Told))}|{string.Join(',', update.AdditionalProperties?.Keys ?? [])}"))
        + $"\n{Failure?.Error.Code}|{Failure?.Error.Stage}|{Failure?.FailureClass}|{Failure?.Message}";

    private static string Told(AIContent content) => content switch
    {
        TextContent text => "T" + text.Text,
        TextReasoningContent reasoning => "R" + reasoning.Text,
        UsageContent { Details: var usage } =>
            $"U{usage.InputTokenCount},{usage.OutputTokenCount},{usage.CachedInputTokenCount},{usage.ReasoningTokenCount},{usage.TotalTokenCount}",
        FunctionCallContent call => $"C{call.CallId}:{call.Name}:{call.AdditionalProperties?[ToolCallAssembler.ArgumentsKey]}",
        _ => content.GetType().Name,
    };
}

internal sealed class FixedTime : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(2), "test", "test");

    public override DateTimeOffset GetUtcNow() => Wire.Now;
}
