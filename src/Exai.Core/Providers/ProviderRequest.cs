using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;

namespace Exai.Core.Providers;

/// <summary>Makes the message of any request to a provider: address, key, the dialect's headers, the endpoint's own last.</summary>
internal static class ProviderRequest
{
    /// <param name="bareKey">The key stands alone in its header, without <c>Bearer</c>.</param>
    /// <exception cref="ProviderException">The key holds what no header can carry.</exception>
    public static HttpRequestMessage Create(
        HttpMethod method, Uri url, ProviderEndpoint endpoint, Dialect dialect, HttpClient http, FailureClassifier failures, string accept, bool bareKey = false)
    {
        var key = endpoint.ApiKey?.Trim();
        // Checked here because the header's own check would repeat the key in its exception.
        if (key?.Any(character => character is <= ' ' or > '~') == true)
            throw failures.UnusableKey();

        var message = new HttpRequestMessage(method, url) { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        message.Headers.TryAddWithoutValidation("Accept", accept);
        if (!string.IsNullOrEmpty(key))
            message.Headers.TryAddWithoutValidation("Authorization", bareKey ? key : "Bearer " + key);
        dialect.AddHeaders(message.Headers);
        foreach (var (name, value) in endpoint.Headers)
        {
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }
}
