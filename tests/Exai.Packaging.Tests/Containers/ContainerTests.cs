using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Packaging.Tests.Packages;
using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.Packaging.Tests.Containers;

/// <summary>
/// The published program under what the container files ask for: a user without rights or capabilities, a root file system that nobody can
/// write, no .NET and no SQLite of the system, and only the volume and <c>/tmp</c> to write to. Made with the kernel's own means, since not every machine
/// that runs tests has Docker.
/// </summary>
public sealed class ContainerTests
{
    private const string Token = "token-of-the-container-test";

    // 1654 is APP_UID of .NET's images. The program and the volume are bound to where the image has them.
    private const string Enter = """
        set -e
        mount -t tmpfs none /usr/local/lib && mkdir /usr/local/lib/exai && mount --bind "$1" /usr/local/lib/exai
        mount -t tmpfs none /var/lib && mkdir /var/lib/exai && mount --bind "$2" /var/lib/exai
        for library in /usr/lib/*/libsqlite3.so.0; do mount --bind /dev/null "$library"; done
        mount -t tmpfs none /tmp
        mount -o remount,bind,ro /
        cd /
        if touch /usr/exai-can-write 2>/dev/null; then exit 99; fi
        exec setpriv --reuid 1654 --regid 1654 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs /usr/local/lib/exai/exai daemon
        """;

    /// <summary>Trap 160.</summary>
    [Fact]
    public async Task The_daemon_serves_a_shim_on_the_host_over_the_port_alone_and_ends_well()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/unshare") && File.Exists("/usr/bin/setpriv"), "This needs root, unshare and setpriv.");
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var program = Path.GetDirectoryName(Artifacts.UnpackArchive(machine.Folder("program")))!;
        var volume = new ExaiHome(Directory.CreateDirectory(machine.Folder("volume")).FullName);
        (await machine.RunAsync("/usr/bin/env", ["chown", "1654:1654", volume.Path])).ExitCode.ShouldBe(0);
        var image = Dockerfile.Read().Environment.Select(variable => (variable.Key, (string?)variable.Value))
            .Append(("EXAI_WS_TOKEN", Token)).Append(("DOTNET_ROOT", null)).Append(("HOME", "/home/app")).ToArray();

        await using var daemon = new BackgroundProcess(ExaiProgram.Start(
            With(machine, image), "/", "unshare", "--mount", "--propagation", "private", "sh", "-c", Enter, "sh", program, volume.Path));
        await Patience.ForAsync("the daemon is ready", () => daemon.HasExited || HealthFile.TryRead(volume)?.Status == DaemonStatus.Ready);
        daemon.HasExited.ShouldBeFalse(daemon.HasExited ? (await daemon.EndedAsync()).ToString() : "");
        var port = HealthFile.TryRead(volume)!.Port;

        // The image's health check, in the daemon's place.
        await using var check = new BackgroundProcess(ExaiProgram.Start(
            With(machine, image), "/", "nsenter", "--mount", "--target", $"{daemon.Pid}",
            "setpriv", "--reuid", "1654", "--regid", "1654", "--clear-groups", "/usr/local/lib/exai/exai", "health"));
        var ready = await check.EndedAsync();
        ready.ExitCode.ShouldBe(0, ready.ToString());

        // The host has a home of its own: no file is shared.
        var answer = await machine.RunAsync(
            ["ask", "What is marker-container?", "--json"], ("EXAI_WS_PORT", $"{port}"), ("EXAI_WS_TOKEN", Token), ("EXAI_WS_AUTOSTART", "false"), ("GLM_API_KEY", null));
        answer.ExitCode.ShouldBe(0, answer.ToString());
        ((string?)JsonNode.Parse(answer.Output)!["text"])!.ShouldContain("marker-container");
        File.Exists(machine.Home.HealthFile).ShouldBeFalse();

        LinuxProcesses.Send(daemon.Pid, Signal.Terminate);
        var ended = await daemon.EndedAsync();
        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Errors.ShouldContain("(bundled)", customMessage: "the SQLite library beside the program");
        File.GetUnixFileMode(volume.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static Dictionary<string, string> With(ExaiHomeFixture machine, (string Name, string? Value)[] changes)
    {
        var environment = new Dictionary<string, string>(machine.Environment, StringComparer.Ordinal);
        foreach (var (name, value) in changes)
        {
            environment.Remove(name);
            if (value is not null)
            {
                environment[name] = value;
            }
        }

        return environment;
    }
}
