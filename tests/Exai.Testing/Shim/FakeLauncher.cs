using Exai.Settings;
using Exai.Shim.Lifecycle;

namespace Exai.Testing.Shim;

/// <summary>Counts the starts of a daemon and lets a test say how each goes.</summary>
internal sealed class FakeLauncher : IDaemonLauncher
{
    /// <summary>What a start does; the process lives on unless told otherwise.</summary>
    public Action<FakeProcess> OnLaunch { get; set; } = _ => { };

    public List<FakeProcess> Launched { get; } = [];

    public IDaemonProcess Launch(ExaiSettings settings, params IEnumerable<string> options)
    {
        var process = new FakeProcess();
        Launched.Add(process);
        OnLaunch(process);
        return process;
    }
}

internal sealed class FakeProcess : IDaemonProcess
{
    public int? ExitCode { get; set; }

    public string Said { get; set; } = "";

    public string LastLines() => Said;

    public void Dispose()
    {
    }
}
