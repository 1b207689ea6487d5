namespace Exai.Core.Providers;

/// <summary>A page that the provider's web search used. The list stands on the last update under <see cref="Key"/>.</summary>
internal sealed record WebSource(string Title, string Link)
{
    /// <summary>Key in <c>ChatResponseUpdate.AdditionalProperties</c> of an <c>IReadOnlyList&lt;WebSource&gt;</c>, links unique.</summary>
    public const string Key = "exai.sources";
}
