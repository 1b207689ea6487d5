using System.CommandLine;
using Exai.Protocol;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai tools</c>: the tool list as a client gets it, and what it costs in a model's context.</summary>
internal static class ToolsCommand
{
    public static Command Create()
    {
        var command = new Command("tools", "Show the tools with their cost in a client's context.");
        command.SetAction(_ => Print());
        return command;
    }

    private static int Print()
    {
        var table = new Table().AddColumn("tool").AddColumn(new TableColumn("tokens").RightAligned()).AddColumn("what it is for");
        foreach (var tool in ToolCatalogue.All)
        {
            table.AddRow(tool.Name, $"{Tokens(tool.ToJson().ToJsonString(ToolResults.Json))}", Markup.Escape(tool.Description));
        }

        Terminal.Output.Write(table);
        Terminal.Print($"The whole list costs about {Tokens(ToolCatalogue.ListResult(ToolCatalogue.All).ToJsonString(ToolResults.Json))} tokens (characters / 4).");
        return ExitCodes.Ok;
    }

    private static int Tokens(string json) => (json.Length + 3) / 4;
}
