using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>Which Kimi models think, which fix the sampling values, and the model list with its capability members.</summary>
internal static class KimiModels
{
    private static readonly (string Id, int Context, bool Image, bool Video, string ThinkingType)[] Known =
    [
        ("kimi-k3", 1048576, true, false, "both"),
        ("kimi-k3.1-pro", 1048576, true, false, "both"),
        ("kimi-k2.7-code", 262144, true, true, "only"),
        ("kimi-k2.6", 262144, true, true, "both"),
    ];

    public static bool AlwaysThinks(string model) => Begins(model, "kimi-k2.7-code") || Begins(model, "kimi-k2-thinking");

    /// <summary>Fixed sampling: temperature, top_p and the rest have one allowed value each.</summary>
    public static bool FixesSampling(string model) =>
        Begins(model, "kimi-k2.5") || Begins(model, "kimi-k2.6") || Begins(model, "kimi-k2.7") || Begins(model, "kimi-k3");

    public static bool Thinks(ChatRequest request) =>
        AlwaysThinks(request.Model) || (FixesSampling(request.Model) && request.Thinking != "disabled");

    public static JsonObject List(DateTimeOffset now) =>
        new() { ["object"] = "list", ["data"] = new JsonArray([.. Known.Select(model => Item(model, now))]) };

    private static JsonObject Item((string Id, int Context, bool Image, bool Video, string ThinkingType) model, DateTimeOffset now)
    {
        var item = new JsonObject
        {
            ["id"] = model.Id,
            ["object"] = "model",
            ["created"] = now.ToUnixTimeSeconds(),
            ["owned_by"] = "moonshot",
            ["context_length"] = model.Context,
            ["supports_image_in"] = model.Image,
            ["supports_video_in"] = model.Video,
            ["supports_reasoning"] = true,
            ["supports_thinking_type"] = model.ThinkingType,
        };
        if (Begins(model.Id, "kimi-k3"))
        {
            item["think_efforts"] = new JsonObject
            {
                ["support"] = true,
                ["valid_efforts"] = new JsonArray("low", "high", "max"),
                ["default_effort"] = "max",
            };
        }

        return item;
    }

    private static bool Begins(string model, string prefix) => model.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
