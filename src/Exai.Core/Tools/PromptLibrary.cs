namespace Exai.Core.Tools;

/// <summary>System prompts: one Markdown resource per tool.</summary>
internal static class PromptLibrary
{
    public static string Read(string tool)
    {
        using var stream = typeof(PromptLibrary).Assembly.GetManifestResourceStream($"Exai.Core.Tools.Prompts.{tool}.md")
            ?? throw new InvalidOperationException($"There is no system prompt for '{tool}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Trim();
    }
}
