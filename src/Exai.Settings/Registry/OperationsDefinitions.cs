namespace Exai.Settings;

internal static class OperationsDefinitions
{
    private const string Section = SettingSections.Operations;

    public static SettingDefinition[] All { get; } =
    [
        new()
        {
            Name = "TOOL_PROFILE", Section = Section, Kind = SettingKind.Choice, Default = "standard", Choices = ["lean", "standard", "full"],
            Meaning = "How many tools clients get.",
        },
        new()
        {
            Name = "ENABLED_TOOLS", Section = Section, Kind = SettingKind.List, DefaultNote = "none", Meaning = "Tools offered in addition to the profile's.",
        },
        new()
        {
            Name = "DISABLED_TOOLS", Section = Section, Kind = SettingKind.List, DefaultNote = "none", Meaning = "Tools never offered, whatever else says so.",
        },
        new()
        {
            Name = "CONVERSATION_TIMEOUT_HOURS", Section = Section, Kind = SettingKind.Number, Unit = "h", Default = "24", Min = 0.01, Max = 87_600,
            Meaning = "How long a thread lives after its last turn.",
        },
        new()
        {
            Name = "MAX_CONVERSATION_TURNS", Section = Section, Kind = SettingKind.Integer, Default = "200", Min = 2, Max = 100_000,
            Meaning = "Most turns of a thread.",
        },
        new()
        {
            Name = "EXAI_ALLOWED_ROOTS", Section = Section, Kind = SettingKind.List, Rule = SettingRules.AbsoluteRoots, DefaultNote = "the client's workspace",
            Meaning = "Absolute folders whose files tools may read, on the client's machine. For clients over HTTP these alone.",
        },
        new()
        {
            Name = "EXAI_RESULT_TTL_HOURS", Section = Section, Kind = SettingKind.Number, Unit = "h", Default = "24", Min = 0.01, Max = 8_760,
            Meaning = "How long the result of a finished call can be claimed.",
        },
        new()
        {
            Name = "EXAI_STORE", Section = Section, Kind = SettingKind.Text, Default = "sqlite:$EXAI_HOME/exai.db", Rule = SettingRules.Store,
            Meaning = "Where calls and threads are kept: sqlite: and a file, or postgres://user:password@host:port/database, which several daemons can share.",
        },
        new()
        {
            Name = "EXAI_STORE_SYNC", Section = Section, Kind = SettingKind.Choice, Default = "normal", Choices = ["normal", "full"],
            Meaning = "With full, even a power failure loses no finished call; each one then waits for the disk. For SQLite; a PostgreSQL server has its own settings for that.",
        },
        new()
        {
            Name = "MONITORING_HOST", Section = Section, Kind = SettingKind.Text, Default = "127.0.0.1", Rule = SettingRules.Host,
            Meaning = "Address of health, metrics and dashboard.",
        },
        new()
        {
            Name = "MONITORING_PORT", Section = Section, Kind = SettingKind.Port, Default = "8080",
            Meaning = "Port of health, metrics and dashboard; a taken port is a warning, not a failure.",
        },
        new()
        {
            Name = "MONITORING_ENABLED", Section = Section, Kind = SettingKind.Bool, Default = "true",
            Meaning = "Whether health, metrics and dashboard are served.",
        },
        new()
        {
            Name = "MONITORING_PING_INTERVAL", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "30", Min = 0.1, Max = 86_400,
            Meaning = "Time between keep-alives to an open dashboard page.",
        },
        new()
        {
            Name = "MONITORING_PING_TIMEOUT", Section = Section, Kind = SettingKind.Seconds, Unit = "s", Default = "25", Min = 0.1, Max = 86_400,
            Meaning = "Silence after a keep-alive at which a dashboard page counts as gone.",
        },
        new()
        {
            Name = "EXAI_ALLOWED_HOSTS", Section = Section, Kind = SettingKind.List, DefaultNote = "loopback names only",
            Meaning = "Further Host names under which the daemon may be asked, for containers and proxies.",
        },
        new()
        {
            Name = "OTEL_EXPORTER_OTLP_ENDPOINT", Section = Section, Kind = SettingKind.Url, DefaultNote = "none",
            Meaning = "OpenTelemetry collector that gets traces and metrics.",
        },
    ];
}
