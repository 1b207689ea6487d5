using System.Globalization;
using System.Text;

namespace Exai.Protocol;

/// <summary>Writes <c>docs/tools.md</c> from the definitions. A test holds the two together.</summary>
public static class ToolDocuments
{
    private const string Opening =
        """
        # Tools

        Written by the tests from the definitions (`EXAI_UPDATE_DOCS=1`); do not edit.

        `TOOL_PROFILE` chooses how many tools a client gets (lean, standard, full); `ENABLED_TOOLS` adds some, `DISABLED_TOOLS` takes some away. A tool that is
        not offered is refused, not only hidden. `exai tools` shows the list and its cost, `exai call TOOL --args JSON` calls any of them by hand, and each is an
        MCP prompt (slash command) too, beside `continue`.

        - Only what is marked *required* must be given. Arguments in *italics* are accepted and not advertised; "ignored" ones have no effect.
        - `model` is a name, an alias, `provider/id` or `auto`. `thinking_mode` is mapped to what the model can do; the receipt says what was applied.
        - `continuation_id` is in the last line of every answer. A thread works across tools, models and clients, and survives restarts; one that is unknown or
          expired is refused. `exai threads` lists, shows, searches, exports and deletes them; a month after its last turn a thread is forgotten.
        - Tools with steps keep their record in the thread: you investigate, tell each step, and an expert model judges everything when
          `next_step_required` is false, unless `use_assistant_model` is false or your `confidence` is `certain`. A call without step counters is one whole
          investigation. Two open runs of one tool in one thread are told apart by `run_id`.
        - Files named in arguments are shown with line numbers as far as the model's window has room, the rest of the room going to the thread, newest first.
          What could not be read or did not fit is named in the prompt and in the answer.

        What differs from the predecessor, and why: answers are text and end with one line about their origin, not JSON in a text; the number of steps is not
        forced; unknown values and wrong types are refused by name instead of being replaced; `use_websearch` is off unless asked for; temperature is the model's
        own unless given; consensus asks all models with its first step, and later steps replay the verdicts at no cost; clean-ups of files only list, unless
        `dry_run` is false. Left out on purpose: `kimi_capture_headers`, `kimi_intent_analysis`, `smart_file_download`, `test_echo`.
        `kimi_chat_with_tools` knows one tool, web search: an answer over MCP has no way to run a caller's function in its middle, so others are refused.
        """;

