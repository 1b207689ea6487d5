using System.Globalization;
using System.Text;
using Exai.Protocol;

namespace Exai.Testing.Tools;

/// <summary>Writes <c>docs/tools.md</c> from the definitions and from what the tools answer. A test holds them together.</summary>
public static class ToolDocuments
{
    private const string Opening =
        """
        # Tools

        Written by the tests from the definitions (`EXAI_UPDATE_DOCS=1`); do not edit.

        `TOOL_PROFILE` chooses how many tools a client gets (lean, standard, full); `ENABLED_TOOLS` adds some, `DISABLED_TOOLS` takes some away. A tool that is
        not offered is refused, not only hidden. `exai tools` shows the list and its cost, `exai call TOOL --args JSON` calls any of them by hand, and each is an
        MCP prompt (slash command) too, beside `continue`.

        Below each tool's arguments stand an example and what it answers: a daemon's real answer, with models of the simulator and made-up files behind it.
        Ids, times and versions in the answers are placeholders.

        - Only what is marked *required* must be given. Arguments in *italics* are accepted and not advertised; "ignored" ones have no effect.
        - `model` is a name, an alias, `provider/id` or `auto`. `thinking_mode` is mapped to what the model can do; the receipt says what was applied.
        - `continuation_id` is in the last line of every answer. A thread works across tools, models and clients, and survives restarts; one that is unknown or
          expired is refused. `exai threads` lists, shows, searches, exports and deletes them; a month after its last turn a thread is forgotten.
        - Tools with steps keep their record in the thread: you investigate, tell each step, and an expert model judges everything when
          `next_step_required` is false, unless `use_assistant_model` is false or your `confidence` is `certain`. A call without step counters is one whole
          investigation. Two open runs of one tool in one thread are told apart by `run_id`.
        - Files named in arguments are shown with line numbers as far as the model's window has room, the rest of the room going to the thread, newest first.
          What could not be read or did not fit is named in the prompt and in the answer.
        """;

    /// <param name="answers">What each tool answers to its example.</param>
    public static string Markdown(IReadOnlyDictionary<string, string> answers)
    {
        var text = new StringBuilder(Opening.ReplaceLineEndings("\n")).Append('\n');
        foreach (var tier in Enum.GetValues<ToolTier>())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## Profile {tier.ToString().ToLowerInvariant()}{(tier == ToolTier.Lean ? "" : " adds")}\n");
            foreach (var tool in ToolCatalogue.All.Where(tool => tool.Tier == tier))
            {
                Write(text, tool, answers[tool.Name]);
            }
        }

        Differences(text);
        return text.ToString();
    }

    private static void Differences(StringBuilder text)
    {
        text.Append("\n## What differs from the predecessor\n\nEvery other name, argument and value of it is accepted.\n\n| there | here | why |\n|---|---|---|\n");
        foreach (var (then, now, why) in PredecessorDifferences.Behaviour)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {then} | {now} | {why} |\n");
        }

        text.Append("\n| tool that is left out | why |\n|---|---|\n");
        foreach (var (tool, why) in PredecessorDifferences.Absent.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{tool}` | {why} |\n");
        }

        text.Append("\n| ignored argument | of | why |\n|---|---|---|\n");
        foreach (var (argument, why) in PredecessorDifferences.Ignored.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var tools = ToolCatalogue.All.Where(tool => tool.Find(argument) is { Ignored: true }).Select(tool => tool.Name);
            text.Append(CultureInfo.InvariantCulture, $"| `{argument}` | {string.Join(", ", tools)} | {why} |\n");
        }
    }

    private static void Write(StringBuilder text, ToolDescriptor tool, string answer)
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

        text.Append(CultureInfo.InvariantCulture, $"\n```sh\nexai call {tool.Name} --args '{ToolExamples.Arguments[tool.Name].Replace("'", "'\\''", StringComparison.Ordinal)}'\n```\n");
        // Tildes, because an answer may hold a fence of the other kind.
        text.Append(CultureInfo.InvariantCulture, $"\n~~~text\n{answer}\n~~~\n");
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
