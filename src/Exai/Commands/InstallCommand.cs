using System.CommandLine;
using Exai.Cli.Clients;
using Exai.Settings;

namespace Exai.Cli.Commands;

/// <summary><c>exai install CLIENT</c>: writes one client's MCP configuration, and shows what it changes before it does.</summary>
internal static class InstallCommand
{
    public static Command Create()
    {
        var client = new Argument<string>("client") { Description = $"One of {string.Join(", ", ClientCatalogue.All.Select(known => known.Id))}." };
        var print = new Option<bool>("--print") { Description = "Show what would be written, and write nothing." };
        var uninstall = new Option<bool>("--uninstall") { Description = "Take the entry out again." };
        var command = new Command("install", "Tell an MCP client of EXAI. Everything else in its file stays, and a copy of it is kept.") { client, print, uninstall };
        command.SetAction(parsed => Run(parsed.GetValue(client)!, parsed.GetValue(print), parsed.GetValue(uninstall)));
        return command;
    }

    private static int Run(string id, bool print, bool uninstall)
    {
        if (ClientCatalogue.Find(id) is not { } client)
        {
            Terminal.Explain($"'{id}' is no client that is known here. Known are {string.Join(", ", ClientCatalogue.All.Select(known => known.Id))}; for others, run '{string.Join(' ', [ProgramCommand.Shim().File, .. ProgramCommand.Shim().Arguments])}' as a stdio server.");
            return ExitCodes.WrongUsage;
        }

        try
        {
            return Change(client, print, uninstall);
        }
        catch (ClientConfigurationException failure)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }
    }

    private static int Change(McpClientApp client, bool print, bool uninstall)
    {
        var configuration = new ClientConfiguration(client, ClientPlatform.Current, TimeProvider.System);
        var before = configuration.Read();
        var after = uninstall ? configuration.Without(before) : configuration.With(before, ProgramCommand.Shim());
        if (after == before)
        {
            Terminal.Print($"{configuration.File} {(uninstall ? "has no entry of EXAI" : "is as it should be")}; nothing was changed.");
            return ExitCodes.Ok;
        }

        var redactor = new Redactor([]);
        Terminal.Print(configuration.File);
        foreach (var line in TextDifference.Between(before, after))
        {
            Terminal.Print(redactor.Clean(line));
        }

        if (print)
        {
            Terminal.Print("Nothing was written (--print).");
            return ExitCodes.Ok;
        }

        var backup = configuration.Write(after);
        Terminal.Print($"{(backup is null ? "Written." : $"Written; what it was is in {backup}.")} {(uninstall ? "" : client.Then)}".TrimEnd());
        return ExitCodes.Ok;
    }
}
