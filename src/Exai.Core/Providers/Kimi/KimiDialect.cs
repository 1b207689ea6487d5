using System.Collections.Concurrent;
using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;

namespace Exai.Core.Providers.Kimi;

/// <summary>
/// Moonshot Kimi: usage must be asked for, newer models refuse every sampling value, and thinking can be switched on some of them only.
/// Web search is left off: Kimi's own search is a tool loop at the client, so <see cref="AttemptOptions.WebSearch"/> has no effect here.
/// </summary>
internal sealed class KimiDialect(ModelCatalogue catalogue) : Dialect(catalogue)
{
    /// <summary>Models that refused the <c>thinking</c> member; documents and live behaviour differ on k3.</summary>
    private readonly ConcurrentDictionary<string, bool> _refusedThinking = new(StringComparer.OrdinalIgnoreCase);

    public override IReadOnlyList<FailureRow> Failures => KimiFailures.Rules;

    protected override string OutputLimitName => "max_completion_tokens";

    public override string? VendorCode(VendorError error) => error.Type ?? error.Code;

    /// <summary>A 400 over <c>thinking</c> costs one more try without it, and is remembered for the life of the daemon.</summary>
    public override FailureRule? Learn(string model, int status, VendorError error) =>
        status == 400
        && Describe(model)?.Thinking == ThinkingKind.DefaultOn
        && error.Message?.Contains("thinking", StringComparison.OrdinalIgnoreCase) == true
        && _refusedThinking.TryAdd(model, true)
            ? KimiFailures.ThinkingRefused
            : null;

    protected override void WriteOptions(Utf8JsonWriter json, ChatRequest request)
    {
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();

        var model = Describe(request.Model);
        if (request.Options.Temperature is { } temperature && model is { FixedSampling: false })
            json.WriteNumber("temperature", Math.Min(Rounded(temperature), 1m));
        var refused = _refusedThinking.ContainsKey(request.Model);
        if (request.Attempt.Thinking is { } thinking && Accepts(thinking, model?.Thinking) && !refused)
            WriteThinking(json, thinking);
        if (!string.IsNullOrEmpty(request.Attempt.CacheKey))
            json.WriteString("prompt_cache_key", request.Attempt.CacheKey);
    }

    /// <summary>k2.5 and k2.6 have the switch; k3 thinks by itself and, asked not to, obeys; to all others the member is unknown or an error.</summary>
    private static bool Accepts(bool thinking, ThinkingKind? kind) => kind switch
    {
        ThinkingKind.Toggle => true,
        ThinkingKind.DefaultOn => !thinking,
        _ => false,
    };
}
