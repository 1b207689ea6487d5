namespace Exai.Settings.Tests.Registry;

public sealed class SettingsRegistryTests
{
    public static TheoryData<string> Names => [.. SettingsRegistry.All.Select(definition => definition.Name)];

    /// <summary>The contract's names and defaults, copied by hand: the one place where a slip in the registry shows.</summary>
    public static TheoryData<string, string?> ContractDefaults => new()
    {
        { "EXAI_HOME", null }, { "ENV_FILE", null }, { "EXAI_WS_HOST", "127.0.0.1" }, { "EXAI_WS_PORT", "8079" }, { "EXAI_WS_TOKEN", null },
        { "EXAI_WS_ENDPOINTS", null }, { "EXAI_TLS_CERT", null }, { "EXAI_TLS_KEY", null }, { "EXAI_TLS_CA", null },
        { "EXAI_WS_AUTOSTART", null }, { "EXAI_WS_RECONNECT_INITIAL_SECS", "0.25" }, { "EXAI_WS_RECONNECT_MAX_SECS", "30" }, { "EXAI_WS_MAX_RETRIES", "0" },
        { "EXAI_WS_CONNECT_TIMEOUT", "5" }, { "EXAI_WS_HANDSHAKE_TIMEOUT", "15" }, { "EXAI_WS_PING_VALIDATION_TIMEOUT", "5.0" },
        { "EXAI_WS_PING_INTERVAL", "45" }, { "EXAI_WS_PING_TIMEOUT", "240" }, { "EXAI_WS_MAX_BYTES", "33554432" }, { "EXAI_HEALTH_STALE_SECS", "120" },
        { "EXAI_HEALTH_WRITER_INTERVAL", "10" }, { "EXAI_WS_PROGRESS_INTERVAL_SECS", "2.5" }, { "EXAI_CLIENT_WAIT_SECS", null },
        { "EXAI_CANCEL_GRACE_SECS", "30" }, { "EXAI_DRAIN_SECS", "30" }, { "EXAI_CALL_MAX_RUNS", "3" }, { "EXAI_CALL_LEASE_SECS", "1.5" },
        { "LOG_LEVEL", "INFO" }, { "EXAI_LOG_FORMAT", "text" },
        { "GLM_API_KEY", null }, { "GLM_API_URL", "https://api.z.ai/api/paas/v4" }, { "KIMI_API_KEY", null }, { "KIMI_API_URL", "https://api.moonshot.ai/v1" },
        { "EXAI_PROVIDERS_FILE", "$EXAI_HOME/providers.json" }, { "DEFAULT_MODEL", "auto" }, { "GLM_DEFAULT_MODEL", "glm-4.6" },
        { "GLM_PREFERRED_MODELS", "glm-4.6, glm-4.5-flash, glm-4.5, glm-4.5-air" }, { "KIMI_DEFAULT_MODEL", "kimi-k2-0905-preview" },
        { "KIMI_PREFERRED_MODELS", "kimi-k2-0905-preview, kimi-k2-turbo-preview" }, { "KIMI_THINKING_MODEL", "kimi-thinking-preview" },
        { "KIMI_SPEED_MODEL", "kimi-k2-turbo-preview" }, { "EXAI_FALLBACK", "auto" }, { "EXAI_FALLBACK_MODELS", null },
        { "GLM_CONNECTION_POOL_SIZE", "15" }, { "KIMI_CONNECTION_POOL_SIZE", "15" }, { "GLM_WEBSEARCH_COUNT", "10" },
        { "GLM_WEBSEARCH_ENGINE", "search-prime" }, { "GLM_WEBSEARCH_RECENCY", "all" }, { "GLM_WEBSEARCH_DOMAIN_FILTER", null },
        { "KIMI_WEBSEARCH_MODE", "builtin" }, { "DEFAULT_MAX_OUTPUT_TOKENS", "8192" }, { "GLM_MAX_OUTPUT_TOKENS", "8192" }, { "KIMI_MAX_OUTPUT_TOKENS", "16384" },
        { "EXAI_CONNECT_TIMEOUT_SECS", "10" }, { "GLM_SESSION_TIMEOUT", null }, { "KIMI_SESSION_TIMEOUT", null }, { "GLM_TIMEOUT_SECS", "75" },
        { "GLM_WEB_SEARCH_TIMEOUT_SECS", "300" }, { "GLM_THINKING_TIMEOUT_SECS", "360" }, { "GLM_WEB_THINKING_TIMEOUT_SECS", "420" },
        { "KIMI_TIMEOUT_SECS", "75" }, { "KIMI_WEB_SEARCH_TIMEOUT_SECS", "300" }, { "KIMI_THINKING_TIMEOUT_SECS", "360" },
        { "KIMI_WEB_THINKING_TIMEOUT_SECS", "420" }, { "EXAI_STREAM_IDLE_TIMEOUT_SECS", "120" }, { "GLM_STREAM_TIMEOUT", "300" },
        { "KIMI_STREAM_TIMEOUT", "600" }, { "EXAI_QUEUE_TIMEOUT_SECS", null }, { "EXAI_CALL_TIMEOUT_SECS", "960" },
        { "EXAI_WS_GLOBAL_MAX_INFLIGHT", "5" }, { "EXAI_WS_SESSION_MAX_INFLIGHT", "2" }, { "EXAI_WS_GLM_MAX_INFLIGHT", "2" }, { "EXAI_WS_KIMI_MAX_INFLIGHT", "3" },
        { "SESSION_MAX_CONCURRENT", "10" }, { "EXAI_QUEUE_MAX", "64" }, { "GLM_REQUEST_PRIORITY_THRESHOLD", "500" },
        { "EXAI_SEMAPHORE_HEALTH_CHECK_INTERVAL", "30" }, { "CIRCUIT_BREAKER_FAILURE_THRESHOLD", "5" }, { "CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS", "60" },
        { "RETRY_ATTEMPTS", "2" }, { "RETRY_BACKOFF_BASE", "0.5" }, { "RETRY_BACKOFF_MAX", "4.0" },
        { "TOOL_PROFILE", "standard" }, { "ENABLED_TOOLS", null }, { "DISABLED_TOOLS", null }, { "CONVERSATION_TIMEOUT_HOURS", "24" },
        { "MAX_CONVERSATION_TURNS", "200" }, { "EXAI_ALLOWED_ROOTS", null }, { "EXAI_RESULT_TTL_HOURS", "24" }, { "EXAI_STORE", "sqlite:$EXAI_HOME/exai.db" },
        { "EXAI_STORE_SYNC", "normal" }, { "MONITORING_HOST", "127.0.0.1" }, { "MONITORING_PORT", "8080" }, { "MONITORING_ENABLED", "true" },
        { "MONITORING_PING_INTERVAL", "30" }, { "MONITORING_PING_TIMEOUT", "25" }, { "EXAI_ALLOWED_HOSTS", null }, { "OTEL_EXPORTER_OTLP_ENDPOINT", null },
    };

