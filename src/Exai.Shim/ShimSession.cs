using Exai.Protocol;
using Exai.Settings;
using Exai.Shim.Eras;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;
using Exai.Shim.Stdio;
using Microsoft.Extensions.Logging;

namespace Exai.Shim;

/// <summary>
/// A shim over any pair of streams: what <c>exai shim</c> does with stdin and stdout, and <c>exai ask</c> within its own process.
/// </summary>
public static class ShimSession
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromMilliseconds(500);

    /// <summary>Serves until the input ends, the output breaks or the token fires.</summary>
    /// <param name="load">Reads the settings; called again at each attempt to reach the daemon.</param>
    public static Task RunAsync(
        Func<SettingsResult> load, Stream input, Stream output, ILogger logger, TimeProvider time, Random random, CancellationToken leave) =>
        RunAsync(new ShimSettings(load), input, output, new EarlyAnswer(), () => { }, logger, time, random, leave);

    /// <param name="early">What was read and said before.</param>
    /// <param name="onWaiting">Called, more than once, while there has been no link yet and no daemon is to be had.</param>
    internal static Task RunAsync(
        ShimSettings settings, Stream input, Stream output, EarlyAnswer early, Action onWaiting, ILogger logger, TimeProvider time, Random random, CancellationToken leave) =>
        RunAsync(settings, input, output, early, new WebSocketDialer(() => settings.Current.Link, random, time), new ProcessLauncher(), onWaiting, logger, time, random, leave);

    internal static async Task RunAsync(
        ShimSettings settings, Stream input, Stream output, EarlyAnswer early, ILinkDialer dialer, IDaemonLauncher launcher, Action onWaiting, ILogger logger,
        TimeProvider time, Random random, CancellationToken leave)
    {
        var writer = new LineWriter(output);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(leave);
        var sessionId = Guid.NewGuid().ToString();
        var ownIdPrefix = $"exai:{sessionId[..8]}:";
        var router = new EraRouter(NewLane(ProtocolEra.Legacy), NewLane(ProtocolEra.Modern));

        var relaying = router.RunAsync(end.Token);
        // A read of stdin cannot be cancelled everywhere; it may still be under way when the process ends.
        var reading = new LineReader(input, settings.Current.Link.MaxBytes, early.Read).ReadAllAsync(router.ClientLine, router.ClientRoomAsync, end.Token);

        var first = await Task.WhenAny(reading, writer.Broken, relaying);
        LinkLog.Leaving(logger, Product.Version, leave.IsCancellationRequested ? "asked to" : first == reading ? "its input ended" : first == writer.Broken ? "its output is closed" : "a defect");

        if (writer.Dropped > 0)
        {
            LinkLog.NotesDropped(logger, writer.Dropped);
        }

        using var flush = new CancellationTokenSource(FlushLimit, time);
        await router.SettledAsync(flush.Token);
        var closing = router.CloseAsync(flush.Token);
        await writer.FinishAsync(flush.Token);
        await Task.WhenAny(closing);
        end.Cancel();
        await Task.WhenAny(relaying, Task.Delay(Timeout.InfiniteTimeSpan, time, flush.Token));
        // What ended a link or relay by itself is a defect and must not pass for a client that left.
        if (!leave.IsCancellationRequested && first == relaying)
        {
            await first;
        }

        EraLane NewLane(ProtocolEra era)
        {
            LinkLoop? link = null;
            var relay = new ShimRelay(settings, era, new ToolListCache(era, () => settings.Current), writer, ownIdPrefix, time, logger)
            {
                Wake = () => link!.Wake(),
                AnsweredEarly = early.To,
            };
            link = new LinkLoop(
                settings, dialer, new DaemonStarter(launcher, time, logger), relay, sessionId, ownIdPrefix, random, time, logger)
            {
                OnWaiting = onWaiting,
            };
            return new EraLane(relay, link);
        }
    }
}
