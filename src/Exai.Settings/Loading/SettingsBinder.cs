using Exai.Settings.Home;

namespace Exai.Settings;

/// <summary>Turns checked texts into the typed tree. What the defaults are stands in the registry alone.</summary>
internal sealed class SettingsBinder(SettingsReader reader, SettingsPaths paths, ExaiHome home)
{
    public ExaiSettings Bind(SettingsVariables variables)
    {
        reader.Show(SettingNames.Home, home.Path);
        return new ExaiSettings
        {
            Home = home,
            Link = Link(),
            Calls = Calls(),
            Log = new LogSettings
            {
                Level = LogLevelNames.Parse(reader.Text("LOG_LEVEL")),
                Json = reader.Choice("EXAI_LOG_FORMAT") == "json",
            },
            Glm = Provider("glm", "GLM"),
            Kimi = Provider("kimi", "KIMI"),
            GenericClocks = GenericClocks(),
            Models = Models(),
            WebSearch = WebSearch(),
            Concurrency = Concurrency(),
            Tools = Tools(),
            Store = Store(),
            Monitoring = Monitoring(),
            ProvidersFile = PathInHome("EXAI_PROVIDERS_FILE"),
            OtlpEndpoint = reader.UrlOrNull("OTEL_EXPORTER_OTLP_ENDPOINT"),
            Variables = variables,
        };
    }

    private LinkSettings Link()
    {
        var host = reader.Text("EXAI_WS_HOST");
        var endpoints = Endpoints();
        // A daemon that is started is that of the shim's own home, which shares no store with those that are named.
        var asked = reader.BoolOrNull("EXAI_WS_AUTOSTART");
        var autostart = endpoints.Count == 0 && (asked ?? LinkSettings.IsLoopback(host));
        reader.Show("EXAI_WS_AUTOSTART", asked ?? autostart ? "true" : "false");
        return new LinkSettings
        {
            Host = host,
            Port = reader.Integer("EXAI_WS_PORT"),
            PortIsDefault = reader["EXAI_WS_PORT"].IsDefault,
            Endpoints = endpoints,
            Tls = new TlsSettings
            {
                Certificate = PathInHomeOrNull("EXAI_TLS_CERT"),
                Key = PathInHomeOrNull("EXAI_TLS_KEY"),
                Authorities = PathInHomeOrNull("EXAI_TLS_CA"),
            },
            Token = reader.TextOrNull("EXAI_WS_TOKEN"),
            Autostart = autostart,
            ReconnectInitial = reader.Seconds("EXAI_WS_RECONNECT_INITIAL_SECS"),
            ReconnectMax = reader.Seconds("EXAI_WS_RECONNECT_MAX_SECS"),
            MaxRetries = reader.Integer("EXAI_WS_MAX_RETRIES"),
            ConnectTimeout = reader.Seconds("EXAI_WS_CONNECT_TIMEOUT"),
            HandshakeTimeout = reader.Seconds("EXAI_WS_HANDSHAKE_TIMEOUT"),
            PingValidationTimeout = reader.Seconds("EXAI_WS_PING_VALIDATION_TIMEOUT"),
            PingInterval = reader.Seconds("EXAI_WS_PING_INTERVAL"),
            PingTimeout = reader.Seconds("EXAI_WS_PING_TIMEOUT"),
            MaxBytes = reader.Integer("EXAI_WS_MAX_BYTES"),
            ProgressInterval = reader.Seconds("EXAI_WS_PROGRESS_INTERVAL_SECS"),
            HealthStale = reader.Seconds("EXAI_HEALTH_STALE_SECS"),
            HealthWriterInterval = reader.Seconds("EXAI_HEALTH_WRITER_INTERVAL"),
            AllowedHosts = reader.List("EXAI_ALLOWED_HOSTS"),
        };
    }

    private List<LinkAddress> Endpoints()
    {
        var endpoints = new List<LinkAddress>();
        foreach (var entry in reader.List("EXAI_WS_ENDPOINTS"))
        {
            if (LinkAddress.TryParse(entry, out var address) is null && !endpoints.Contains(address!))
            {
                endpoints.Add(address!);
            }
        }

        return endpoints;
    }