    [Theory]
    [MemberData(nameof(ContractDefaults))]
    public void Default_of_a_contract_name_is_the_contracts(string name, string? expected)
    {
        var definition = SettingsRegistry.Find(name).ShouldNotBeNull();
        definition.Name.ShouldBe(name);
        definition.Default.ShouldBe(expected);
    }

    [Fact]
    public void Registry_holds_no_name_beyond_the_contracts() =>
        SettingsRegistry.All.Select(definition => definition.Name).ShouldBe(ContractDefaults.Select(row => row.Data.Item1), ignoreOrder: true);

    [Theory]
    [InlineData("ZHIPUAI_API_KEY", "GLM_API_KEY")]
    [InlineData("ZAI_API_KEY", "GLM_API_KEY")]
    [InlineData("ZHIPUAI_API_URL", "GLM_API_URL")]
    [InlineData("ZHIPUAI_BASE_URL", "GLM_API_URL")]
    [InlineData("GLM_BASE_URL", "GLM_API_URL")]
    [InlineData("MOONSHOT_API_KEY", "KIMI_API_KEY")]
    [InlineData("MOONSHOT_API_URL", "KIMI_API_URL")]
    [InlineData("KIMI_BASE_URL", "KIMI_API_URL")]
    [InlineData("EXAI_QUEUE_AGING_MS", "GLM_REQUEST_PRIORITY_THRESHOLD")]
    [InlineData("KIMI_STREAM_TIMEOUT_SECS", "KIMI_STREAM_TIMEOUT")]
    public void Alias_leads_to_its_setting(string alias, string name) => SettingsRegistry.Find(alias)!.Name.ShouldBe(name);

    [Theory]
    [MemberData(nameof(Names))]
    public void Definition_has_a_default_or_a_note_and_a_sentence(string name)
    {
        var definition = SettingsRegistry.Find(name)!;
        (definition.Default is null).ShouldBe(definition.DefaultNote is not null);
        definition.Meaning.ShouldEndWith(".");
        definition.Meaning.ShouldNotContain("\n");
        (definition.Kind == SettingKind.Choice).ShouldBe(definition.Choices.Count > 0);
        if (definition.Kind is SettingKind.Integer or SettingKind.Seconds or SettingKind.Number)
        {
            definition.Min.ShouldNotBeNull();
            definition.Max.ShouldNotBeNull();
            definition.Max.Value.ShouldBeLessThanOrEqualTo(int.MaxValue);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Default_passes_its_own_check(string name)
    {
        var definition = SettingsRegistry.Find(name)!;
        if (definition.Default is { } text)
        {
            SettingText.Check(definition, text).ShouldBeNull();
        }
    }

    [Fact]
    public void Ignored_names_are_no_settings()
    {
        IgnoredSettings.All.Count.ShouldBeGreaterThan(300);
        IgnoredSettings.All.Keys.Where(name => SettingsRegistry.Find(name) is not null).ShouldBeEmpty();
    }
}
