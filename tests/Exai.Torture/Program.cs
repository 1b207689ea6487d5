using System.Runtime.Versioning;
using Exai.Torture;

// Signals are sent and /proc is read.
[assembly: SupportedOSPlatform("linux")]

if (args.Contains("--help"))
{
    Console.Out.WriteLine(TortureOptions.Help);
    return 0;
}

try
{
    return await TortureRun.RunAsync(TortureOptions.Parse(args), Console.Out, TimeProvider.System);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
