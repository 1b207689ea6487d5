using static Exai.Protocol.CommonParameters;

namespace Exai.Protocol;

/// <summary>The rest of the full profile: diagnosis, and what single providers offer beside chat.</summary>
internal static class ProviderTools
{
    private static readonly ToolParameter Temperature01 = Temperature with { Most = 1 };

    public static ToolDescriptor[] All { get; } =
    [
        new("health", "Health", "Providers, permits and the last calls, for diagnosis.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            Parameters = [Count("tail_lines", 0, 500) with { Description = "Calls to show; default 20" }],
        },
        new("activity", "Activity", "The end of the daemon's log, filtered.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            OwnerAlone = true,
            Parameters =
            [
                Count("lines", 1, 5000) with { Description = "Default 200" }, Text("filter", "Regular expression") with { Longest = 1000 },
                Choice("source", "auto", "activity", "server").Unlisted(), Text("since", "ISO 8601"), Text("until").Unlisted(),
                Flag("structured") with { Listed = false, Ignored = true }, .. Unused,
            ],
        },
        new("provider_capabilities", "Provider capabilities", "What each configured provider can do: models, search, files, images.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            Parameters = [Flag("include_tools").Unlisted(), Flag("show_advanced").Unlisted(), Flag("invalidate_cache") with { Listed = false, Ignored = true }],
        },
        new("self-check", "Self-check", "A short test of store, providers and log.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            OwnerAlone = true,
            Parameters = [Count("log_lines", 0, 500) with { Description = "Default 40" }],
        },
        new("toolcall_log_tail", "Last calls", "The last tool calls with state, time and model.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            Parameters = [Count("n", 1, 200) with { Description = "Default 20" }, Text("path") with { Listed = false, Ignored = true }],
        },
        new("glm_web_search", "GLM web search", "Search the web with GLM's search service; raw results, no model.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            Parameters =
            [
                Text("search_query") with { Required = true, Longest = 70 }, Count("count", 1, 50),
                Choice("search_recency_filter", "oneDay", "oneWeek", "oneMonth", "oneYear", "all"),
                Text("search_domain_filter"), Text("search_engine").Unlisted(), Text("request_id").Unlisted(), Text("user_id").Unlisted(),
            ],
        },
        new("glm_payload_preview", "GLM payload preview", "The request that a GLM chat call would send; nothing is sent.")
        {
            Tier = ToolTier.Full,
            Recomputed = true,
            Parameters =
            [
                Prompt, Text("system_prompt"), new("temperature", ParameterKind.Number) { Least = 0, Most = 2 }, WebSearch, Model.Unlisted(),
                new("tools", ParameterKind.ObjectList) { Listed = false }, new("tool_choice", ParameterKind.Any) { Listed = false },
            ],
        },
        new("glm_upload_file", "GLM file upload", "Upload a file to GLM and get its id; equal content is uploaded once.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            ReadOnly = false,
            Parameters = [Text("file", "Absolute path") with { Required = true, Attach = AttachKind.File, Binary = true }, Choice("purpose", "agent").Unlisted()],
        },
        new("kimi_upload_files", "Kimi file upload", "Upload files to Kimi and get their ids; equal content is uploaded once.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            ReadOnly = false,
            Parameters =
            [
                List("files", "Absolute paths") with { Required = true, Attach = AttachKind.File, Binary = true },
                Choice("purpose", "file-extract", "image", "video", "batch") with
                {
                    Synonyms = new Dictionary<string, string> { ["assistants"] = "file-extract" },
                    Listed = false,
                },
            ],
        },
        new("kimi_manage_files", "Kimi files", "List or delete files kept at Kimi. Deleting all needs dry_run=false.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            ReadOnly = false,
            OwnerAlone = true,
            Parameters =
            [
                Choice("operation", "list", "delete", "cleanup_all", "cleanup_orphaned", "cleanup_expired") with { Required = true },
                Text("file_id"), Count("limit", 1, 10_000) with { Description = "Default 100" }, Flag("dry_run", "Default true for clean-ups"),
            ],
        },
        new("kimi_chat_with_files", "Kimi chat with files", "Ask a Kimi model about uploaded files, by their ids.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            Parameters = [Prompt, List("file_ids") with { Required = true, MostItems = 50 }, Model.Unlisted(), Temperature01],
        },
        new("kimi_chat_with_tools", "Kimi chat with search", "Ask Kimi with a conversation of your own and its web search.")
        {
            Tier = ToolTier.Full,
            AsksModel = true,
            Parameters =
            [
                new("messages", ParameterKind.Any) { Required = true, Description = "A text, or a list of role and content" }, WebSearch, Model.Unlisted(), Temperature01,
                new("tools", ParameterKind.ObjectList) { Listed = false }, new("tool_choice", ParameterKind.Any) { Listed = false, Ignored = true },
                Flag("stream") with { Listed = false, Ignored = true },
            ],
        },
        FileQuestion("glm_multi_file_chat", "GLM chat with files", "Ask a GLM model about several files.", List("files", "Absolute paths"), Prompt, Temperature01),
        FileQuestion(
            "smart_file_query", "File question", "Ask a model about one file.", Text("file_path", "Absolute path"), Text("question") with { Required = true, Longest = LongestPrompt },
            Choice("provider", "auto", "kimi", "glm")),
    ];

    private static ToolParameter[] Unused =>
        [.. new[] { Temperature, Thinking, WebSearch, Continuation, Images with { Attach = null }, List("files"), Model }.Select(parameter => parameter with { Listed = false, Ignored = true })];

    private static ToolDescriptor FileQuestion(string name, string title, string description, ToolParameter files, params ToolParameter[] own) => new(name, title, description)
    {
        Tier = ToolTier.Full,
        AsksModel = true,
        Parameters = [files with { Required = true, Attach = AttachKind.File, Binary = true }, .. own, Model.Unlisted()],
    };
}
