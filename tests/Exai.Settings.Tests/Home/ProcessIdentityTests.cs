using System.Diagnostics;
using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

/// <summary>Trap 152: a process id alone says nothing, because it is used again.</summary>
public sealed class ProcessIdentityTests
{
    [Fact]
    public void This_process_is_alive_under_its_own_identity()
    {
        ProcessIdentity.Current.IsAlive().ShouldBeTrue();
        ProcessIdentity.Current.Pid.ShouldBe(Environment.ProcessId);
        ProcessIdentity.Current.StartTicks.ShouldBeGreaterThan(0);
        ProcessIdentity.Current.ShouldBe(ProcessIdentity.Current);
    }

    [Fact]
    public void Reused_process_id_is_another_process() =>
        (ProcessIdentity.Current with { StartTicks = ProcessIdentity.Current.StartTicks - 1 }).IsAlive().ShouldBeFalse();

    [Fact]
    public void Process_that_ended_is_dead()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it reads the kernel's process table");
        using var process = Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "read line" }, UseShellExecute = false, RedirectStandardInput = true })!;
        var ticks = LinuxProcess.TryGetStartTicks(process.Id).ShouldNotBeNull();
        var identity = ProcessIdentity.Current with { Pid = process.Id, StartTicks = ticks };
        identity.IsAlive().ShouldBeTrue();
        process.Kill();
        process.WaitForExit();
        identity.IsAlive().ShouldBeFalse();
    }

    [Fact]
    public void Process_on_another_host_is_never_called_dead()
    {
        var elsewhere = new ProcessIdentity("other/boot/pid:[1]", 1, 1);
        elsewhere.SameHost(ProcessIdentity.Current).ShouldBeFalse();
        elsewhere.IsAlive().ShouldBeTrue();
        (elsewhere with { Pid = 7 }).SameHost(elsewhere).ShouldBeTrue();
    }

    [Fact]
    public void Identity_survives_being_written()
    {
        ProcessIdentity.TryParse(ProcessIdentity.Current.ToString(), out var identity).ShouldBeTrue();
        identity.ShouldBe(ProcessIdentity.Current);
        ProcessIdentity.Current.ToString().ShouldNotContain(" ");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host|1")]
    [InlineData("|1|2")]
    [InlineData("host|x|2")]
    [InlineData("host|1|-2")]
    [InlineData("host|1|2|3")]
    public void Anything_else_is_no_identity(string? text) => ProcessIdentity.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Host_tells_boots_and_containers_apart()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it reads the kernel's files");
        ProcessIdentity.Current.Host.ShouldBe($"{Environment.MachineName}/{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{LinuxProcess.PidNamespace()}");
        LinuxProcess.PidNamespace().ShouldStartWith("pid:[");
    }

    [Theory]
    [InlineData("42 (sh) S 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1", 98765L)]
    [InlineData("42 (a) b) S (c) R 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1", 98765L)]
    [InlineData("42 (sh) Z 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1", null)]
    [InlineData("42 (sh) X 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1", null)]
    [InlineData("42 (sh) S 1", null)]
    [InlineData("", null)]
    public void Start_time_is_found_behind_any_command_name_and_zombies_have_none(string stat, long? expected) =>
        LinuxProcess.ParseStartTicks(stat).ShouldBe(expected);
}
