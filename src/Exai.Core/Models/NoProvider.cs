namespace Exai.Core.Models;

/// <summary>What to do when no model can be asked.</summary>
internal static class NoProvider
{
    public const string Advice =
        "No provider is configured. Set GLM_API_KEY or KIMI_API_KEY in the .env file of EXAI_HOME, or describe another endpoint in the providers file " +
        "('exai config' shows where both are), then run 'exai stop' and 'exai start', so that the daemon knows the key. 'exai demo' shows EXAI at work without any key.";
}
