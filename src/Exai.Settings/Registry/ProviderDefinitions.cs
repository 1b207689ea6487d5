namespace Exai.Settings;

internal static class ProviderDefinitions
{
    private const string Section = SettingSections.Providers;
    private const double MostTokens = 10_000_000;

    public static SettingDefinition[] All { get; } =
    [
        new()
        {
            Name = "GLM_API_KEY", Section = Section, Kind = SettingKind.Secret, Aliases = ["ZHIPUAI_API_KEY", "ZAI_API_KEY"],
            DefaultNote = "none: GLM is off", Meaning = "Key for GLM at Z.ai or Zhipu.",
        },
        new()
        {
            Name = "GLM_API_URL", Section = Section, Kind = SettingKind.Url, Default = "https://api.z.ai/api/paas/v4",
            Aliases = ["ZHIPUAI_API_URL", "ZHIPUAI_BASE_URL", "GLM_BASE_URL", "ZAI_BASE_URL"], Meaning = "Base address of the GLM interface.",
        },
        new()
        {
            Name = "KIMI_API_KEY", Section = Section, Kind = SettingKind.Secret, Aliases = ["MOONSHOT_API_KEY"],
            DefaultNote = "none: Kimi is off", Meaning = "Key for Kimi at Moonshot.",
        },
        new()
        {
            Name = "KIMI_API_URL", Section = Section, Kind = SettingKind.Url, Default = "https://api.moonshot.ai/v1",
            Aliases = ["MOONSHOT_API_URL", "KIMI_BASE_URL", "MOONSHOT_BASE_URL"], Meaning = "Base address of the Kimi interface.",
        },
        new()
        {
            Name = "EXAI_PROVIDERS_FILE", Section = Section, Kind = SettingKind.Path, Default = "$EXAI_HOME/providers.json",
            Meaning = "File that describes further endpoints, each with dialect, address, models and the name of its key's variable.",
        },
        new()
        {
            Name = "DEFAULT_MODEL", Section = Section, Kind = SettingKind.Text, Default = "auto",
            Meaning = "Model of a call that names none; auto takes the first preferred one that has a key and can do what the call needs.",
        },
        new()
        {
            Name = "GLM_DEFAULT_MODEL", Section = Section, Kind = SettingKind.Text, Default = "glm-4.6",
            Meaning = "Model that stands for GLM when only the provider is named.",
        },
        new()
        {
            Name = "GLM_PREFERRED_MODELS", Section = Section, Kind = SettingKind.List, Default = "glm-4.6, glm-4.5-flash, glm-4.5, glm-4.5-air",
            Meaning = "GLM models for automatic choice, best first; unset, GLM_DEFAULT_MODEL leads.",
        },
        new()
        {
            Name = "KIMI_DEFAULT_MODEL", Section = Section, Kind = SettingKind.Text, Default = "kimi-k2-0905-preview",
            Meaning = "Model that stands for Kimi when only the provider is named.",
        },
        new()
        {
            Name = "KIMI_PREFERRED_MODELS", Section = Section, Kind = SettingKind.List, Default = "kimi-k2-0905-preview, kimi-k2-turbo-preview",
            Meaning = "Kimi models for automatic choice, best first; unset, KIMI_DEFAULT_MODEL leads.",
        },
        new()
        {
            Name = "KIMI_THINKING_MODEL", Section = Section, Kind = SettingKind.Text, Default = "kimi-thinking-preview",
            Meaning = "Kimi model for calls that ask for thinking.",
        },
        new()
        {
            Name = "KIMI_SPEED_MODEL", Section = Section, Kind = SettingKind.Text, Default = "kimi-k2-turbo-preview",
            Meaning = "Kimi model for calls that ask for speed.",
        },
        new()
        {
            Name = "EXAI_FALLBACK", Section = Section, Kind = SettingKind.Choice, Default = "auto", Choices = ["auto", "always", "never"],
            Meaning = "Whether another model may answer when one fails: auto only if the caller named none.",
        },
        new()
        {
            Name = "EXAI_FALLBACK_MODELS", Section = Section, Kind = SettingKind.List, DefaultNote = "the other providers' default models",
            Meaning = "Models to fall back to, in this order.",
        },
        new()
        {
            Name = "GLM_CONNECTION_POOL_SIZE", Section = Section, Kind = SettingKind.Integer, Default = "15", Min = 1, Max = 1000,
            Meaning = "Connections to GLM that may be open at once; each stays open for three idle minutes, and one is kept warm while calls are likely.",
        },
        new()
        {
            Name = "KIMI_CONNECTION_POOL_SIZE", Section = Section, Kind = SettingKind.Integer, Default = "15", Min = 1, Max = 1000,
            Meaning = "Connections to Kimi that may be open at once; each stays open for three idle minutes, and one is kept warm while calls are likely.",
        },
        new()
        {
            Name = "GLM_WEBSEARCH_COUNT", Section = Section, Kind = SettingKind.Integer, Default = "10", Min = 1, Max = 50,
            Meaning = "Results that GLM's web search hands to the model.",
        },
        new()
        {
            Name = "GLM_WEBSEARCH_ENGINE", Section = Section, Kind = SettingKind.Text, Default = "search-prime",
            Meaning = "Search engine that GLM uses, by the provider's name for it.",
        },
        new()
        {
            Name = "GLM_WEBSEARCH_RECENCY", Section = Section, Kind = SettingKind.Choice, Default = "all",
            Choices = ["all", "oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"],
            Meaning = "Greatest age of what GLM's web search finds; all sets no limit.",
        },
        new()
        {
            Name = "GLM_WEBSEARCH_DOMAIN_FILTER", Section = Section, Kind = SettingKind.Text, DefaultNote = "none",
            Meaning = "Domain to which GLM's web search is limited.",
        },
        new()
        {
            Name = "KIMI_WEBSEARCH_MODE", Section = Section, Kind = SettingKind.Choice, Default = "builtin", Choices = ["builtin", "formula"],
            Meaning = "Which of Kimi's two web search interfaces is used.",
        },
        new()
        {
            Name = "DEFAULT_MAX_OUTPUT_TOKENS", Section = Section, Kind = SettingKind.Integer, Unit = "tokens", Default = "8192", Min = 1, Max = MostTokens,
            Meaning = "Longest answer of a provider that has no setting of its own.",
        },
        new()
        {
            Name = "GLM_MAX_OUTPUT_TOKENS", Section = Section, Kind = SettingKind.Integer, Unit = "tokens", Default = "8192", Min = 1, Max = MostTokens,
            Meaning = "Longest answer of GLM.",
        },
        new()
        {
            Name = "KIMI_MAX_OUTPUT_TOKENS", Section = Section, Kind = SettingKind.Integer, Unit = "tokens", Default = "16384", Min = 1, Max = MostTokens,
            Meaning = "Longest answer of Kimi.",
        },
    ];
}