    private CallSettings Calls() => new()
    {
        ClientWait = reader.SecondsOrNull("EXAI_CLIENT_WAIT_SECS"),
        CancelGrace = reader.Seconds("EXAI_CANCEL_GRACE_SECS"),
        Drain = reader.Seconds("EXAI_DRAIN_SECS"),
        MaxRuns = reader.Integer("EXAI_CALL_MAX_RUNS"),
        Lease = reader.Seconds("EXAI_CALL_LEASE_SECS"),
        Timeout = reader.Seconds("EXAI_CALL_TIMEOUT_SECS"),
        QueueTimeout = reader.SecondsOrNull("EXAI_QUEUE_TIMEOUT_SECS"),
        ResultTtl = reader.Hours("EXAI_RESULT_TTL_HOURS"),
    };

    private ProviderSettings Provider(string name, string prefix)
    {
        var defaultModel = reader.Text($"{prefix}_DEFAULT_MODEL");
        var preferred = reader.List($"{prefix}_PREFERRED_MODELS");
        return new ProviderSettings
        {
            Name = name,
            ApiKey = reader.TextOrNull($"{prefix}_API_KEY"),
            BaseUrl = reader.Url($"{prefix}_API_URL"),
            DefaultModel = defaultModel,
            // Who sets only the default model means it to be asked first.
            PreferredModels = reader[$"{prefix}_PREFERRED_MODELS"].IsDefault ? Leading(defaultModel, preferred) : preferred,
            ConnectionPoolSize = reader.Integer($"{prefix}_CONNECTION_POOL_SIZE"),
            MaxOutputTokens = reader.Integer($"{prefix}_MAX_OUTPUT_TOKENS"),
            MaxInflight = reader.Integer($"EXAI_WS_{prefix}_MAX_INFLIGHT"),
            Clocks = new ProviderClocks
            {
                Connect = reader.Seconds("EXAI_CONNECT_TIMEOUT_SECS"),
                Headers = reader.SecondsOrNull($"{prefix}_SESSION_TIMEOUT"),
                FirstTokenPlain = reader.Seconds($"{prefix}_TIMEOUT_SECS"),
                FirstTokenWeb = reader.Seconds($"{prefix}_WEB_SEARCH_TIMEOUT_SECS"),
                FirstTokenThinking = reader.Seconds($"{prefix}_THINKING_TIMEOUT_SECS"),
                FirstTokenWebThinking = reader.Seconds($"{prefix}_WEB_THINKING_TIMEOUT_SECS"),
                Idle = reader.Seconds("EXAI_STREAM_IDLE_TIMEOUT_SECS"),
                Stream = reader.Seconds($"{prefix}_STREAM_TIMEOUT"),
            },
        };
    }

    /// <summary>The contract's third column; its numbers have no names, so each endpoint sets its own in the providers file.</summary>
    private ProviderClocks GenericClocks() => new()
    {
        Connect = reader.Seconds("EXAI_CONNECT_TIMEOUT_SECS"),
        FirstTokenPlain = TimeSpan.FromSeconds(75),
        FirstTokenWeb = TimeSpan.FromSeconds(300),
        FirstTokenThinking = TimeSpan.FromSeconds(360),
        FirstTokenWebThinking = TimeSpan.FromSeconds(420),
        Idle = reader.Seconds("EXAI_STREAM_IDLE_TIMEOUT_SECS"),
        Stream = TimeSpan.FromSeconds(600),
    };

    private ModelSettings Models() => new()
    {
        DefaultModel = reader.Text("DEFAULT_MODEL"),
        Fallback = reader.Choice("EXAI_FALLBACK") switch
        {
            "always" => FallbackMode.Always,
            "never" => FallbackMode.Never,
            _ => FallbackMode.Auto,
        },
        FallbackModels = reader.List("EXAI_FALLBACK_MODELS"),
        DefaultMaxOutputTokens = reader.Integer("DEFAULT_MAX_OUTPUT_TOKENS"),
        KimiThinkingModel = reader.Text("KIMI_THINKING_MODEL"),
        KimiSpeedModel = reader.Text("KIMI_SPEED_MODEL"),
    };

