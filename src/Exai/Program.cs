using Exai.Cli.Commands;
using Exai.Settings;
using Exai.Shim;
using Exai.Shim.Stdio;

namespace Exai.Cli;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        // The shim must answer its client at once: nothing that it does not need is loaded on its way.
        if (args is ["shim"])
        {
            var early = EarlyAnswer.Give();
            Console.SetOut(Console.Error);
            var (input, output) = OperatingSystem.IsWindows() ? (Console.OpenStandardInput(), Console.OpenStandardOutput()) : (PosixStream.Input(), (Stream)PosixStream.Output());
            return await ShimHost.RunAsync(
                () => SettingsLoader.Load(SettingsSources.FromProcess()), input, output, early, TimeProvider.System, Chance.New());
        }

        return await CommandTree.RunAsync(args);
    }
}
