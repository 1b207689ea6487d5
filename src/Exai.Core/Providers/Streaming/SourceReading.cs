using System.Text.Json;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Web sources in every place where GLM's search has been seen to put them: <c>web_search</c> or <c>search_result</c> of the chunk, the
/// delta or the message, flat or nested.
/// </summary>
internal static class SourceReading
{
    public static IEnumerable<WebSource> Find(JsonElement holder) =>
        holder.HasItems("web_search") || holder.HasItems("search_result") ? Read(holder.Items("web_search").Concat(holder.Items("search_result"))) : [];

    private static IEnumerable<WebSource> Read(IEnumerable<JsonElement> items)
    {
        foreach (var item in items)
        {
            foreach (var source in item.Items("search_result").Prepend(item))
            {
                if (source.Text("link") is { Length: > 0 } link)
                    yield return new WebSource(source.Text("title") is { Length: > 0 } title ? title : link, link);
            }
        }
    }
}
