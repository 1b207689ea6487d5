using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;

namespace Exai.Cli.Client;

/// <summary>The daemon of a home, as its files show it.</summary>
internal static class RunningDaemon
{
    /// <summary>The daemon that the health file names, if the home's lock shows that one is alive; null when none is.</summary>
    public static HealthDocument? Find(ExaiSettings settings)
    {
        if (!Directory.Exists(settings.Home.Path))
        {
            return null;
        }

        using var free = ExclusiveLock.TryAcquire(settings.Home.ServeLock);
        return free is null ? HealthFile.TryRead(settings.Home) : null;
    }

    /// <summary>A person has stopped the daemon that would answer otherwise.</summary>
    public static bool IsStopped(ExaiSettings settings) =>
        settings.Link.Autostart && OwnershipFile.Read(settings.Home).StoppedOnPurpose && Find(settings) is null;
}
