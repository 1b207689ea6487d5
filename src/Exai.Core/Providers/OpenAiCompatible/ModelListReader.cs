using System.Globalization;
using System.Text.Json;
using Exai.Settings;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>
/// Reads the answer to <c>GET /models</c>: <c>{"data":[{"id":…}]}</c>, and what servers add to it. Kimi tells windows and abilities, OpenRouter
/// prices too, vLLM, llama.cpp and LM Studio the window that they really run with.
/// </summary>
internal static class ModelListReader
{
    private const decimal Million = 1_000_000m;
    private const int LongestId = 200;

    /// <summary>Null when this is no such list.</summary>
    public static IReadOnlyList<ModelDescription>? Read(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array
            ? [.. data.EnumerateArray().Select(ReadModel).OfType<ModelDescription>().DistinctBy(model => model.Id, StringComparer.OrdinalIgnoreCase)]
            : null;

    private static ModelDescription? ReadModel(JsonElement model) =>
        model.Text("id") is { Length: > 0 and <= LongestId } id && CanChat(id) && !id.Any(char.IsControl)
            ? new ModelDescription
            {
                Id = id,
                Window = Window(model),
                MaxOutput = (int?)Positive(model.Object("top_provider").Number("max_completion_tokens")),
                Vision = Flag(model, "supports_image_in") ?? (Modalities(model) is { Count: > 0 } inputs ? inputs.Contains("image") : null),
                Thinking = Thinking(model),
                PriceIn = Price(model, "prompt"),
                PriceOut = Price(model, "completion"),
                PriceCached = Price(model, "input_cache_read"),
            }
            : null;

    /// <summary>Lists hold other kinds of models too; those for embeddings say so in their names.</summary>
    private static bool CanChat(string id) => !id.Contains("embed", StringComparison.OrdinalIgnoreCase);

    private static long? Window(JsonElement model) => Positive(
        model.Number("context_length") ?? model.Number("max_model_len") ?? model.Number("context_window") ?? model.Number("loaded_context_length")
        ?? model.Number("max_context_length") ?? model.Object("meta").Number("n_ctx") ?? model.Object("meta").Number("n_ctx_train"));

    private static long? Positive(long? number) => number is > 0 and <= int.MaxValue ? number : null;

    private static ThinkingKind? Thinking(JsonElement model) => model.Text("supports_thinking_type") switch
    {
        "only" => ThinkingKind.Always,
        "both" => ThinkingKind.Toggle,
        "no" => ThinkingKind.None,
        _ => Flag(model, "supports_reasoning") switch
        {
            false => ThinkingKind.None,
            true => ThinkingKind.Hybrid,
            null => null,
        },
    };

    private static bool? Flag(JsonElement model, string name) => model.TryGetProperty(name, out var value)
        ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
        : null;

    private static List<string?> Modalities(JsonElement model) =>
        [.. model.Object("architecture").Items("input_modalities").Select(modality => modality.Text())];

    /// <summary>USD for one token, as text. A negative one means that it varies.</summary>
    private static decimal? Price(JsonElement model, string name) =>
        decimal.TryParse(model.Object("pricing").Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var price) && price is >= 0 and < 1
            ? price * Million
            : null;
}
