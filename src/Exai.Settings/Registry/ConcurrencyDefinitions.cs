namespace Exai.Settings;

internal static class ConcurrencyDefinitions
{
    private const string Section = SettingSections.Concurrency;

    public static SettingDefinition[] All { get; } =
    [
        Count("EXAI_WS_GLOBAL_MAX_INFLIGHT", "5", 1, 10_000, "Attempts that run at once in the whole daemon."),
        Count("EXAI_WS_SESSION_MAX_INFLIGHT", "2", 1, 10_000, "Attempts that run at once for one session."),
        Count("EXAI_WS_GLM_MAX_INFLIGHT", "2", 1, 10_000, "Attempts that run at once at GLM."),
        Count("EXAI_WS_KIMI_MAX_INFLIGHT", "3", 1, 10_000, "Attempts that run at once at Kimi."),
        Count("SESSION_MAX_CONCURRENT", "10", 1, 100_000, "Connected sessions; beyond it the one that was idle longest gives way."),
        Count("EXAI_QUEUE_MAX", "64", 1, 1_000_000, "Attempts that may wait for a permit, shared out over the sessions."),
        Count("GLM_REQUEST_PRIORITY_THRESHOLD", "500", 0, 86_400_000, "Within a session, who has waited longer than this goes before younger ones of any priority.")
            with { Unit = "ms", Aliases = ["EXAI_QUEUE_AGING_MS"] },
        Seconds("EXAI_SEMAPHORE_HEALTH_CHECK_INTERVAL", "30", 0.1, "Time between two audits of the permits."),
        Count("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "5", 2, 10_000, "Failed attempts in a minute, none succeeding, that open a model's circuit breaker."),
        Seconds("CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS", "60", 0.01, "How long an open circuit breaker waits before it lets one attempt try."),
        Count("RETRY_ATTEMPTS", "2", 0, 20, "Further requests to the same model after a failed one, within a call."),
        Seconds("RETRY_BACKOFF_BASE", "0.5", 0, "Wait before the first further request; it doubles with each."),
        Seconds("RETRY_BACKOFF_MAX", "4.0", 0, "Longest such wait."),
    ];

    private static SettingDefinition Count(string name, string @default, double min, double max, string meaning) => new()
    {
        Name = name,
        Section = Section,
        Kind = SettingKind.Integer,
        Default = @default,
        Min = min,
        Max = max,
        Meaning = meaning,
    };

    private static SettingDefinition Seconds(string name, string @default, double min, string meaning) => new()
    {
        Name = name,
        Section = Section,
        Kind = SettingKind.Seconds,
        Unit = "s",
        Default = @default,
        Min = min,
        Max = 86_400,
        Meaning = meaning,
    };
}
