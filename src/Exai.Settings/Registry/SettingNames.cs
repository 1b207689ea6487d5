namespace Exai.Settings;

/// <summary>Names that the loader itself must know.</summary>
internal static class SettingNames
{
    public const string Home = "EXAI_HOME";
    public const string EnvFile = "ENV_FILE";

    /// <summary>A name that starts so and is unknown is probably a slip of the pen.</summary>
    public static IReadOnlyList<string> OwnPrefixes { get; } = ["EXAI_", "GLM_", "KIMI_"];
}
