namespace Exai.Core.Providers.Glm;

/// <summary>How GLM searches the web when a call asks for it; the search runs at the provider.</summary>
/// <param name="Engine">China: search_std, search_pro, search_pro_sogou, search_pro_quark; international: search_pro_jina, search-prime.</param>
/// <param name="Count">Results per search, 1 to 50.</param>
/// <param name="Recency">oneDay, oneWeek, oneMonth, oneYear; null, <c>all</c> and <c>noLimit</c> set no limit.</param>
/// <param name="DomainFilter">The one domain to search; null for all.</param>
internal sealed record GlmWebSearchOptions(string Engine = "search-prime", int Count = 10, string? Recency = null, string? DomainFilter = null)
{
    /// <summary>The recency as the provider spells it; null when nothing is limited.</summary>
    public string? RecencyFilter => Recency is null or "" or "all" or "noLimit" ? null : Recency;
}
