using System.CommandLine;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Settings;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai config</c>: which settings are in effect, and where each came from. Secrets stay hidden.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Show the defaults too." };
        var json = new Option<bool>("--json") { Description = "Print {file, settings[{name, value, unit, source, default}], problems[]} as JSON." };
        var command = new Command("config", "Show the settings in effect and where each came from.") { all, json };
        command.Subcommands.Add(ConfigImport.Create());
        command.SetAction(parsed => parsed.GetValue(json) ? PrintJson(parsed.GetValue(all)) : Print(parsed.GetValue(all)));
        return command;
    }

    private static int PrintJson(bool all)
    {
        var result = SettingsLoader.Load(SettingsSources.FromProcess());
        var settings = new JsonArray();
        foreach (var value in result.Values.Where(value => all || !value.IsDefault))
        {
            settings.Add((JsonNode)new JsonObject
            {
                ["name"] = value.Definition.Name,
                ["value"] = value.Text,
                ["unit"] = value.Definition.Unit,
                ["source"] = value.Source,
                ["default"] = value.Definition.Default,
            });
        }

        Terminal.Print(new JsonObject
        {
            ["file"] = result.SettingsFile,
            ["settings"] = settings,
            ["problems"] = new JsonArray([.. result.Problems.Select(problem => JsonValue.Create(problem.ToString()))]),
        }.ToJsonString(ToolResults.Json));
        return result.Problems.Count == 0 ? ExitCodes.Ok : ExitCodes.WrongUsage;
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
        PrintEndpoints(result.Settings);
        foreach (var ignored in result.Ignored)
        {
            Terminal.Print(ignored.ToString());
        }

        return Configuration.LoadOrExplain() is null ? ExitCodes.WrongUsage : ExitCodes.Ok;
    }

    private static void PrintEndpoints(ExaiSettings settings)
    {
        Terminal.Print($"Providers file: {settings.ProvidersFile}{(File.Exists(settings.ProvidersFile) ? "" : " (not there)")}");
        if (settings.Endpoints.All.Count > 0)
        {
            var table = new Table().AddColumns("provider", "address", "key", "models", "used", "source");
            foreach (var endpoint in settings.Endpoints.All)
            {
                string[] row =
                [
                    endpoint.Name, endpoint.BaseUrl.ToString(), Key(endpoint), Models(endpoint), Use(endpoint), endpoint.Source,
                ];
                table.AddRow([.. row.Select(Markup.Escape)]);
            }

            Terminal.Output.Write(table);
        }

        if (settings.DescribedModels.Count > 0)
        {
            Terminal.Print($"Models file: {settings.Home.ModelsFile} describes {string.Join(", ", settings.DescribedModels.Select(model => model.Id))}");
        }
    }

    private static string Key(EndpointSettings endpoint) => endpoint switch
    {
        { KeyVariable: null } => "none needed",
        { ApiKey: null } => $"{endpoint.KeyVariable} is not set",
        _ => $"{endpoint.KeyVariable} (hidden, {endpoint.ApiKey.Length} characters)",
    };

    private static string Models(EndpointSettings endpoint) =>
        endpoint.Models.Count > 0 ? string.Join(", ", endpoint.Models.Select(model => model.Id)) : "those it lists";

    private static string Use(EndpointSettings endpoint) => endpoint switch
    {
        { Enabled: false } => "off",
        { MissingVariables: [_, ..] missing } => $"off: set {string.Join(", ", missing)}",
        { Automatic: true, DefaultModel: not null } => "yes",
        _ => "when named",
    };
}
