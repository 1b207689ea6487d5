using System.ComponentModel;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Link;
using Microsoft.Extensions.Logging;

namespace Exai.Shim.Lifecycle;

/// <summary>Starts a daemon process. The seam at which tests count the starts.</summary>
internal interface IDaemonLauncher
{
    /// <summary>Starts <c>exai daemon</c> as a process session of its own.</summary>
    /// <param name="options">Further options of that command.</param>
    IDaemonProcess Launch(ExaiSettings settings, params IEnumerable<string> options);
}

internal interface IDaemonProcess : IDisposable
{
    /// <summary>Null while it runs.</summary>
    int? ExitCode { get; }

    /// <summary>The last lines that it wrote before it ended.</summary>
    string LastLines();
}

/// <summary>
/// Starts a missing daemon: once, whoever of several shims comes first, and only if it is nobody else's business.
/// </summary>
internal sealed class DaemonStarter(IDaemonLauncher launcher, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(20);
    /// <summary>Who kills each new daemon, such as a kernel out of memory, is told of like a daemon's own fault.</summary>
    private const int MostStarts = 3;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>What to tell whoever waits for a daemon that a person has stopped.</summary>
    public const string StoppedNote = "The daemon was stopped with 'exai stop'; 'exai start' starts it again.";

    /// <summary>One that starts this same program and keeps quiet about it.</summary>
    public static DaemonStarter CreateDefault(TimeProvider time) => new(new ProcessLauncher(), time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    /// <summary>True when a daemon that was started here listens; false when it is not the shim's business, or somebody else is about to start one.</summary>
    /// <exception cref="LinkException">A person has stopped the daemon; or the one that was started ended at once, or could not be started.</exception>
    public async Task<bool> StartOnceAsync(ExaiSettings settings, CancellationToken cancellationToken)
    {
        var ownership = OwnershipFile.Read(settings.Home);
        if (ownership.StoppedOnPurpose)
        {
            throw new LinkException(LinkFailure.Stopped, StoppedNote);
        }

        if (!ownership.ShimMayStart)
        {
            return false;
        }

        try
        {
            settings.Home.EnsureCreated();
            using var starting = ExclusiveLock.TryAcquire(settings.Home.AutostartLock);
            if (starting is null || IsServed(settings.Home))
            {
                return false;
            }

            RefuseCrashLoop(settings.Home);
            return await StartAsync(settings, () => new CrashRecord(settings.Home, time).Note(), cancellationToken);
        }
        catch (Exception failure) when (failure is HomeException or IOException or UnauthorizedAccessException or InvalidOperationException or Win32Exception)
        {
            throw new LinkException(LinkFailure.DaemonDied, $"No daemon runs, and none could be started: {failure.Message}", failure);
        }
    }

    /// <summary>Starts a daemon that takes over from the one that serves. No shim starts a third one meanwhile.</summary>
    /// <param name="now">It takes over the running calls too.</param>
    /// <returns>False when somebody else is about to start one, or it did not serve in time.</returns>
    /// <exception cref="LinkException">The new daemon ended at once, or could not be started. The other one may still serve.</exception>
    public async Task<bool> ReplaceAsync(ExaiSettings settings, bool now, CancellationToken cancellationToken)
    {
        try
        {
            using var starting = ExclusiveLock.TryAcquire(settings.Home.AutostartLock);
            // Its end, say because the other one did not make way, is told here and keeps no call waiting.
            return starting is not null && await StartAsync(settings, onDied: () => { }, cancellationToken, now ? ["--replace", "--now"] : ["--replace"]);
        }
        catch (Exception failure) when (failure is HomeException or IOException or UnauthorizedAccessException or InvalidOperationException or Win32Exception)
        {
            throw new LinkException(LinkFailure.DaemonDied, $"No other daemon could be started: {failure.Message}", failure);
        }
    }

    /// <summary>Said at once, with what is known: whoever waits should not wait for one that cannot live.</summary>
    private void RefuseCrashLoop(ExaiHome home)
    {
        var record = new CrashRecord(home, time);
        record.NoteLastWords();
        var (crashes, wait) = record.Look();
        if (wait > TimeSpan.Zero)
        {
            throw new LinkException(
                LinkFailure.DaemonDied,
                $"The daemon has ended by itself {crashes} times within five minutes, so the next start waits {Math.Ceiling(wait.TotalSeconds):0} s more " +
                $"('exai start' starts it at once). Its last lines:\n{LastLines(home)}");
        }
    }

    private static string LastLines(ExaiHome home)
    {
        foreach (var file in (string[])[home.DaemonStartLog, home.DaemonLog])
        {
            try
            {
                if (File.ReadLines(file).Where(line => line.Length > 0).TakeLast(20).ToList() is { Count: > 0 } lines)
                {
                    return string.Join('\n', lines);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The other one may say more.
            }
        }

        return "(nothing)";
    }

    private async Task<bool> StartAsync(ExaiSettings settings, Action onDied, CancellationToken cancellationToken, params IEnumerable<string> options)
    {
        for (var starts = 1; ; starts++)
        {
            var before = HealthFile.TryReadAddress(settings.Home)?.Epoch;
            LinkLog.StartingDaemon(logger);
            using var daemon = launcher.Launch(settings, options);
            if (await WatchAsync(daemon, settings.Home, before, cancellationToken) is { } serves)
            {
                return serves;
            }

            var (code, lines) = (daemon.ExitCode!.Value, daemon.LastLines());
            LinkLog.DaemonDied(logger, code, lines);
            if (WasKilled(code) && starts < MostStarts)
            {
                continue;
            }

            onDied();
            throw new LinkException(
                LinkFailure.DaemonDied,
                $"The daemon was started and ended at once with exit code {code}. It said:\n{(lines.Length > 0 ? lines : "(nothing)")}");
        }
    }

    /// <returns>True when it serves, false when it does not in time, null when it has ended.</returns>
    private async Task<bool?> WatchAsync(IDaemonProcess daemon, ExaiHome home, string? before, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < LongestStart)
        {
            if (HealthFile.TryReadAddress(home) is { } found && found.Epoch != before)
            {
                return true;
            }

            if (daemon.ExitCode is not null)
            {
                return null;
            }

            await Task.Delay(Poll, time, cancellationToken);
        }

        return false;
    }

    /// <summary>Ended by a signal that somebody sent (SIGHUP, SIGINT, SIGKILL, SIGTERM), as .NET reports it on Unix; nothing ails the daemon.</summary>
    private static bool WasKilled(int exitCode) => exitCode is 128 + 1 or 128 + 2 or 128 + 9 or 128 + 15;

    /// <summary>A daemon holds its home's lock from before it listens until it ends, however it ends.</summary>
    private static bool IsServed(ExaiHome home)
    {
        using var free = ExclusiveLock.TryAcquire(home.ServeLock);
        return free is null;
    }
}
