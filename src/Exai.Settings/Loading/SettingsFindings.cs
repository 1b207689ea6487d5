namespace Exai.Settings;

/// <summary>What loading has to say, collected so that all of it is said at once.</summary>
internal sealed class SettingsFindings
{
    public List<SettingProblem> Problems { get; } = [];

    public List<SettingWarning> Warnings { get; } = [];

    public List<IgnoredSetting> Ignored { get; } = [];
}
