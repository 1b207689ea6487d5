using Exai.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Exai.Files;

/// <summary>
/// The one way to a file's bytes: links are resolved, the real path is checked, the file is opened, and what was opened is checked again, so that
/// nothing that changes in between leads elsewhere.
/// </summary>
/// <param name="home">EXAI's own folder: its token and its store are nobody's attachment.</param>
internal sealed class FileGate(Workspace workspace, string home)
{
    private readonly string _home = RealPath.Of(home) ?? home;

    public Workspace Workspace => workspace;

    /// <summary>The real path of what a caller named.</summary>
    /// <exception cref="FileRefusedException">It lies outside, holds secrets, or is not there.</exception>
    public string Resolve(string written)
    {
        var path = PathRules.Absolute(written, workspace.Roots)
            ?? throw (workspace.Roots.Count == 0 ? Outside(written) : new FileRefusedException(ErrorCodes.FileNotFound, "That is no path."));
        var real = RealPath.Of(path);
        if (real is null && !workspace.Contains(RealFolder(path)))
        {
            // Whether there is such a file outside is not told either.
            throw Outside(path);
        }

        Check(path, real ?? path);
        return real ?? throw new FileRefusedException(ErrorCodes.FileNotFound, "There is no such file.");
    }

    /// <param name="realPath">As <see cref="Resolve"/> gave it.</param>
    /// <exception cref="FileRefusedException">It may not or cannot be read.</exception>
    public SafeFileHandle Open(string realPath)
    {
        SafeFileHandle? file = null;
        try
        {
            file = RealPath.Open(realPath);
            if (RealPath.Of(file, realPath) is not { } opened)
            {
                throw new FileRefusedException(ErrorCodes.FileDenied, "The system does not tell what was opened.");
            }

            Check(realPath, opened);
            return file;
        }
        catch (FileNotFoundException)
        {
            throw new FileRefusedException(ErrorCodes.FileNotFound, "There is no such file.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new FileRefusedException(ErrorCodes.FileNotFound, $"It cannot be read: {failure.Message}");
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Why a file may not be read; null when it may. For files that nobody named, but a folder holds.</summary>
    public string? Refusal(string realPath) => Secrets.ByName(realPath) ?? (PathRules.IsWithin(realPath, _home) ? "it belongs to EXAI itself" : null);

    private void Check(string asked, string real)
    {
        if (!workspace.Contains(real))
        {
            throw Outside(asked);
        }

        if ((Refusal(asked) ?? Refusal(real)) is { } reason)
        {
            throw new FileRefusedException(ErrorCodes.FileDenied, $"{asked} is not sent to a model: {reason}. Leave it out, or give the part that matters as text.");
        }
    }

    private FileRefusedException Outside(string path) => new(
        ErrorCodes.FileDenied,
        workspace.Roots.Count == 0
            ? $"{path} was not read: {workspace.Why}"
            : $"{path} was not read: it lies outside of {string.Join(", ", workspace.Roots)} ({workspace.Why}). Set EXAI_ALLOWED_ROOTS to allow further folders.");

    /// <summary>The deepest folder on the way that exists, links resolved, with what follows it.</summary>
    private static string RealFolder(string path)
    {
        var missing = new Stack<string>();
        var folder = path;
        while (Path.GetDirectoryName(folder) is { } parent)
        {
            missing.Push(Path.GetFileName(folder));
            folder = parent;
            if (RealPath.Of(folder) is { } real)
            {
                return missing.Aggregate(real, Path.Combine);
            }
        }

        return path;
    }
}

/// <summary>A path that is not read. The message is for the caller: which path, why, what to do.</summary>
internal sealed class FileRefusedException(string code, string message) : Exception(message)
{
    public string Code => code;
}
