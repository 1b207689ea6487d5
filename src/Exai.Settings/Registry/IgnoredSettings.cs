namespace Exai.Settings;

/// <summary>
/// Names that are tolerated and do nothing: switches of the predecessor's runtime, and settings of the predecessor that have no meaning here.
/// People keep their old files; a name that is silently dead would leave them guessing.
/// </summary>
public static class IgnoredSettings
{
    private static readonly Lazy<Dictionary<string, string>> Reasons = new(Collect);

    /// <summary>Name to reason.</summary>
    public static IReadOnlyDictionary<string, string> All => Reasons.Value;

    /// <summary>Why the name does nothing; null when it is not one of these.</summary>
    public static string? Reason(string name) => Reasons.Value.GetValueOrDefault(name);

    /// <summary>
    /// True for names that other programs use too. In the environment such a name says nothing about a setting of ours; in our own file it does.
    /// </summary>
    internal static bool IsCommonElsewhere(string name) =>
        name is "ENVIRONMENT" or "LOCALE" or "WS_PORT" or "DATE_FORMAT" or "DIAGNOSTICS" or "DRY_RUN_MODE" or "REQUEST_TIMEOUT" or "MAX_RETRIES"
            or "MAX_CONNECTIONS" or "ALLOWED_EXTENSIONS" or "MAX_FILE_SIZE" or "UPLOAD_TIMEOUT" or "DOCKER_CONTAINER" or "TAVILY_API_KEY" or "BING_SEARCH_API_KEY"
        || StartsWithAny(name, "REDIS_", "SUPABASE_", "JWT_", "CACHE_", "METRICS_", "PROMETHEUS_", "HEALTH_CHECK", "SESSION_", "RATE_LIMIT_");

    private static bool StartsWithAny(string name, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static Dictionary<string, string> Collect()
    {
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (reason, names) in IgnoredNames.Groups)
        {
            foreach (var name in names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                reasons.Add(name, reason);
            }
        }

        return reasons;
    }
}
