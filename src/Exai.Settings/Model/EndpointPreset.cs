namespace Exai.Settings;

/// <summary>An endpoint that people know by name, so that its entry needs a key at most.</summary>
/// <param name="BaseUrl">Null for <c>custom</c>, which has to name its own.</param>
/// <param name="KeyVariable">Where its key is by custom; null for servers without keys.</param>
public sealed record EndpointPreset(string Name, Uri? BaseUrl, string? KeyVariable)
{
    /// <summary>Runs on this machine, and can be found there.</summary>
    public bool IsLocal => BaseUrl is { IsLoopback: true };
}

/// <summary>All presets.</summary>
public static class EndpointPresets
{
    public const string Custom = "custom";
    public const string Ollama = "ollama";
    public const string LmStudio = "lmstudio";
    public const string LlamaCpp = "llamacpp";
    public const string Vllm = "vllm";

    public static IReadOnlyList<EndpointPreset> All { get; } =
    [
        new("openai", new Uri("https://api.openai.com/v1"), "OPENAI_API_KEY"),
        new("openrouter", new Uri("https://openrouter.ai/api/v1"), "OPENROUTER_API_KEY"),
        new("deepseek", new Uri("https://api.deepseek.com"), "DEEPSEEK_API_KEY"),
        new(Ollama, new Uri("http://127.0.0.1:11434/v1"), null),
        new(LmStudio, new Uri("http://127.0.0.1:1234/v1"), null),
        new(LlamaCpp, new Uri("http://127.0.0.1:8080/v1"), null),
        new(Vllm, new Uri("http://127.0.0.1:8000/v1"), null),
        new(Custom, null, null),
    ];

    public static EndpointPreset? Find(string name)
    {
        foreach (var preset in All)
        {
            if (preset.Name == name)
            {
                return preset;
            }
        }

        return null;
    }
}
