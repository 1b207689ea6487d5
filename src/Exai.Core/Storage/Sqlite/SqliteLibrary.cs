using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// Chooses the SQLite library once per process: the operating system's when it is newer than the one in the package,
/// since it gets the distribution's fixes.
/// </summary>
internal static class SqliteLibrary
{
    private const int BundledVersion = 3_035_005;

    private static readonly string[] SystemNames =
        OperatingSystem.IsMacOS() ? ["/usr/lib/libsqlite3.dylib"] : OperatingSystem.IsWindows() ? ["winsqlite3"] : ["libsqlite3.so.0"];

    private static readonly Lazy<string> Chosen = new(Choose);

    /// <summary>Loads the library if that has not happened, and tells which it is, such as "3.40.1 (system)".</summary>
    public static string Load() => Chosen.Value;

    private static string Choose()
    {
        var system = FindNewerSystemLibrary();
        if (system != 0)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(SQLite3Provider_e_sqlite3).Assembly,
                (name, _, _) => name == "e_sqlite3" ? system : 0);
        }

        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        raw.FreezeProvider();
        return $"{raw.sqlite3_libversion().utf8_to_string()} ({(system != 0 ? "system" : "bundled")})";
    }

    private static unsafe nint FindNewerSystemLibrary()
    {
        foreach (var name in SystemNames)
        {
            if (NativeLibrary.TryLoad(name, Assembly.GetExecutingAssembly(), DllImportSearchPath.SafeDirectories, out var library)
                && NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var export)
                && ((delegate* unmanaged[Cdecl]<int>)export)() > BundledVersion)
            {
                return library;
            }
        }

        return 0;
    }
}
