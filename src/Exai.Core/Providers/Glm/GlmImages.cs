using Exai.Core.Providers.OpenAiCompatible;

namespace Exai.Core.Providers.Glm;

/// <summary>What GLM's vision models take.</summary>
internal static class GlmImages
{
    private const int MaxBytes = 5 * 1024 * 1024;

    private static readonly ImageRules Ordinary = new() { MaxCount = 50, MaxBytes = MaxBytes, Types = ["image/jpeg", "image/jpg", "image/png"] };

    private static readonly ImageRules OneLink = Ordinary with { MaxCount = 1, Data = false };

    public static ImageRules For(string model) => model.StartsWith("glm-4v-flash", StringComparison.OrdinalIgnoreCase) ? OneLink : Ordinary;
}
