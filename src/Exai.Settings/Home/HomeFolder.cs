using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;

namespace Exai.Settings.Home;

/// <summary>Makes the home a private folder.</summary>
internal static class HomeFolder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const string Elsewhere = "Set EXAI_HOME to a folder that this user can write";

    public static void EnsureCreated(ExaiHome home)
    {
        try
        {
            var existed = Directory.Exists(home.Path);
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(home.Path);
                if (!existed)
                {
                    RestrictToUser(home.Path);
                }
            }
            else
            {
                Directory.CreateDirectory(home.Path, Private);
                if (existed)
                {
                    Tighten(home.Path);
                }

                Directory.CreateDirectory(home.LogsDirectory, Private);
                Directory.CreateDirectory(home.CacheDirectory, Private);
            }

            Directory.CreateDirectory(home.LogsDirectory);
            Directory.CreateDirectory(home.CacheDirectory);
            ProveWritable(home.Path);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new HomeException(home.Path, "this user may not write there", Elsewhere, exception);
        }
        catch (IOException exception)
        {
            var reason = File.Exists(home.Path) ? "there is a file of that name" : $"it cannot be created or written ({exception.Message.TrimEnd('.')})";
            throw new HomeException(home.Path, reason, Elsewhere, exception);
        }
    }

    /// <summary>
    /// Takes the others' rights from a folder that exists. A folder with foreign content is left alone: somebody may have named /tmp or a project,
    /// and locking everyone out of that would be worse than not starting.
    /// </summary>
    [UnsupportedOSPlatform("windows")]
    private static void Tighten(string path)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) == UnixFileMode.None)
        {
            return;
        }

        if (!IsOurs(path))
        {
            throw new HomeException(
                path,
                $"other users may enter it (mode {Convert.ToString((int)mode, 8)}) and it holds files of other programs",
                "Set EXAI_HOME to a folder of its own, or make this one private (chmod 700)");
        }

        try
        {
            File.SetUnixFileMode(path, Private);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new HomeException(
                path,
                $"other users may enter it (mode {Convert.ToString((int)mode, 8)}) and it belongs to somebody else",
                "Give it to this user (chown) or set EXAI_HOME",
                exception);
        }
    }

    private static bool IsOurs(string path)
    {
        var onlyOurs = true;
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            var name = Path.GetFileName(entry);
            if (name is "token" or "exai.db" or "daemon.lock")
            {
                return true;
            }

            onlyOurs &= name is ".env" or "providers.json" or "health.json" or "daemon.json" or "autostart.lock" or "logs" or "cache" or "lost+found";
        }

        return onlyOurs;
    }

    /// <summary>Rights alone do not tell: the volume may be read-only or full.</summary>
    private static void ProveWritable(string path)
    {
        var probe = Path.Combine(path, $".probe-{Environment.ProcessId}-{Guid.NewGuid():N}");
        using (new FileStream(probe, OwnerOnlyFile.Options(FileMode.CreateNew)))
        {
        }

        File.Delete(probe);
    }

    [SupportedOSPlatform("windows")]
    private static void RestrictToUser(string path)
    {
        using var user = WindowsIdentity.GetCurrent();
        if (user.User is not { } sid)
        {
            return;
        }

        var security = new DirectorySecurity();
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        security.AddAccessRule(new FileSystemAccessRule(
            sid, FileSystemRights.FullControl, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        new DirectoryInfo(path).SetAccessControl(security);
    }
}
