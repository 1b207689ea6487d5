using System.Text.Json;
using Exai.Protocol;

namespace Exai.Settings.Home;

/// <summary>Who looks after the daemon of a home.</summary>
public static class OwnershipFile
{
    /// <summary>What the file says; nobody's daemon when it is missing or unreadable.</summary>
    public static DaemonOwnership Read(ExaiHome home)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(home.OwnershipFile), WireJson.Default.DaemonOwnership) ?? new DaemonOwnership();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return new DaemonOwnership();
        }
    }

    /// <summary>Replaces the file whole, and on the disk: a daemon stopped on purpose stays stopped over a power failure.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static void Write(ExaiHome home, DaemonOwnership ownership) =>
        OwnerOnlyFile.WriteAllText(home.OwnershipFile, JsonSerializer.Serialize(ownership, WireJson.Default.DaemonOwnership) + "\n", durable: true);
}
