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
    var options = TortureOptions.Parse(args);
    return options.Attach is { } shims ? await AttachRun.RunAsync(options, shims, Console.Out, TimeProvider.System)
        : options.Cluster ? await ClusterRun.RunAsync(options, Console.Out, TimeProvider.System)
        : options.Restarts is { } restarts ? await RestartRun.RunAsync(options, restarts, Console.Out, TimeProvider.System)
        : options.Failover is { } far ? await FailoverRun.RunAsync(options, far, Console.Out, TimeProvider.System)
        : await TortureRun.RunAsync(options, Console.Out, TimeProvider.System);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
