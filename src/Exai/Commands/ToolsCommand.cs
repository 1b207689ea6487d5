using System.CommandLine;
using Exai.Protocol;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai tools</c>: the tools as a client gets them, and what they cost in a model's context.</summary>
internal static class ToolsCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Every tool there is, also those that the settings leave out." };
        var command = new Command("tools", "Show the tools with their cost in a client's context.") { all };
        command.SetAction(parsed => Print(parsed.GetValue(all)));
        return command;
    }

    private static int Print(bool all)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        var offered = settings.Tools.Offered;
        var shown = all ? ToolCatalogue.All : offered;
        var table = new Table().AddColumn("tool").AddColumn(new TableColumn("tokens").RightAligned()).AddColumn("what it is for");
        foreach (var tool in shown.OrderBy(tool => tool.Name, StringComparer.Ordinal))
        {
            var name = offered.Contains(tool) ? tool.Name : tool.Name + " (not offered)";
            table.AddRow(Markup.Escape(name), $"{ToolCatalogue.Tokens([tool])}", Markup.Escape(tool.Description));
        }

        Terminal.Output.Write(table);
        Terminal.Print(
            $"The list of these {offered.Count} tools (TOOL_PROFILE={settings.Tools.Profile.ToString().ToLowerInvariant()}) costs a client about {ToolCatalogue.Tokens(offered):N0} tokens (characters / 4).");
        return ExitCodes.Ok;
    }
}
