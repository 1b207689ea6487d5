using System.Runtime.InteropServices;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Settings.Logs;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;
using Exai.Shim.Stdio;

namespace Exai.Shim;

/// <summary>
/// The <c>exai shim</c> process. Lives until its client leaves: stdin ends, stdout breaks, the parent is gone, SIGTERM or SIGHUP.
/// Nothing that a daemon does ends it.
/// </summary>
public static class ShimHost
{
    /// <param name="load">Reads the settings; called again at each attempt to reach the daemon.</param>
    /// <param name="early">What was read from <paramref name="input"/> and said before.</param>
    /// <returns>The exit code: always 0.</returns>
    public static async Task<int> RunAsync(Func<SettingsResult> load, Stream input, Stream output, EarlyAnswer early, TimeProvider time, Random random)
    {
        using var leave = new CancellationTokenSource();
        using var signals = new ExitSignals(leave);
        var settings = new ShimSettings(load);
        using var loggers = OpenLog(settings, time);
        var watching = ParentWatch.RunAsync(early.Parent, leave, time);
        var trimming = IdleMemory.RunAsync(time, leave.Token);
        var rehearsing = new Lazy<Task>(() => LinkRehearsal.RunAsync(settings.Current, time, leave.Token));
        await ShimSession.RunAsync(settings, input, output, early, () => _ = rehearsing.Value, loggers.CreateLogger("shim"), time, random, leave.Token);
        leave.Cancel();
        await Task.WhenAll(watching, trimming, rehearsing.IsValueCreated ? rehearsing.Value : Task.CompletedTask);
        return 0;
    }

    private static ExaiLoggerFactory OpenLog(ShimSettings settings, TimeProvider time)
    {
        var current = settings.Current;
        try
        {
            current.Home.EnsureCreated();
            ShimLogs.PruneOldShimLogs(current.Home);
            return new ExaiLoggerFactory(ExaiLogOptions.From(current.Log, current.Home.ShimLog(Environment.ProcessId)), time);
        }
        catch (HomeException)
        {
            // Without a home there is no log file; calls will say what is wrong with it.
            return new ExaiLoggerFactory(ExaiLogOptions.From(current.Log, filePath: null), time);
        }
    }

    /// <summary>SIGTERM and SIGHUP end the shim; SIGINT does not, because a client's Esc may send it to the whole process group.</summary>
    private sealed class ExitSignals : IDisposable
    {
        private readonly List<PosixSignalRegistration> _registrations = [];

        public ExitSignals(CancellationTokenSource leave)
        {
            Register(PosixSignal.SIGINT, null);
            Register(PosixSignal.SIGTERM, leave);
            Register(PosixSignal.SIGHUP, leave);
        }

        public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

        private void Register(PosixSignal signal, CancellationTokenSource? leave) =>
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                leave?.Cancel();
            }));
    }
}
