namespace Exai.Core.Providers.Services;

/// <summary>One request to a provider beside chat.</summary>
/// <param name="Url">Whole: some services live outside the provider's base.</param>
/// <param name="Operation">What messages call it, with an article: "the upload of a file".</param>
internal sealed record ApiRequest(HttpMethod Method, Uri Url, string Operation)
{
    /// <summary>Null for none.</summary>
    public HttpContent? Content { get; init; }

    /// <summary>From the request to the last byte of the answer.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The key stands alone in its header.</summary>
    public bool BareKey { get; init; }

    /// <summary>The provider's id of the file that a 404 says is gone; null when the request is about none.</summary>
    public string? FileId { get; init; }

    /// <summary>A second request would do it a second time: without an answer nobody knows whether it was done.</summary>
    public bool HasEffect { get; init; }
}
