namespace Exai.Settings.Home;

/// <summary>A lock between processes, held by an open file. The kernel releases it when the holder dies, however it dies.</summary>
public static class ExclusiveLock
{
    private const int WindowsSharingViolation = unchecked((int)0x80070020);
    private const int WindowsLockViolation = unchecked((int)0x80070021);
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    /// <summary>Takes the lock if it is free. Dispose releases it; the file stays, because deleting it would let two processes hold "the" lock.</summary>
    /// <returns>Null when another holder, in this process or another, has it.</returns>
    /// <exception cref="HomeException">The lock file cannot be opened at all.</exception>
    public static IDisposable? TryAcquire(string path)
    {
        try
        {
            return new FileStream(path, OwnerOnlyFile.Options(FileMode.OpenOrCreate));
        }
        catch (IOException exception) when (exception.HResult is WindowsSharingViolation or WindowsLockViolation or LinuxWouldBlock or MacWouldBlock)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HomeException(path, $"the lock file cannot be opened ({exception.Message.TrimEnd('.')})", "Let this user write the file and its folder", exception);
        }
    }
}
