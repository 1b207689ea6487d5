using Exai.Testing.Files;

namespace Exai.Files.Tests;

public sealed class WorkspaceTests : IDisposable
{
    private readonly TempProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Roots_of_the_client_are_its_workspace()
    {
        Workspace.Of([_project.Root], _project.Outside, []).Roots.ShouldBe([_project.Root]);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/etc")]
    [InlineData("/usr/lib")]
    [InlineData("/home")]
    [InlineData("/tmp")]
    public void Disk_and_system_folders_are_no_workspace(string root)
    {
        Workspace.Of([root], root, []).Roots.ShouldBeEmpty();
    }

    [Fact]
    public void Home_is_no_workspace_and_a_project_in_it_is()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

        Workspace.Of([home], home, []).Roots.ShouldBeEmpty();
        WideFolders.Contains(Path.Combine(home, "project")).ShouldBeFalse();
    }

    [Fact]
    public void Working_directory_counts_only_inside_a_project()
    {
        var deep = Directory.CreateDirectory(Path.Combine(_project.Root, "src", "deep")).FullName;

        Workspace.Of(null, deep, []).Roots.ShouldBeEmpty();

        _project.Write("src/app.csproj");
        Workspace.Of(null, deep, []).Roots.ShouldBe([Path.Combine(_project.Root, "src")]);

        _project.Write(".git/HEAD");
        Workspace.Of(null, deep, []).Roots.ShouldBe([_project.Root]);
    }

    [Fact]
    public void Allowed_roots_are_added_with_their_links_resolved()
    {
        var link = Path.Combine(_project.Root, "link");
        Directory.CreateSymbolicLink(link, _project.Outside);

        Workspace.Of(null, "/", [link]).Roots.ShouldBe([RealPath.Of(_project.Outside)!]);
    }

    [Fact]
    public void Without_a_workspace_a_path_is_refused_with_the_mend()
    {
        var gate = new FileGate(Workspace.Of(null, "/", []), _project.Home);

        Should.Throw<FileRefusedException>(() => gate.Resolve(_project.Write("a.cs"))).Message.ShouldContain("EXAI_ALLOWED_ROOTS");
        Should.Throw<FileRefusedException>(() => gate.Resolve("a.cs")).Message.ShouldContain("EXAI_ALLOWED_ROOTS");
    }
}
