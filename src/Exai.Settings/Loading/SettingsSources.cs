using System.Collections;

namespace Exai.Settings;

/// <summary>What the loader reads, apart from the settings file that these name. Loading depends on nothing else of the process.</summary>
public sealed record SettingsSources
{
    /// <summary>The process environment; <c>HOME</c> and <c>XDG_STATE_HOME</c> are looked up here too.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Settings given on the command line, by setting name.</summary>
    public IReadOnlyDictionary<string, string>? CommandLine { get; init; }

    /// <summary>The environment of this process.</summary>
    public static SettingsSources FromProcess(IReadOnlyDictionary<string, string>? commandLine = null)
    {
        var variables = new Dictionary<string, string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return new SettingsSources { Environment = variables, CommandLine = commandLine };
    }

    /// <summary>Names only: values may be secrets.</summary>
    public override string ToString() => $"{Environment.Count} variables, {CommandLine?.Count ?? 0} options";
}
