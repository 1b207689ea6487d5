using System.Text.Json.Nodes;

namespace Exai.Simulator.Dialects;

/// <summary>Made-up search results in GLM's shape; the second lacks members, as any of them may be missing.</summary>
internal static class WebSources
{
    public static JsonArray Array() =>
    [
        new JsonObject
        {
            ["icon"] = "",
            ["title"] = "First simulated source",
            ["link"] = "https://example.com/first",
            ["media"] = "Example",
            ["publish_date"] = "2026-09-01",
            ["content"] = "What the first source says.",
            ["refer"] = "1",
        },
        new JsonObject { ["title"] = "Second simulated source", ["link"] = "https://example.com/second", ["refer"] = "2" },
    ];
}
