using System.Globalization;
using System.Text;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// Opens a database; a damaged one is set aside under a name of its own and a new one begun, because a daemon without a store helps nobody
/// and the old file may still be of use to somebody. Only for a file that is EXAI's.
/// </summary>
public static class DamagedDatabase
{
    private static readonly byte[] Header = "SQLite format 3\0"u8.ToArray();

    /// <param name="path">The database file.</param>
    /// <param name="fullSync">As for <see cref="SqliteDatabase.Open"/>.</param>
    /// <param name="ours">The file can only be EXAI's, whatever is in it.</param>
    /// <param name="time">Names the file that is set aside.</param>
    /// <returns>The database, and the path of the damaged one when there was one.</returns>
    /// <exception cref="StoreException">It cannot be opened for another reason, or is somebody else's file.</exception>
    public static (SqliteDatabase Database, string? SetAside) OpenOrReplace(string path, bool fullSync, bool ours, TimeProvider time)
    {
        if (!File.Exists(Mark(path)))
        {
            try
            {
                return (SqliteDatabase.Open(path, fullSync), null);
            }
            catch (StoreException failure) when (failure.Damaged && (ours || IsSqlite(path)))
            {
                // Replaced below.
            }
        }

        var aside = SetAside(path, time);
        return (SqliteDatabase.Open(path, fullSync), aside);
    }

    /// <summary>A daemon that met damage in the middle of its work says so to the next one: opening alone may not show it again.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void MarkDamaged(string path, string reason) => File.WriteAllText(Mark(path), reason, Encoding.UTF8);

    private static string SetAside(string path, TimeProvider time)
    {
        var aside = $"{path}.damaged-{time.GetUtcNow().ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture)}";
        foreach (var suffix in (string[])["-wal", "-shm", ""])
        {
            if (File.Exists(path + suffix))
            {
                File.Move(path + suffix, aside + suffix);
            }
        }

        File.Delete(Mark(path));
        return aside;
    }

    private static string Mark(string path) => path + ".is-damaged";

    private static bool IsSqlite(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[Header.Length];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(Header);
    }
}
