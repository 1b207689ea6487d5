using static Exai.Protocol.CommonParameters;

namespace Exai.Protocol;

/// <summary>What EXAI tells of itself, and the tools that put one question.</summary>
internal static class ServerTools
{
    private static readonly ToolParameter IgnoredModel = Model with { Listed = false, Ignored = true };

    public static ToolDescriptor[] All { get; } =
    [
        new("chat", "Chat", "Ask another model a question, for a second opinion, ideas or an explanation. Continue with continuation_id.")
        {
            Tier = ToolTier.Lean,
            AsksModel = true,
            Parameters =
            [
                Prompt with { Description = "The question, with all context it needs" },
                Model with { Description = "Name, alias, provider/id or auto" }, Thinking, WebSearch,
                List("files") with { Attach = AttachKind.File }, Images, Continuation with { Description = "Thread to go on with" },
                Fallback, Temperature, Flag("stream") with { Listed = false, Ignored = true },
                Text("kimi_thinking") with { Choices = ["enabled"], Listed = false },
            ],
        },
        new("challenge", "Challenge", "Turn a statement into an instruction to question it before you agree; asks no model.")
        {
            Recomputed = true,
            Parameters = [Prompt],
        },
        new("listmodels", "List models", "The models that can be asked, with their names, windows and prices.") { Recomputed = true, Parameters = [IgnoredModel] },
        new("status", "Status", "Whether EXAI works: daemon, providers, running calls, and what to do about problems.")
        {
            Tier = ToolTier.Lean,
            Recomputed = true,
            Parameters =
            [
                Count("tail_lines", 0) with { Listed = false, Ignored = true }, Flag("include_tools") with { Listed = false },
                Flag("doctor") with { Listed = false, Ignored = true }, Flag("probe") with { Listed = false, Ignored = true },
            ],
        },
        new("version", "Version", "The version of EXAI that answers.") { Recomputed = true, Parameters = [IgnoredModel] },
    ];
}
