namespace Exai.Settings;

/// <summary>What a setting's text means and how it is read.</summary>
public enum SettingKind
{
    /// <summary>Free text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A duration in seconds, fractions allowed: <c>2.5</c>.</summary>
    Seconds,

    /// <summary>A number, fractions allowed, in the definition's unit.</summary>
    Number,

    /// <summary><c>true</c>, <c>false</c>, <c>1</c>, <c>0</c>, <c>yes</c>, <c>no</c> in any case.</summary>
    Bool,

    /// <summary>An absolute http or https address.</summary>
    Url,

    /// <summary>Values separated by commas; order counts.</summary>
    List,

    /// <summary>One of <see cref="SettingDefinition.Choices"/>, in any case.</summary>
    Choice,

    /// <summary>A TCP port; 0 lets the operating system choose.</summary>
    Port,

    /// <summary>A key or token: printable ASCII without spaces, never shown.</summary>
    Secret,

    /// <summary>A file or folder; a leading <c>~/</c> and <c>$EXAI_HOME</c> are expanded.</summary>
    Path,
}

/// <summary>
/// One setting as people know it. The registry is the only place that knows names, defaults and limits: loading, <c>exai config</c>,
/// <c>docs/settings.md</c> and <c>.env.example</c> all read it here.
/// </summary>
public sealed record SettingDefinition
{
    /// <summary>The name in the environment, in a settings file and on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="SettingSections"/>.</summary>
    public required string Section { get; init; }

    public required SettingKind Kind { get; init; }

    /// <summary><c>s</c>, <c>ms</c>, <c>h</c>, <c>bytes</c>, <c>tokens</c>, or empty when the value is no quantity.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The default as one would write it; null when there is none, or when it depends on something (<see cref="DefaultNote"/>).</summary>
    public string? Default { get; init; }

    /// <summary>What holds when <see cref="Default"/> is null, for people.</summary>
    public string? DefaultNote { get; init; }

    /// <summary>One sentence for documents and <c>exai config</c>.</summary>
    public required string Meaning { get; init; }

    /// <summary>Other names for the same setting, read without a word.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Old names that still work and give a warning.</summary>
    public IReadOnlyList<string> DeprecatedAliases { get; init; } = [];

    /// <summary>The allowed values of a <see cref="SettingKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Smallest value in <see cref="Unit"/>; of a <see cref="SettingKind.Secret"/> the fewest characters.</summary>
    public double? Min { get; init; }

    /// <summary>Largest value in <see cref="Unit"/>.</summary>
    public double? Max { get; init; }

    /// <summary>A rule beyond kind and limits: returns what is wrong with the text, or null.</summary>
    internal Func<string, string?>? Rule { get; init; }
}

/// <summary>Headings under which settings are shown.</summary>
public static class SettingSections
{
    public const string Connection = "Connection and shim";
    public const string Providers = "Providers";
    public const string Clocks = "Clocks";
    public const string Concurrency = "Concurrency";
    public const string Operations = "Tools, threads, files, storage, operations";
}
