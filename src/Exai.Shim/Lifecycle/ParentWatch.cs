using System.Runtime.InteropServices;

namespace Exai.Shim.Lifecycle;

/// <summary>Notices that the process that started the shim is gone although stdin is still open: a killed client leaves no orphan.</summary>
internal static partial class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int Parent();

    /// <param name="first">The parent at the start; null for the present one.</param>
    public static async Task RunAsync(int? first, CancellationTokenSource leave, TimeProvider time)
    {
        // Windows closes the pipe of stdin when the client ends, so nothing more is needed there.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var parent = first ?? Parent();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(leave.Token))
            {
                // An orphan gets another parent at once.
                if (Parent() != parent)
                {
                    leave.Cancel();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The shim leaves for another reason.
        }
    }
}
