using Exai.Testing.Files;

namespace Exai.Files.Tests;

public sealed class FolderTests : IDisposable
{
    private readonly TempProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task Folder_is_expanded_without_what_its_project_ignores()
    {
        _project.Write(".gitignore", "# built\n*.log\n!keep.log\n/out/\nbuild/\ndocs/**/draft?.md\n\\#odd\ndata[0-9].txt\n");
        _project.Write("lib/.gitignore", "*.tmp\n!x.log\n");
        foreach (var path in (string[])
            ["a.cs", "x.log", "keep.log", "out/o.cs", "lib/out/o.cs", "lib/build/b.cs", "build", "docs/a/b/draft1.md", "docs/final.md", "#odd", "data1.txt", "dataX.txt",
            "lib/y.tmp", "lib/x.log", "node_modules/m/index.js", "lib/__pycache__/c.py"])
        {
            _project.Write(path, path);
        }

        var collected = await _project.CollectAsync(".");

        collected.Files.Select(file => file.Path).Order(StringComparer.Ordinal).ShouldBe(
            new[] { ".gitignore", "a.cs", "build", "dataX.txt", "docs/final.md", "keep.log", "lib/.gitignore", "lib/out/o.cs", "lib/x.log" }.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Rules_above_the_named_folder_hold_too_and_a_named_file_is_not_asked_about()
    {
        _project.Write(".gitignore", "*.gen.cs\n");
        _project.Write("src/a.cs", "a");
        _project.Write("src/b.gen.cs", "b");

        (await _project.CollectAsync("src")).Files.Select(file => file.Path).ShouldBe(["src/a.cs"]);
        (await _project.CollectAsync("src/b.gen.cs")).Files.Select(file => file.Path).ShouldBe(["src/b.gen.cs"]);
    }

    [Fact]
    public async Task Secrets_links_and_binaries_in_a_folder_are_listed_and_do_not_refuse_the_call()
    {
        _project.Write("src/a.cs", "a");
        _project.Write("src/.env", "KEY=1");
        _project.Write("src/key.txt", "-----BEGIN PRIVATE KEY-----\n");
        _project.Write("src/b.bin", [0, 1]);
        File.CreateSymbolicLink(Path.Combine(_project.Root, "src/link.cs"), Path.Combine(_project.Root, "src/a.cs"));
        Directory.CreateSymbolicLink(Path.Combine(_project.Root, "src/up"), _project.Root);

        var collected = await _project.CollectAsync("src");

        collected.Files.Select(file => (file.Path, file.Error?.Split(':')[0])).ShouldBe(
        [
            ("src/.env", "FILE_DENIED"), ("src/a.cs", null), ("src/b.bin", "INVALID_ARGUMENT"), ("src/key.txt", "FILE_DENIED"),
            ("src/link.cs", "FILE_DENIED"), ("src/up", "FILE_DENIED"),
        ]);
    }

    [Fact]
    public async Task Large_folder_is_cut_at_the_most_files_and_says_so()
    {
        for (var number = 0; number < FileCollector.MostFiles + 50; number++)
        {
            _project.Write($"many/{number:000}.txt", $"{number}");
        }

        var collected = await _project.CollectAsync("many");

        collected.Blobs.Count.ShouldBe(FileCollector.MostFiles);
        collected.Files.Count(file => file.Error is not null).ShouldBe(21);
        collected.Files[^1].ShouldSatisfyAllConditions(
            last => last.Path.ShouldBe("many"),
            last => last.Error.ShouldBe("FILE_TOO_LARGE: 30 further files of this folder were left out."));
    }
}
