using Exai.EndToEnd.Tests.Harness;

namespace Exai.Packaging.Tests.Packages;

/// <summary>The program with .NET inside.</summary>
public sealed class ArchiveTests
{
    private static readonly (string Name, string? Value)[] WithoutDotnet = [("DOTNET_ROOT", null), ("PATH", "/nonexistent")];

    [Fact]
    public async Task The_archive_needs_no_dotnet_and_finds_its_database_its_prompts_and_its_page()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var exai = Artifacts.UnpackArchive(machine.Folder("program"));

        var version = await machine.RunAsync(exai, ["--version"], WithoutDotnet);
        var answer = await machine.RunAsync(exai, ["ask", "What is marker-archive?"], WithoutDotnet);
        var doctor = await machine.RunAsync(exai, ["doctor", "--json"], WithoutDotnet);

        version.Output.ShouldStartWith(Artifacts.Version);
        answer.ExitCode.ShouldBe(0, answer.ToString());
        answer.Output.ShouldContain("marker-archive");
        doctor.ExitCode.ShouldBe(0, doctor.ToString());
        var page = await new HttpClient().GetAsync(
            await SignInAsync(machine, exai), TestContext.Current.CancellationToken);
        page.IsSuccessStatusCode.ShouldBeTrue();
        (await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("<title>");
    }

    [Fact]
    public void It_holds_the_program_one_library_and_what_a_person_reads()
    {
        var names = Artifacts.Entries(Artifacts.Archive).Select(entry => entry.Name[(entry.Name.IndexOf('/') + 1)..]);

        names.ShouldBe(["exai", "libe_sqlite3.so", "LICENSE", "README.md", ".env.example"], ignoreOrder: true);
    }

    private static async Task<string> SignInAsync(ExaiHomeFixture machine, string exai)
    {
        var link = await machine.RunAsync(exai, ["dashboard", "--print"], WithoutDotnet);
        link.ExitCode.ShouldBe(0, link.ToString());
        return link.Output.Trim().Split('\n', ' ').Last(word => word.StartsWith("http", StringComparison.Ordinal));
    }
}
