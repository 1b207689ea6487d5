using System.Diagnostics;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>
/// A home on a disk of its own of three megabytes, which a test can fill and write-protect. It lives in a mount namespace of the shim and
/// the daemons that it starts; where the kernel allows no such namespace, the test skips.
/// </summary>
internal sealed class SmallDisk
{
    private readonly ExaiHomeFixture _machine;

    private SmallDisk(ExaiHomeFixture machine, ShimProcess shim) => (_machine, Shim) = (machine, shim);

    /// <summary>Its client has said hello.</summary>
    public ShimProcess Shim { get; }

    /// <summary>The home as the test's own process sees it.</summary>
    public Settings.Home.ExaiHome Home => new($"/proc/{Shim.Pid}/root{_machine.Home.Path}");

    public static async Task<SmallDisk> MountAsync(ExaiHomeFixture machine, bool writable = true)
    {
        if (!File.Exists("/usr/bin/unshare") || await RunAsync("unshare", "-rm", "true") != 0)
        {
            Assert.Skip("This machine allows no mount namespace (unshare -rm).");
        }

        var options = writable ? "size=3m,mode=700" : "size=3m,mode=700,ro";
        var mount = $"mkdir -p \"$EXAI_HOME\" && mount -t tmpfs -o {options} exai \"$EXAI_HOME\" && exec \"$0\" shim";
        var disk = new SmallDisk(machine, machine.StartShim("unshare", ["-rm", "sh", "-c", mount, ExaiProgram.File]));
        await disk.Shim.InitializeAsync();
        return disk;
    }

    public void Fill()
    {
        using var file = File.Create(Path.Combine(Home.Path, "fill"), bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // No space is left on the device, which was the purpose.
        }
    }

    public void Empty() => File.Delete(Path.Combine(Home.Path, "fill"));

    public async Task SetWritableAsync(bool writable) =>
        (await RunAsync(
            "nsenter", "--preserve-credentials", "-U", "-m", "-t", $"{Shim.Pid}",
            "mount", "-o", writable ? "remount,rw" : "remount,ro", _machine.Home.Path)).ShouldBe(0);

    private static async Task<int> RunAsync(string file, params string[] arguments)
    {
        using var process = Process.Start(file, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }
}
