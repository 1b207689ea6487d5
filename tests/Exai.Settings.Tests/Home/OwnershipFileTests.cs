using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class OwnershipFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Ownership_comes_back_as_it_was_written()
    {
        OwnershipFile.Write(_temp.Home, new DaemonOwnership { ManagedBy = "systemd", StoppedOnPurpose = true });
        File.ReadAllText(_temp.Home.OwnershipFile).ShouldContain("\"managedBy\"");
        var ownership = OwnershipFile.Read(_temp.Home);
        (ownership.ManagedBy, ownership.StoppedOnPurpose, ownership.ShimMayStart).ShouldBe(("systemd", true, false));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{\"managedBy\":")]
    [InlineData("{}")]
    public void Missing_or_broken_file_is_nobodys_daemon(string? content)
    {
        if (content is not null)
        {
            File.WriteAllText(_temp.Home.OwnershipFile, content);
        }

        OwnershipFile.Read(_temp.Home).ShouldBe(new DaemonOwnership());
        OwnershipFile.Read(_temp.Home).ShimMayStart.ShouldBeTrue();
    }
}