    private WebSearchSettings WebSearch() => new()
    {
        GlmCount = reader.Integer("GLM_WEBSEARCH_COUNT"),
        GlmEngine = reader.Text("GLM_WEBSEARCH_ENGINE"),
        GlmRecency = reader.Choice("GLM_WEBSEARCH_RECENCY"),
        GlmDomainFilter = reader.TextOrNull("GLM_WEBSEARCH_DOMAIN_FILTER"),
        KimiMode = reader.Choice("KIMI_WEBSEARCH_MODE") == "formula" ? KimiSearchMode.Formula : KimiSearchMode.Builtin,
    };

    private ConcurrencySettings Concurrency() => new()
    {
        GlobalMaxInflight = reader.Integer("EXAI_WS_GLOBAL_MAX_INFLIGHT"),
        SessionMaxInflight = reader.Integer("EXAI_WS_SESSION_MAX_INFLIGHT"),
        GlmMaxInflight = reader.Integer("EXAI_WS_GLM_MAX_INFLIGHT"),
        KimiMaxInflight = reader.Integer("EXAI_WS_KIMI_MAX_INFLIGHT"),
        MaxSessions = reader.Integer("SESSION_MAX_CONCURRENT"),
        QueueMax = reader.Integer("EXAI_QUEUE_MAX"),
        QueueAging = reader.Milliseconds("GLM_REQUEST_PRIORITY_THRESHOLD"),
        PermitAuditInterval = reader.Seconds("EXAI_SEMAPHORE_HEALTH_CHECK_INTERVAL"),
        BreakerFailureThreshold = reader.Integer("CIRCUIT_BREAKER_FAILURE_THRESHOLD"),
        BreakerRecovery = reader.Seconds("CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS"),
        RetryAttempts = reader.Integer("RETRY_ATTEMPTS"),
        RetryBackoffBase = reader.Seconds("RETRY_BACKOFF_BASE"),
        RetryBackoffMax = reader.Seconds("RETRY_BACKOFF_MAX"),
    };

    private ToolSettings Tools() => new()
    {
        Profile = reader.Choice("TOOL_PROFILE") switch
        {
            "lean" => ToolProfile.Lean,
            "full" => ToolProfile.Full,
            _ => ToolProfile.Standard,
        },
        Enabled = reader.List("ENABLED_TOOLS"),
        Disabled = reader.List("DISABLED_TOOLS"),
        ConversationTimeout = reader.Hours("CONVERSATION_TIMEOUT_HOURS"),
        MaxConversationTurns = reader.Integer("MAX_CONVERSATION_TURNS"),
        AllowedRoots = Array.ConvertAll(reader.List("EXAI_ALLOWED_ROOTS"), paths.Expand),
    };

    private StoreSettings Store()
    {
        var store = reader.Text("EXAI_STORE");
        var fullSync = reader.Choice("EXAI_STORE_SYNC") == "full";
        if (PostgresAddress.TryParse(store, out var server, out _))
        {
            return new StoreSettings { Path = home.Database, Server = server, FullSync = fullSync };
        }

        var path = paths.ExpandInHome(store["sqlite:".Length..], home.Path);
        reader.Show("EXAI_STORE", "sqlite:" + path);
        return new StoreSettings { Path = path, FullSync = fullSync };
    }

    private MonitoringSettings Monitoring() => new()
    {
        Host = reader.Text("MONITORING_HOST"),
        Port = reader.Integer("MONITORING_PORT"),
        Enabled = reader.BoolOrNull("MONITORING_ENABLED") ?? true,
        PingInterval = reader.Seconds("MONITORING_PING_INTERVAL"),
        PingTimeout = reader.Seconds("MONITORING_PING_TIMEOUT"),
    };

    private static List<string> Leading(string first, string[] models)
    {
        var all = new List<string>(models.Length + 1) { first };
        foreach (var model in models)
        {
            if (model != first)
            {
                all.Add(model);
            }
        }

        return all;
    }

    private string PathInHome(string name) => PathInHomeOrNull(name) ?? throw new InvalidOperationException($"{name} has no default, so it must be read as optional.");

    private string? PathInHomeOrNull(string name)
    {
        if (reader.TextOrNull(name) is not { } text)
        {
            return null;
        }

        var path = paths.ExpandInHome(text, home.Path);
        reader.Show(name, path);
        return path;
    }
}
