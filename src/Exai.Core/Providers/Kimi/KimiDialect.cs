using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>
/// Moonshot Kimi: usage must be asked for, newer models refuse every sampling value, and thinking can be switched on some of them only.
/// Its web search is a tool loop at the client, so <see cref="AttemptOptions.WebSearch"/> has no effect here.
/// </summary>
internal sealed partial class KimiDialect(ModelCatalogue catalogue) : Dialect(catalogue)
{
    private const int MostStops = 5;

    /// <summary>Bytes.</summary>
    private const int LongestStop = 32;

    /// <summary>Models that refused the <c>thinking</c> member; documents and live behaviour differ on k3.</summary>
    private readonly ConcurrentDictionary<string, bool> _refusedThinking = new(StringComparer.OrdinalIgnoreCase);

    public override IReadOnlyList<FailureRow> Failures => KimiFailures.Rules;

    protected override string OutputLimitName => "max_completion_tokens";

    public override string? VendorCode(VendorError error) => error.Type ?? error.Code;

    /// <summary>A 400 over <c>thinking</c> itself costs one more try without it, and is remembered for the life of the daemon.</summary>
    public override FailureRule? Learn(string model, int status, VendorError error) =>
        status == 400
        && Describe(model)?.Thinking == ThinkingKind.DefaultOn
        && error.Message is { } message
        && message.Contains("thinking", StringComparison.OrdinalIgnoreCase)
        && !message.Contains("reasoning_content", StringComparison.Ordinal)
        && !message.Contains("tool_choice", StringComparison.Ordinal)
        && _refusedThinking.TryAdd(model, true)
            ? KimiFailures.ThinkingRefused
            : null;

    protected override ToolRules Tools { get; } = new() { Name = ToolName() };

    protected override void WriteOptions(Utf8JsonWriter json, ChatRequest request)
    {
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();

        var model = Describe(request.Model);
        // Models with fixed sampling refuse every other value; so do, perhaps, those that nobody knows.
        if (model is { FixedSampling: false })
            WriteSampling(json, request.Options);
        var stops = (request.Options.StopSequences ?? []).Where(stop => Encoding.UTF8.GetByteCount(stop) <= LongestStop).Take(MostStops).ToList();
        if (stops.Count > 0)
            WriteStops(json, stops);
        if (Thinking(request, model) is { } thinking)
            WriteThinking(json, thinking);
        if (Effort(request) is { } effort)
            json.WriteString("reasoning_effort", effort);
        WriteResponseFormat(json, request, schemas: true);
        if (!string.IsNullOrEmpty(request.Attempt.CacheKey))
            json.WriteString("prompt_cache_key", request.Attempt.CacheKey);
    }

    protected override MessageRules Messages(ChatRequest request) => new()
    {
        FillsMissingReasoning = MayThink(request),
        OmitsBlankText = true,
        NamesToolResults = true,
        LongestCallId = 64,
        // No http links: the provider fetches nothing.
        Images = new ImageRules { Links = false, FileScheme = "ms" },
    };

    protected override bool HasOwnTools(ChatRequest request) => request.Options.Tools?.OfType<KimiBuiltinSearch>().Any() == true;

    protected override void WriteOwnTools(Utf8JsonWriter json, ChatRequest request) => KimiBuiltinSearch.Write(json);

    /// <summary>"tool_choice 'required' is incompatible with thinking enabled".</summary>
    protected override bool CanForceTools(ChatRequest request) => !MayThink(request);

    private bool MayThink(ChatRequest request) =>
        Describe(request.Model)?.Thinking is var kind && kind != ThinkingKind.None && Thinking(request, Describe(request.Model)) != false;

    /// <summary>
    /// k2.5 and k2.6 have the switch, and are always told: one client saw k2.6 hang when they were not. k3 thinks by itself and, asked not
    /// to, obeys. To all others the member is unknown or an error. Null sends nothing.
    /// </summary>
    private bool? Thinking(ChatRequest request, ModelInfo? model)
    {
        if (_refusedThinking.ContainsKey(request.Model))
            return null;

        return model?.Thinking switch
        {
            ThinkingKind.Toggle => request.Attempt.Thinking ?? true,
            ThinkingKind.DefaultOn when request.Attempt.Thinking == false => false,
            _ => null,
        };
    }

    private static void WriteSampling(Utf8JsonWriter json, ChatOptions options)
    {
        if (options.Temperature is { } temperature)
            json.WriteNumber("temperature", Math.Min(Rounded(temperature), 1m));
        if (options.TopP is { } topP)
            json.WriteNumber("top_p", Math.Min(Rounded(topP), 1m));
    }

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_-]{2,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex ToolName();
}
