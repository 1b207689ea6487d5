using System.Diagnostics;
using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class ExclusiveLockTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Lock_has_one_holder_until_it_is_released()
    {
        using (ExclusiveLock.TryAcquire(_temp.Home.ServeLock).ShouldNotBeNull())
        {
            ExclusiveLock.TryAcquire(_temp.Home.ServeLock).ShouldBeNull();
            ExclusiveLock.TryAcquire(_temp.Home.AutostartLock).ShouldNotBeNull().Dispose();
        }

        ExclusiveLock.TryAcquire(_temp.Home.ServeLock).ShouldNotBeNull().Dispose();
        File.Exists(_temp.Home.ServeLock).ShouldBeTrue();
    }

    /// <summary>Trap 152: what a dead process left must not keep the next from starting.</summary>
    [Fact]
    public void Lock_of_a_killed_process_is_free()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "it needs another process that can lock");
        using var holder = Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", "exec 9>>\"$1\"; flock -n 9 && echo held; read line", "sh", _temp.Home.ServeLock },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        holder.StandardOutput.ReadLine().ShouldBe("held");
        ExclusiveLock.TryAcquire(_temp.Home.ServeLock).ShouldBeNull();
        holder.Kill();
        holder.WaitForExit();
        ExclusiveLock.TryAcquire(_temp.Home.ServeLock).ShouldNotBeNull().Dispose();
    }

    [Fact]
    public void Lock_file_that_cannot_be_opened_is_a_home_problem_and_not_a_holder()
    {
        Should.Throw<HomeException>(() => ExclusiveLock.TryAcquire(_temp.Beside("missing/daemon.lock")));
        Should.Throw<HomeException>(() => ExclusiveLock.TryAcquire(_temp.Home.Path));
    }
}
