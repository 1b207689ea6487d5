using System.Runtime.InteropServices;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Settings.Logs;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;
using Exai.Shim.Stdio;
using Microsoft.Extensions.Logging;

namespace Exai.Shim;

/// <summary>
/// The <c>exai shim</c> process. Lives until its client leaves: stdin ends, stdout breaks, the parent is gone, SIGTERM or SIGHUP.
/// Nothing that a daemon does ends it.
/// </summary>
public static class ShimHost
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromMilliseconds(500);

    /// <param name="load">Reads the settings; called again at each attempt to reach the daemon.</param>
    /// <returns>The exit code: always 0.</returns>
    public static async Task<int> RunAsync(Func<SettingsResult> load, Stream input, Stream output, TimeProvider time, Random random)
    {
        var settings = new ShimSettings(load);
        using var loggers = OpenLog(settings, time);
        var logger = loggers.CreateLogger("shim");
        var writer = new LineWriter(new BufferedStream(output, 64 * 1024));
        await using var ownWriter = writer;
        using var leaving = new CancellationTokenSource();
        var reason = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var signals = new ExitSignals(reason);

        var session = Guid.NewGuid().ToString();
        var ownIdPrefix = $"exai:{session[..8]}:";
        LinkLoop? link = null;
        var relay = new ShimRelay(settings, new ToolListCache(() => settings.Current.Home), writer, ownIdPrefix, time, logger) { Wake = () => link!.Wake() };
        link = new LinkLoop(
            settings, new WebSocketDialer(() => settings.Current.Link, time), new DaemonStarter(new ProcessLauncher(), time, logger),
            relay, session, ownIdPrefix, random, time, logger);

        var relaying = relay.RunAsync(leaving.Token);
        var linking = link.RunAsync(leaving.Token);
        var watching = ParentWatch.RunAsync(reason, time, leaving.Token);
        // Reading stdin cannot be cancelled; at the end of the process it may still be under way.
        var reading = ReadAsync(new LineReader(input, settings.Current.Link.MaxBytes), relay, reason, leaving.Token);

        var first = await Task.WhenAny(reason.Task, writer.Broken, linking, relaying);
        LinkLog.Leaving(logger, Product.Version, first == reason.Task ? await reason.Task : first == writer.Broken ? "stdout is closed" : "a defect");
        // Whatever ended the link or the relay by itself is a defect, and says so here.
        if (first == linking || first == relaying)
        {
            await first;
        }

        using var flush = new CancellationTokenSource(FlushLimit, time);
        await Task.WhenAny(link.CloseAsync(flush.Token).AsTask());
        await leaving.CancelAsync();
        await Task.WhenAny(Task.WhenAll(linking, relaying, watching), Task.Delay(FlushLimit, time));
        return 0;
    }

    private static async Task ReadAsync(LineReader reader, ShimRelay relay, TaskCompletionSource<string> reason, CancellationToken cancellationToken)
    {
        try
        {
            await reader.ReadAllAsync(relay.ClientLine, cancellationToken);
            reason.TrySetResult("stdin ended");
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            reason.TrySetResult("stdin broke");
        }
    }

    private static ExaiLoggerFactory OpenLog(ShimSettings settings, TimeProvider time)
    {
        var current = settings.Current;
        try
        {
            current.Home.EnsureCreated();
            ExaiLoggerProvider.PruneOldShimLogs(current.Home, keep: 20);
            return ExaiLoggerFactory.Create(current.Log, current.Home.ShimLog(Environment.ProcessId), toStandardError: true, time);
        }
        catch (HomeException)
        {
            // Without a home there is no log file; calls will say what is wrong with it.
            return ExaiLoggerFactory.Create(current.Log, file: null, toStandardError: true, time);
        }
    }

    /// <summary>SIGTERM and SIGHUP end the shim; SIGINT does not, because a client's Esc may send it to the whole process group.</summary>
    private sealed class ExitSignals : IDisposable
    {
        private readonly List<PosixSignalRegistration> _registrations = [];

        public ExitSignals(TaskCompletionSource<string> reason)
        {
            Register(PosixSignal.SIGINT, null);
            Register(PosixSignal.SIGTERM, reason);
            Register(PosixSignal.SIGHUP, reason);
        }

        public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

        private void Register(PosixSignal signal, TaskCompletionSource<string>? reason) =>
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                reason?.TrySetResult(signal.ToString());
            }));
    }
}