    /// <summary>A call of each tool that works as it stands, given the files that it names.</summary>
    public static IReadOnlyDictionary<string, string> Examples { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["chat"] = """{"prompt":"Is a bounded channel enough here, or do I need a semaphore?"}""",
        ["challenge"] = """{"prompt":"We need a cache in front of the database."}""",
        ["listmodels"] = "{}",
        ["status"] = "{}",
        ["version"] = "{}",
        ["thinkdeep"] = """{"step":"Should the queue be per session or global?","findings":"Global is fair only with weights.","focus_areas":["fairness"]}""",
        ["debug"] = """{"step":"The total is one too high.","step_number":1,"next_step_required":true,"findings":"Sum() counts the header line.","hypothesis":"off by one"}""",
        ["codereview"] = """{"step":"Review the new parser.","relevant_files":["/project/src/Parser.cs"],"review_type":"full"}""",
        ["analyze"] = """{"step":"How does a request reach the store?","analysis_type":"architecture"}""",
        ["refactor"] = """{"step":"Parser.cs does three things.","refactor_type":"decompose"}""",
        ["secaudit"] = """{"step":"Audit the upload endpoint.","audit_focus":"owasp","threat_level":"high"}""",
        ["testgen"] = """{"step":"Test the parser's limits.","relevant_files":["/project/src/Parser.cs"]}""",
        ["precommit"] = """{"step":"Check what is staged.","path":"/work"}""",
        ["planner"] = """{"step":"Move to the new store without downtime.","step_number":1,"total_steps":4,"next_step_required":true}""",
        ["tracer"] = """{"step":"Trace Store.Save.","trace_mode":"precision","target_description":"Store.Save","next_step_required":true}""",
        ["docgen"] = """{"step":"Two files: Store.cs, Index.cs.","num_files_documented":0,"total_files_to_document":2,"next_step_required":true}""",
        ["consensus"] = """{"step":"Replace polling by events.","models":[{"model":"glm-4.6","stance":"for"},{"model":"glm-4.5","stance":"against"}]}""",
        ["job_result"] = """{"job_id":"0199aaaa-0000-7000-8000-000000000000"}""",
        ["job_list"] = "{}",
        ["job_cancel"] = """{"job_id":"0199aaaa-0000-7000-8000-000000000000"}""",
        ["health"] = "{}",
        ["activity"] = """{"lines":50,"filter":"failed"}""",
        ["provider_capabilities"] = "{}",
        ["self-check"] = "{}",
        ["toolcall_log_tail"] = """{"n":10}""",
        ["glm_web_search"] = """{"search_query":"SQLite WAL checkpoint starvation","count":5}""",
        ["glm_payload_preview"] = """{"prompt":"Hello","use_websearch":true}""",
        ["glm_upload_file"] = """{"file":"/project/report.pdf"}""",
        ["kimi_upload_files"] = """{"files":["/project/report.pdf"]}""",
        ["kimi_manage_files"] = """{"operation":"cleanup_expired"}""",
        ["kimi_chat_with_files"] = """{"prompt":"What does it promise?","file_ids":["file-1"]}""",
        ["kimi_chat_with_tools"] = """{"messages":[{"role":"user","content":"What changed in SQLite 3.50?"}],"use_websearch":true}""",
        ["glm_multi_file_chat"] = """{"prompt":"Which of them is wrong?","files":["/project/a.md","/project/b.md"]}""",
        ["smart_file_query"] = """{"file_path":"/project/a.md","question":"What does it promise?"}""",
    };

    public static string Markdown()
    {
        var text = new StringBuilder(Opening.ReplaceLineEndings("\n")).Append('\n');
        foreach (var tier in Enum.GetValues<ToolTier>())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## Profile {tier.ToString().ToLowerInvariant()}{(tier == ToolTier.Lean ? "" : " adds")}\n");
            foreach (var tool in ToolCatalogue.All.Where(tool => tool.Tier == tier))
            {
                Write(text, tool);
            }
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, ToolDescriptor tool)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n### {tool.Name}\n\n{tool.Description}\n");
        if (tool.Parameters.Count > 0)
        {
            text.Append("\n| argument | value |\n|---|---|\n");
            foreach (var parameter in tool.Parameters)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {(parameter.Listed ? $"`{parameter.Name}`" : $"*`{parameter.Name}`*")} | {Value(parameter)} |\n");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"\n```sh\nexai call {tool.Name} --args '{Examples[tool.Name].Replace("'", "'\\''", StringComparison.Ordinal)}'\n```\n");
    }

    private static string Value(ToolParameter parameter)
    {
        var kind = parameter.Kind switch
        {
            ParameterKind.Text => parameter.Choices is null ? "text" : string.Join(", ", parameter.Choices),
            ParameterKind.Flag => "true or false",
            ParameterKind.Integer => "whole number",
            ParameterKind.Number => "number",
            ParameterKind.TextList => "list of texts",
            ParameterKind.ObjectList => parameter.Members.Count == 0 ? "list of objects" : $"list of objects: {string.Join(", ", parameter.Members)}",
            _ => "any",
        };
        var limits = (parameter.Least, parameter.Most) switch
        {
            (null, null) => "",
            ({ } least, null) => string.Create(CultureInfo.InvariantCulture, $", at least {least}"),
            (null, { } most) => string.Create(CultureInfo.InvariantCulture, $", at most {most}"),
            ({ } least, { } most) => string.Create(CultureInfo.InvariantCulture, $", {least} to {most}"),
        };
        return (parameter.Required ? "required; " : "") + kind + limits
            + (parameter.Description is { } description ? $". {description}" : "") + (parameter.Ignored ? "; ignored" : "");
    }
}
