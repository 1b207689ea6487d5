using System.CommandLine;
using Exai.Settings;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai config</c>: which settings are in effect, and where each came from. Secrets stay hidden.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Show the defaults too." };
        var command = new Command("config", "Show the settings in effect and where each came from.") { all };
        command.SetAction(parsed => Print(parsed.GetValue(all)));
        return command;
    }

    private static int Print(bool all)
    {
        var result = SettingsLoader.Load(SettingsSources.FromProcess());
        var table = new Table().AddColumns("setting", "value", "source");
        foreach (var value in result.Values.Where(value => all || !value.IsDefault))
        {
            table.AddRow(Markup.Escape(value.Definition.Name), Markup.Escape(value.Text ?? "–"), Markup.Escape(value.Source));
        }

        Terminal.Output.Write(table);
        Terminal.Print($"Settings file: {result.SettingsFile ?? result.Settings.Home.SettingsFile + " (not there)"}{(all ? "" : "; 'exai config --all' shows the defaults too")}");
        foreach (var ignored in result.Ignored)
        {
            Terminal.Print(ignored.ToString());
        }

        return Configuration.LoadOrExplain() is null ? ExitCodes.WrongUsage : ExitCodes.Ok;
    }
}
