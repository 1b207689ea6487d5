using System.Text.Json;
using Exai.Protocol;

namespace Exai.Settings.Home;

/// <summary>The health file of a home. It helps to find the daemon and tells people how it is; whether it answers, only the dial tells.</summary>
public static class HealthFile
{
    /// <summary>What the file says; null when it is missing, unreadable, cut short or no health document. Members that are missing have their defaults.</summary>
    public static HealthDocument? TryRead(ExaiHome home)
    {
        try
        {
            // A writer may replace the file meanwhile; that must not fail because it is being read.
            using var stream = new FileStream(home.HealthFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return JsonSerializer.Deserialize(stream, HomeJson.Default.HealthDocument) is { } document ? WithoutNulls(document) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file whole.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static void Write(ExaiHome home, HealthDocument document) =>
        OwnerOnlyFile.WriteAllText(home.HealthFile, JsonSerializer.Serialize(document, HomeJson.Default.HealthDocument) + "\n");

    /// <summary>Removes whatever an earlier daemon left, before a new one listens.</summary>
    public static void Delete(ExaiHome home) => File.Delete(home.HealthFile);

    /// <summary>Removes the file if this daemon wrote it: its successor's must stay.</summary>
    /// <returns>True when it was removed.</returns>
    public static bool DeleteIfEpoch(ExaiHome home, string epoch)
    {
        if (TryRead(home) is not { } document || document.Epoch != epoch)
        {
            return false;
        }

        File.Delete(home.HealthFile);
        return true;
    }

    /// <summary>A reader that was built before a member existed, or after it was dropped, must not trip over it.</summary>
    private static HealthDocument WithoutNulls(HealthDocument document) => document with
    {
        Host = document.Host ?? "",
        Epoch = document.Epoch ?? "",
        Version = document.Version ?? "",
        UptimeHuman = document.UptimeHuman ?? "",
        Status = document.Status ?? "",
        Problems = document.Problems ?? [],
    };
}
