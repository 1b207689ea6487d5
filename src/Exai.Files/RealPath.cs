using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Exai.Files;

/// <summary>Where a path leads when every link on the way is followed.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>Of something that exists; null when it does not, or cannot be looked at.</summary>
    public static string? Of(string path)
    {
        try
        {
            var links = 0;
            return Resolve(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), ref links);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>
    /// Of a file that is open: what was opened, whatever the names on the way to it mean by now. Null where the system cannot tell; then
    /// nothing is read.
    /// </summary>
    /// <param name="opened">The path that <see cref="Open"/> was given.</param>
    public static string? Of(SafeFileHandle file, string opened)
    {
        try
        {
            return OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget
                : OperatingSystem.IsMacOS() ? opened
                : OperatingSystem.IsWindows() ? WindowsPath(file)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Opens for reading, without waiting: on Unix a name may be a pipe, and opening one blocks until somebody writes to it.
    /// </summary>
    /// <param name="realPath">Without links; macOS refuses it if one has come in between, elsewhere <see cref="Of(SafeFileHandle, string)"/> tells.</param>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static SafeFileHandle Open(string realPath)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(realPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }

        const int NotPermitted = 1, NotThere = 2, NoAccess = 13, NotADirectory = 20;
        // macOS: O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW_ANY; Linux: O_RDONLY | O_NONBLOCK | O_CLOEXEC.
        var flags = OperatingSystem.IsMacOS() ? 0x4 | 0x1000000 | 0x20000000 : 0x800 | 0x80000;
        var descriptor = OpenFile(realPath, flags);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        throw Marshal.GetLastPInvokeError() switch
        {
            NotThere or NotADirectory => new FileNotFoundException("There is no such file.", realPath),
            NotPermitted or NoAccess => new UnauthorizedAccessException("This user may not read it."),
            var error => new IOException(Marshal.GetPInvokeErrorMessage(error)),
        };
    }

    private static string? Resolve(string path, ref int links)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
        {
            return path;
        }

        if (Resolve(parent, ref links) is not { } realParent)
        {
            return null;
        }

        var here = Path.Combine(realParent, Path.GetFileName(path));
        FileSystemInfo entry = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        if (entry.LinkTarget is { } target)
        {
            return ++links > MostLinks ? null : Resolve(Path.GetFullPath(target, realParent), ref links);
        }

        return entry.Exists ? here : null;
    }

    private static unsafe string? WindowsPath(SafeFileHandle file)
    {
        const int LongestPath = 32_767;
        var buffer = new char[LongestPath];
        fixed (char* start = buffer)
        {
            var length = GetFinalPath(file.DangerousGetHandle(), start, LongestPath, 0);
            var path = length is > 0 and < LongestPath ? new string(buffer, 0, (int)length) : null;
            return path is null ? null
                : path.StartsWith(@"\\?\UNC\", StringComparison.Ordinal) ? @"\\" + path[8..]
                : path.StartsWith(@"\\?\", StringComparison.Ordinal) ? path[4..]
                : path;
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("kernel32.dll", EntryPoint = "GetFinalPathNameByHandleW", SetLastError = true, CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern unsafe uint GetFinalPath(nint file, char* path, uint length, uint flags);
}
