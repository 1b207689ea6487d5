using System.CommandLine;
using Exai.Protocol;

namespace Exai.Cli.Commands;

/// <summary>Every command of <c>exai</c>. Exit codes: 0 ok, 1 failed, 2 wrong usage or configuration.</summary>
internal static class CommandTree
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("EXAI: ask any model from any coding agent; the answer always arrives.")
        {
            new Command("shim", "The stdio MCP server that a client starts. stdout is protocol only."),
            DaemonCommand.Create(),
            BackgroundCommands.CreateStart(),
            BackgroundCommands.CreateStop(),
            RestartCommand.Create(),
            StatusCommand.Create(),
            HealthCommand.Create(),
            AskCommand.Create(),
            DemoCommand.Create(),
            SimCommand.Create(),
            ToolsCommand.Create(),
            CallCommand.Create(),
            ThreadsCommand.Create(),
            TokenCommand.Create(),
            ConfigCommand.Create(),
            DoctorCommand.Create(),
            InstallCommand.Create(),
            LogsCommand.Create(),
            TopCommand.Create(),
            DashboardCommand.Create(),
        };
        root.Description += $" Version {Product.Version}.";

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Terminal.Explain(error.Message);
            }

            Terminal.Explain("'exai --help' and 'exai COMMAND --help' explain.");
            return ExitCodes.WrongUsage;
        }

        var invocation = new InvocationConfiguration();
        if (parsed.CommandResult.Command.Name == DaemonCommand.Name)
        {
            // It deals with signals by itself. The library would end one that drains after two seconds, with exit code 143.
            invocation.ProcessTerminationTimeout = null;
        }

        return await parsed.InvokeAsync(invocation);
    }
}

internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
}
