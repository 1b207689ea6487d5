namespace Exai.Settings;

/// <summary>What loading gave: settings that can be used in any case, and everything that is to be said about them.</summary>
public sealed record SettingsResult
{
    /// <summary>Always usable: the default stands in for each value that could not be used.</summary>
    public required ExaiSettings Settings { get; init; }

    /// <summary>All that is wrong, at once. The daemon and the commands refuse to start over one; the shim runs on and reports it.</summary>
    public required IReadOnlyList<SettingProblem> Problems { get; init; }

    /// <summary>What works but is probably not what was meant: unknown and deprecated names.</summary>
    public required IReadOnlyList<SettingWarning> Warnings { get; init; }

    /// <summary>Names that were set, are known, and mean nothing here.</summary>
    public required IReadOnlyList<IgnoredSetting> Ignored { get; init; }

    /// <summary>Every setting with its value in effect and where that came from, in the registry's order; secrets are hidden.</summary>
    public required IReadOnlyList<SettingValue> Values { get; init; }

    /// <summary>The settings file that was read; null when there was none.</summary>
    public string? SettingsFile { get; init; }
}

/// <summary>A value in effect, fit for display.</summary>
/// <param name="Definition">The setting.</param>
/// <param name="Text">The value as text, hidden for secrets; null when there is none.</param>
/// <param name="Source"><c>command line</c>, <c>environment</c>, <c>/path/.env:12</c> or <c>default</c>; an alias that was used follows in brackets.</param>
/// <param name="IsDefault">True when nobody set it, or what was set could not be used.</param>
public sealed record SettingValue(SettingDefinition Definition, string? Text, string Source, bool IsDefault);

/// <summary>A setting that cannot be used as it stands.</summary>
/// <param name="Name">The setting as it was written, or the file that could not be read.</param>
/// <param name="Value">What was set, hidden for secrets; null when showing it would be no help or no good.</param>
/// <param name="Source">Where it was set.</param>
/// <param name="Message">What is wrong, with the values and limits concerned.</param>
/// <param name="Mend">What to do.</param>
public sealed record SettingProblem(string Name, string? Value, string Source, string Message, string Mend)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{Name}{(Value is null ? "" : $"={Value}")} ({Source}): {Message}. {Mend}";
}

/// <summary>Something about a setting that a person should know and that stops nothing.</summary>
public sealed record SettingWarning(string Name, string Source, string Message)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{Name} ({Source}): {Message}";
}

/// <summary>A known name without meaning here.</summary>
public sealed record IgnoredSetting(string Name, string Source, string Reason)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{Name} ({Source}) is ignored: {Reason}";
}
