namespace Exai.Settings;

internal static class ClockDefinitions
{
    public static SettingDefinition[] All { get; } =
    [
        Clock("EXAI_CONNECT_TIMEOUT_SECS", "10", "An attempt ends when no connection to the provider stands by then."),
        .. Provider("GLM", stream: "300"),
        .. Provider("KIMI", stream: "600", oldStream: "KIMI_STREAM_TIMEOUT_SECS"),
        Clock("EXAI_STREAM_IDLE_TIMEOUT_SECS", "120", "An attempt ends when nothing arrives between tokens for this long; half as long again while the model thinks."),
        Clock("EXAI_QUEUE_TIMEOUT_SECS", null, "Longest wait for a permit.") with { DefaultNote = "what is left of the call clock" },
        Clock("EXAI_CALL_TIMEOUT_SECS", "960", "Longest life of a call, queue, retries and the daemon's downtime included."),
    ];

    private static SettingDefinition[] Provider(string prefix, string stream, string? oldStream = null)
    {
        var who = prefix == "GLM" ? "GLM" : "Kimi";
        return
        [
            Clock($"{prefix}_SESSION_TIMEOUT", null, $"An attempt at {who} ends when no response headers came by then, counted from the request.")
                with { DefaultNote = "same as first token" },
            Clock($"{prefix}_TIMEOUT_SECS", "75", $"Longest silence before {who}'s first token, plain questions; reasoning counts as a token."),
            Clock($"{prefix}_WEB_SEARCH_TIMEOUT_SECS", "300", $"Longest silence before {who}'s first token with web search."),
            Clock($"{prefix}_THINKING_TIMEOUT_SECS", "360", $"Longest silence before {who}'s first token with thinking."),
            Clock($"{prefix}_WEB_THINKING_TIMEOUT_SECS", "420", $"Longest silence before {who}'s first token with web search and thinking."),
            Clock($"{prefix}_STREAM_TIMEOUT", stream, $"Longest attempt at {who}, plain; the other classes get their longer first token on top.")
                with { DeprecatedAliases = oldStream is null ? [] : [oldStream] },
        ];
    }

    private static SettingDefinition Clock(string name, string? @default, string meaning) => new()
    {
        Name = name,
        Section = SettingSections.Clocks,
        Kind = SettingKind.Seconds,
        Unit = "s",
        Default = @default,
        Min = 0.01,
        Max = 604_800,
        Meaning = meaning,
    };
}
