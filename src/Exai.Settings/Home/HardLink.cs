using System.Runtime.InteropServices;

namespace Exai.Settings.Home;

/// <summary>
/// A second name for a file. On Unix it is the one way to give a finished file a name that nobody else has taken meanwhile:
/// <see cref="File.Move(string, string)"/> looks first and renames then, and of two processes the later one wins.
/// </summary>
internal static class HardLink
{
    private const int NameTaken = 17;

    /// <returns>True when made, false when the name was taken, null when this file system has no such links or it failed otherwise.</returns>
    public static bool? TryCreate(string existing, string name)
    {
        if (Link(existing, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == NameTaken ? false : null;
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
