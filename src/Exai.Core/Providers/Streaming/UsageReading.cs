using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Token counts of a stream. Each count keeps its last non-null value: Kimi tells usage twice, the second time without the cached part;
/// vLLM repeats it on every chunk. The counts are totals so far, so they are replaced and never added.
/// </summary>
internal static class UsageReading
{
    public static UsageDetails? Merge(UsageDetails? known, JsonElement holder)
    {
        var usage = holder.Object("usage");
        if (usage.ValueKind != JsonValueKind.Object)
            return known;

        var merged = known ?? new UsageDetails();
        merged.InputTokenCount = usage.Number("prompt_tokens") ?? merged.InputTokenCount;
        merged.OutputTokenCount = usage.Number("completion_tokens") ?? merged.OutputTokenCount;
        merged.TotalTokenCount = usage.Number("total_tokens") ?? merged.TotalTokenCount;
        merged.ReasoningTokenCount = usage.Object("completion_tokens_details").Number("reasoning_tokens") ?? merged.ReasoningTokenCount;
        merged.CachedInputTokenCount = usage.Object("prompt_tokens_details").Number("cached_tokens")
            ?? usage.Number("cached_tokens")
            ?? usage.Number("prompt_cache_hit_tokens")
            ?? merged.CachedInputTokenCount;
        return merged;
    }
}
