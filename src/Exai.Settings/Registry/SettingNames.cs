namespace Exai.Settings;

/// <summary>Names that the loader itself must know.</summary>
internal static class SettingNames
{
    public const string Home = "EXAI_HOME";
    public const string EnvFile = "ENV_FILE";

    /// <summary>A name that looks so and is unknown is probably a slip of the pen.</summary>
    public static bool LooksLikeOurs(string name) =>
        name.StartsWith("EXAI_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("GLM_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("KIMI_", StringComparison.OrdinalIgnoreCase);
}
