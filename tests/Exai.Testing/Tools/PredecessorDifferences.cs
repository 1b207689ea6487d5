namespace Exai.Testing.Tools;

/// <summary>Where EXAI does otherwise than its predecessor on purpose, each with its reason. docs/tools.md shows them.</summary>
public static class PredecessorDifferences
{
    /// <summary>Tools that are not there.</summary>
    public static IReadOnlyDictionary<string, string> Absent { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["kimi_intent_analysis"] = "routing is EXAI's own work; the answer changed nothing",
        ["kimi_capture_headers"] = "the receipt reports cached tokens for every call",
        ["kimi_multi_file_chat"] = "an older form: chat takes files and a model, kimi_chat_with_files takes documents",
        ["smart_file_download"] = "wrote a provider's file to the server's disk, which is not the client's",
        ["test_echo"] = "exai sim and exai bench take its place",
    };

    /// <summary>Arguments that are accepted and have no effect, by name.</summary>
    public static IReadOnlyDictionary<string, string> Ignored { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["current_model_index"] = "consensus asks all models with its first step",
        ["doctor"] = "`exai doctor` walks every link",
        ["fallback"] = "a verdict is that of the model that was asked for",
        ["files"] = "was inherited from chat and never used",
        ["continuation_id"] = "was inherited from chat and never used",
        ["images"] = "these tools ask no model",
        ["invalidate_cache"] = "nothing is cached that could be stale",
        ["model"] = "these tools ask no model, or name their models otherwise",
        ["model_responses"] = "the thread keeps the verdicts",
        ["path"] = "calls are in the journal, not in a log file",
        ["probe"] = "`exai doctor --probe` asks each provider",
        ["stream"] = "providers are always asked to stream; MCP carries progress instead",
        ["structured"] = "the log is shown as it is; `EXAI_LOG_FORMAT` makes it JSON",
        ["tail_lines"] = "`health` shows the last calls and `activity` the log",
        ["temperature"] = "was inherited from chat and never used",
        ["thinking_mode"] = "was inherited from chat and never used",
        ["tool_choice"] = "web search is the one tool there is",
        ["use_assistant_model"] = "these tools ask no expert",
        ["use_websearch"] = "was inherited from chat and never used",
    };

    /// <summary>Behaviour.</summary>
    public static IReadOnlyList<(string Then, string Now, string Why)> Behaviour { get; } =
    [
        ("answers are JSON in a text", "text, and one line about its origin", "a model reads it without unpacking, and it costs less context"),
        ("a staged tool asks for a number of steps", "any number, also one", "the caller knows when it has found enough"),
        ("unknown values and wrong types are replaced", "refused by name, with what is allowed", "an answer to another question than the one that was asked helps nobody"),
        ("`use_websearch` is on", "off unless asked for", "a search costs money and seconds"),
        ("each tool has a temperature of its own", "the model's own unless given", "some models forbid any other"),
        ("consensus asks one model with each step", "all at once with the first; later steps replay the verdicts at no cost", "no model sees another's verdict, and it takes as long as the slowest"),
        ("clean-ups of files delete", "they list, unless `dry_run` is false", "what is deleted at a provider does not come back"),
        ("`kimi_chat_with_tools` takes any tools", "web search; others are refused", "an answer over MCP has no way to run a caller's function in its middle"),
    ];
}
