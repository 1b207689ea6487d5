using Exai.Cli.Commands;
using Exai.Settings;
using Exai.Shim;
using Microsoft.Win32.SafeHandles;

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
                () => SettingsLoader.Load(SettingsSources.FromProcess()), Console.OpenStandardInput(), OpenOutput(), TimeProvider.System, Chance.New());
        }

        return await CommandTree.RunAsync(args);
    }

    /// <summary>The console's own stream takes a pipe that nobody reads any more for success, so the shim would not notice that its client has gone.</summary>
    private static Stream OpenOutput() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
}
