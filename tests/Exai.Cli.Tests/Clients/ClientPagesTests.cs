using System.Text.RegularExpressions;
using Exai.Cli.Clients;
using Exai.Testing;

namespace Exai.Cli.Tests.Clients;

/// <summary>What a client's page shows is what <c>exai install</c> writes.</summary>
public sealed partial class ClientPagesTests
{
    public static TheoryData<string> Clients => [.. ClientCatalogue.All.Select(client => client.Id)];

    [Theory]
    [MemberData(nameof(Clients))]
    public void Page_shows_the_entry_and_the_list_names_it(string id)
    {
        var folder = Path.Combine(Root(), "docs", "clients");
        var page = File.ReadAllText(Path.Combine(folder, id + ".md"));
        var client = ClientCatalogue.Find(id)!;
        var configuration = new ClientConfiguration(client, new ClientPlatform(ClientSystem.Linux, "/nowhere", _ => null), new VirtualTime());

        var written = configuration.With("", new ProgramCommand("/path/to/exai", ["shim"]));

        Plain(Block().Match(page).Groups["text"].Value).ShouldBe(Plain(written));
        File.ReadAllText(Path.Combine(folder, "README.md")).ShouldContain($"({id}.md)");
    }

    private static string Plain(string text) => string.Concat(text.Where(character => !char.IsWhiteSpace(character)));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("```(json|jsonc|toml)\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();
}
