using Exai.Cli.Commands;
using Exai.Settings;
using Exai.Shim;

namespace Exai.Cli;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        // The shim must answer its client at once: nothing that it does not need is loaded on its way.
        if (args is ["shim"])
        {
            Console.SetOut(Console.Error);
            return await ShimHost.RunAsync(
                () => SettingsLoader.Load(SettingsSources.FromProcess()), Console.OpenStandardInput(), Console.OpenStandardOutput(), TimeProvider.System, Chance.New());
        }

        return await CommandTree.RunAsync(args);
    }
}
