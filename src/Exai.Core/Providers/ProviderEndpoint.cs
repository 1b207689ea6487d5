namespace Exai.Core.Providers;

/// <summary>
/// Where one provider is reached and with what. A class and not a record, so that no generated <c>ToString</c> prints the key.
/// </summary>
internal sealed class ProviderEndpoint
{
    /// <summary>The name that users see: <c>glm</c>, <c>kimi</c>, or the one in <c>providers.json</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Without the operation: <c>https://api.z.ai/api/paas/v4</c>. A trailing slash does not matter; no version segment is ever added.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>The variable that holds the key, for messages about it; null for GLM, Kimi and servers without keys.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>Null for servers without keys.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Sent with every request, after the dialect's own.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    public int MaxConnections { get; init; } = 15;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public Uri Url(string operation) => new($"{BaseUrl.AbsoluteUri.TrimEnd('/')}/{operation}");

    /// <summary>Texts that must not reach a message: the key, its parts (a GLM key is <c>id.secret</c>) and long header values.</summary>
    public IEnumerable<string> Secrets()
    {
        const int ShortestSecret = 8;
        var key = ApiKey?.Trim() ?? "";
        return key.Split('.').Prepend(key).Concat(Headers.Values.SelectMany(value => value.Split(' ').Prepend(value)).Where(value => value.Length >= 2 * ShortestSecret))
            .Where(secret => secret.Length >= ShortestSecret);
    }

    /// <summary>Advice that a dialect's table gives to its own provider, told for this endpoint, which may have other names for things.</summary>
    public string InItsOwnNames(string advice) => Name is "glm" or "kimi" ? advice : advice
        .Replace("GLM_API_KEY", KeyVariable ?? "its key", StringComparison.Ordinal)
        .Replace("KIMI_API_KEY", KeyVariable ?? "its key", StringComparison.Ordinal)
        .Replace("GLM_API_URL", $"the baseUrl of {Name}", StringComparison.Ordinal)
        .Replace("KIMI_API_URL", $"the baseUrl of {Name}", StringComparison.Ordinal)
        .Replace("the provider's key in the settings", KeyVariable ?? "its key in the settings", StringComparison.Ordinal);

    public override string ToString() => $"{Name} at {BaseUrl.Host}";
}
