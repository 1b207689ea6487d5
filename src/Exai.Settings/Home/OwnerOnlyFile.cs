using System.Text;

namespace Exai.Settings.Home;

/// <summary>Files that only their owner may read (0600), replaced whole: a reader sees the old content or the new, never a part.</summary>
public static class OwnerOnlyFile
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces the file's content, by a temporary file beside it and a rename.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="text">Written as UTF-8 without a byte order mark.</param>
    /// <param name="durable">Wait until it is on the disk, for what a power failure must not lose.</param>
    /// <exception cref="IOException">It cannot be written; the old content stands.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static void WriteAllText(string path, string text, bool durable = false)
    {
        var temporary = WriteTemporary(path, text, durable);
        MoveOrDelete(temporary, path, overwrite: true);
    }

    /// <summary>Creates the file with this content, if there is none. Of several processes that try at once, one succeeds.</summary>
    /// <returns>False when the file was there already.</returns>
    internal static bool TryCreate(string path, string text)
    {
        // Unlike an exclusive open followed by a write, a name given to a finished file never shows an empty one to whoever comes second.
        var temporary = WriteTemporary(path, text, durable: true);
        if (!OperatingSystem.IsWindows() && HardLink.TryCreate(temporary, path) is { } isFirst)
        {
            File.Delete(temporary);
            return isFirst;
        }

        try
        {
            MoveOrDelete(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    internal static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Mode;
        }

        return options;
    }

    private static string WriteTemporary(string path, string text, bool durable)
    {
        var temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            using var stream = new FileStream(temporary, Options(FileMode.CreateNew));
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: durable);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return temporary;
    }

    private static void MoveOrDelete(string temporary, string path, bool overwrite)
    {
        try
        {
            File.Move(temporary, path, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
