using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class OwnerOnlyFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void File_is_replaced_whole_for_its_owner_alone(bool durable)
    {
        var path = _temp.Beside("file");
        File.WriteAllText(path, "a longer content than the next");
        OwnerOnlyFile.WriteAllText(path, "short é", durable);
        File.ReadAllBytes(path).ShouldBe("short é"u8.ToArray());
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public void Failed_write_leaves_no_temporary_file()
    {
        var folder = _temp.Beside("folder");
        Directory.CreateDirectory(Path.Combine(folder, "target", "full"));
        Should.Throw<Exception>(() => OwnerOnlyFile.WriteAllText(Path.Combine(folder, "target"), "text"));
        Directory.EnumerateFiles(folder).ShouldBeEmpty();
    }

    [Fact]
    public void Write_into_a_missing_folder_says_so() =>
        Should.Throw<DirectoryNotFoundException>(() => OwnerOnlyFile.WriteAllText(_temp.Beside("missing/file"), "text"));
}
