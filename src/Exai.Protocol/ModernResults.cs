using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>What results of the era without a handshake have besides their content, whoever makes them.</summary>
public static class ModernResults
{
    /// <summary>A whole result: says so, and who answered. What <c>_meta</c> it has is kept.</summary>
    public static JsonObject Complete(JsonObject result)
    {
        var meta = result["_meta"] as JsonObject ?? [];
        result.Remove("_meta");
        result["resultType"] = "complete";
        result["_meta"] = meta;
        meta[ModernProtocol.ServerInfoKey] = ServerManifest.ServerInfo();
        return result;
    }

    /// <summary>A list: it also says for how long a client may keep it. Only who has the token may see it, so no cache may share it.</summary>
    public static JsonObject List(JsonObject result, TimeSpan lifetime)
    {
        result["ttlMs"] = (long)lifetime.TotalMilliseconds;
        result["cacheScope"] = "private";
        return Complete(result);
    }

    /// <summary>The result of <c>server/discover</c>: the same bytes with the daemon down or up.</summary>
    public static JsonObject Discover() => List(
        new JsonObject
        {
            ["supportedVersions"] = new JsonArray(ModernProtocol.Version),
            ["capabilities"] = new JsonObject { ["prompts"] = new JsonObject(), ["tools"] = new JsonObject { ["listChanged"] = true } },
            ["instructions"] = ServerManifest.Instructions,
        },
        lifetime: TimeSpan.Zero);
}
