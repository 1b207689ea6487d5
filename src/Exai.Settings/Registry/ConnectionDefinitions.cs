namespace Exai.Settings;

internal static class ConnectionDefinitions
{
    private const string Section = SettingSections.Connection;

    /// <summary>A day: longer waits are mistakes of unit.</summary>
    private const double Day = 86_400;

    public static SettingDefinition[] All { get; } =
    [
        new()
        {
            Name = SettingNames.Home, Section = Section, Kind = SettingKind.Path, Rule = SettingRules.Home,
            DefaultNote = "the platform's per-user state folder + exai (Linux: ~/.local/state/exai)",
            Meaning = "Folder of the database, token, health file, logs and caches, for this user alone (mode 0700).",
        },
        new()
        {
            Name = SettingNames.EnvFile, Section = Section, Kind = SettingKind.Path, DefaultNote = "$EXAI_HOME/.env",
            Meaning = "Settings file to read instead of the one in the home; a .env in the current folder is never read.",
        },
        new()
        {
            Name = "EXAI_WS_HOST", Section = Section, Kind = SettingKind.Text, Default = "127.0.0.1", Rule = SettingRules.Host,
            Meaning = "Address on which the daemon listens for shims and to which shims connect.",
        },
        new()
        {
            Name = "EXAI_WS_PORT", Section = Section, Kind = SettingKind.Port, Default = "8079",
            Meaning = "Port of the link; with 0, or when the default is taken, the daemon takes a free one and writes it to the health file.",
        },
        new()
        {
            Name = "EXAI_WS_ENDPOINTS", Section = Section, Kind = SettingKind.List, Rule = SettingRules.Endpoints,
            DefaultNote = "the daemon of EXAI_WS_HOST and EXAI_WS_PORT",
            Meaning = "Daemons with one store, separated by commas, as host:port (IPv6 in brackets) or, with TLS, wss://host:port: the shim links to any of them and starts none by itself.",
        },
        new()
        {
            Name = "EXAI_TLS_CERT", Section = Section, Kind = SettingKind.Path, DefaultNote = "none, and the daemon speaks plain",
            Meaning = "The daemon's certificate in PEM, followed by those that lead to its authority; with it all ports of the daemon speak TLS. Renewed files are used without a restart.",
        },
        new()
        {
            Name = "EXAI_TLS_KEY", Section = Section, Kind = SettingKind.Path, DefaultNote = "none",
            Meaning = "The private key of EXAI_TLS_CERT in PEM, without a password; it may be the same file.",
        },
        new()
        {
            Name = "EXAI_TLS_CA", Section = Section, Kind = SettingKind.Path, DefaultNote = "the system's authorities alone",
            Meaning = "Authorities in PEM that the shim and the commands trust beside the system's, for daemons whose certificate no public authority signed.",
        },
        new()
        {
            Name = "EXAI_WS_TOKEN", Section = Section, Kind = SettingKind.Secret, Min = 16, DefaultNote = "the content of $EXAI_HOME/token, made at first start",
            Meaning = "Secret that shim and daemon share, at least 16 characters; the shim reads it again at each dial.",
        },
        new()
        {
            Name = "EXAI_WS_AUTOSTART", Section = Section, Kind = SettingKind.Bool, DefaultNote = "true when EXAI_WS_HOST is loopback, else false",
            Meaning = "Whether the shim starts a missing daemon that nobody else manages; never with EXAI_WS_ENDPOINTS.",
        },
        new()
        {
            Name = "EXAI_WS_RECONNECT_INITIAL_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "0.25", Min = 0.01, Max = Day,
            Meaning = "Wait before the first reconnect; it doubles with each further one, plus up to 10 % chance.",
        },
        new()
        {
            Name = "EXAI_WS_RECONNECT_MAX_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "30", Min = 0.01, Max = Day,
            Meaning = "Longest wait between two reconnects; while calls are pending no wait exceeds 2 s.",
        },
        new()
        {
            Name = "EXAI_WS_MAX_RETRIES", Section = Section, Kind = SettingKind.Integer, Default = "0", Min = 0, Max = 1_000_000,
            Meaning = "Reconnects after which pending calls fail with DAEMON_UNAVAILABLE; 0 tries for ever.",
        },
        new()
        {
            Name = "EXAI_WS_CONNECT_TIMEOUT", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "5", Min = 0.01, Max = 3600,
            Meaning = "How long one dial of the shim may take.",
        },
        new()
        {
            Name = "EXAI_WS_HANDSHAKE_TIMEOUT", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "15", Min = 0.01, Max = 3600,
            Meaning = "How long a new connection may take from the upgrade until it is ready.",
        },
        new()
        {
            Name = "EXAI_WS_PING_VALIDATION_TIMEOUT", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "5.0", Min = 0.01, Max = 3600,
            Meaning = "How long the daemon may take to answer the probe that proves a new or silent connection.",
        },
        new()
        {
            Name = "EXAI_WS_PING_INTERVAL", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "45", Min = 0.1, Max = Day,
            Meaning = "Time between WebSocket keep-alives on an idle link.",
        },
        new()
        {
            Name = "EXAI_WS_PING_TIMEOUT", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "240", Min = 0.1, Max = Day,
            Meaning = "Silence after a keep-alive that ends the link.",
        },
        new()
        {
            Name = "EXAI_WS_MAX_BYTES", Section = Section, Kind = SettingKind.Integer, Unit = "bytes", Default = "33554432", Min = 65_536, Max = 1_073_741_824,
            Meaning = "Largest frame on the link.",
        },
        new()
        {
            Name = "EXAI_HEALTH_STALE_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "120", Min = 0.1, Max = Day,
            Meaning = "Age at which people and doctor call the health file stale.",
        },
        new()
        {
            Name = "EXAI_HEALTH_WRITER_INTERVAL", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "10", Min = 0.1, Max = Day,
            Meaning = "Time between two writings of the health file when nothing changes.",
        },
        new()
        {
            Name = "EXAI_WS_PROGRESS_INTERVAL_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "2.5", Min = 0, Max = 3600,
            Meaning = "A call reports progress at most once in this time.",
        },
        new()
        {
            Name = "EXAI_CLIENT_WAIT_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Min = 0.1, Max = Day,
            DefaultNote = "by client; 45 for an unknown one",
            Meaning = "How long a tool call may block before it answers \"still running\" with a job id.",
        },
        new()
        {
            Name = "EXAI_CANCEL_GRACE_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "30", Min = 0, Max = Day,
            Meaning = "How long a call runs on after its client cancelled it, so that a retry can attach to it.",
        },
        new()
        {
            Name = "EXAI_DRAIN_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "30", Min = 0, Max = Day,
            Meaning = "How long a daemon that was told to stop lets running calls finish.",
        },
        new()
        {
            Name = "EXAI_CALL_MAX_RUNS", Section = Section, Kind = SettingKind.Integer, Default = "3", Min = 1, Max = 100,
            Meaning = "How many daemons may run one call, each after the loss of the one before, until it ends INTERRUPTED.",
        },
        new()
        {
            Name = "EXAI_CALL_LEASE_SECS", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "1.5", Min = 0.1, Max = 3600,
            Meaning = "Age of a lease at which a daemon on another host may take a call over; it is renewed each third of this.",
        },
        new()
        {
            Name = "LOG_LEVEL", Section = Section, Kind = SettingKind.Choice, Default = "INFO", Choices = LogLevelNames.Accepted,
            Meaning = "Least important level that is logged to standard error and to the log files.",
        },
        new()
        {
            Name = "EXAI_LOG_FORMAT", Section = Section, Kind = SettingKind.Choice, Default = "text", Choices = ["text", "json"],
            Meaning = "Form of a log line.",
        },
    ];
}
