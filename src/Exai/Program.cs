using Exai.Cli.Commands;
using Exai.Settings;
using Exai.Shim;
using Exai.Shim.Stdio;
using Microsoft.Win32.SafeHandles;

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
            return await ShimHost.RunAsync(
                () => SettingsLoader.Load(SettingsSources.FromProcess()), Console.OpenStandardInput(), OpenStandardOutput(), early, TimeProvider.System, Chance.New());
        }

        return await CommandTree.RunAsync(args);
    }

    /// <summary>
    /// On Unix the plain file: the console's own stream swallows the error that tells that nobody reads any more, and a shim without a
    /// reader has to end.
    /// </summary>
    private static Stream OpenStandardOutput() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
}
