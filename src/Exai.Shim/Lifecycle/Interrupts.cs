using System.Runtime.InteropServices;

namespace Exai.Shim.Lifecycle;

/// <summary>SIGINT, which a client's Esc may send to the whole process group. For Unix.</summary>
internal static partial class Interrupts
{
    private const int Interrupt = 2;
    private const nint Ignored = 1;

    /// <summary>From here on they do nothing to this process, before the runtime listens for signals too.</summary>
    public static void Ignore() => _ = Signal(Interrupt, Ignored);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int signal, nint handler);
}
