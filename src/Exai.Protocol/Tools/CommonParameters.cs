namespace Exai.Protocol;

/// <summary>Parameters that several tools share.</summary>
internal static class CommonParameters
{
    public const int LongestPrompt = 1_000_000;

    public static readonly ToolParameter Prompt = new("prompt", ParameterKind.Text) { Required = true, Longest = LongestPrompt };

    public static readonly ToolParameter Model = new("model", ParameterKind.Text) { Longest = 100 };

    public static readonly ToolParameter Continuation = new("continuation_id", ParameterKind.Text) { Longest = 200 };

    public static readonly ToolParameter Thinking = new("thinking_mode", ParameterKind.Text) { Choices = ["minimal", "low", "medium", "high", "max"] };

    public static readonly ToolParameter WebSearch = new("use_websearch", ParameterKind.Flag);

    public static readonly ToolParameter Temperature = new("temperature", ParameterKind.Number) { Least = 0, Most = 2, Listed = false };

    public static readonly ToolParameter Fallback = new("fallback", ParameterKind.Text) { Choices = ["auto", "always", "never"], Listed = false };

    public static readonly ToolParameter Images = new("images", ParameterKind.TextList) { MostItems = 10, Longest = 10_000_000, Attach = AttachKind.Image, Listed = false };

    /// <summary>How any model is asked.</summary>
    public static readonly ToolParameter[] Asking = [Model, Thinking.Unlisted(), WebSearch.Unlisted(), Temperature, Fallback, Images];

    public static ToolParameter Text(string name, string? description = null) => new(name, ParameterKind.Text) { Description = description };

    public static ToolParameter Flag(string name, string? description = null) => new(name, ParameterKind.Flag) { Description = description };

    public static ToolParameter Count(string name, double least = 1, double? most = null) => new(name, ParameterKind.Integer) { Least = least, Most = most };

    public static ToolParameter List(string name, string? description = null) => new(name, ParameterKind.TextList) { Description = description };

    public static ToolParameter Choice(string name, params string[] choices) => new(name, ParameterKind.Text) { Choices = choices };
}
