using Exai.Cli.Clients;
using Exai.Testing;

namespace Exai.Cli.Tests.Clients;

/// <summary>Every client on every system, in a home of its own.</summary>
public sealed class ClientConfigurationTests : IDisposable
{
    private static readonly ProgramCommand Program = new("/opt/exai/exai", ["shim"]);
    private readonly string _home = Directory.CreateTempSubdirectory("exai-clients-").FullName;

    public static TheoryData<string, string> Clients
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var client in ClientCatalogue.All)
            {
                foreach (var system in Enum.GetNames<ClientSystem>())
                {
                    data.Add(client.Id, system);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void Entry_is_written_found_unchanged_the_second_time_and_taken_out(string id, string system)
    {
        var configuration = Configuration(id, Enum.Parse<ClientSystem>(system));
        configuration.File.ShouldStartWith(_home);
        configuration.Program().ShouldBeNull();

        configuration.Write(configuration.With(configuration.Read(), Program)).ShouldBeNull();

        configuration.Program().ShouldBe(Program.File);
        configuration.With(configuration.Read(), Program).ShouldBe(configuration.Read());
        var backup = configuration.Write(configuration.Without(configuration.Read())).ShouldNotBeNull();
        File.ReadAllText(backup).ShouldContain(Program.File);
        configuration.Program().ShouldBeNull();
    }

    [Theory]
    [InlineData("claude-desktop", ClientSystem.MacOs, "Library/Application Support/Claude/claude_desktop_config.json")]
    [InlineData("claude-desktop", ClientSystem.Windows, "AppData/Roaming/Claude/claude_desktop_config.json")]
    [InlineData("vscode", ClientSystem.Linux, ".config/Code/User/mcp.json")]
    [InlineData("vscode", ClientSystem.MacOs, "Library/Application Support/Code/User/mcp.json")]
    [InlineData("cursor", ClientSystem.Windows, ".cursor/mcp.json")]
    [InlineData("codex", ClientSystem.Linux, ".codex/config.toml")]
    [InlineData("gemini", ClientSystem.Linux, ".gemini/settings.json")]
    [InlineData("opencode", ClientSystem.MacOs, ".config/opencode/opencode.json")]
    [InlineData("zed", ClientSystem.MacOs, ".config/zed/settings.json")]
    [InlineData("windsurf", ClientSystem.Linux, ".codeium/windsurf/mcp_config.json")]
    [InlineData("claude-code", ClientSystem.Linux, ".claude.json")]
    [InlineData("augment", ClientSystem.Linux, ".augment/settings.json")]
    internal void Place_is_the_clients_own(string id, ClientSystem system, string place) =>
        Path.GetRelativePath(_home, Configuration(id, system).File).Replace('\\', '/').ShouldBe(place);

    [Fact]
    public void File_that_is_no_JSON_is_left_alone()
    {
        var configuration = Configuration("cursor", ClientSystem.Linux);
        Directory.CreateDirectory(Path.GetDirectoryName(configuration.File)!);
        File.WriteAllText(configuration.File, "{ broken");

        Should.Throw<ClientConfigurationException>(() => configuration.With(configuration.Read(), Program)).Message.ShouldContain("left alone");

        File.ReadAllText(configuration.File).ShouldBe("{ broken");
    }

    [Fact]
    public void Link_stays_a_link_and_the_mode_stays()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights there.");
        var configuration = Configuration("gemini", ClientSystem.Linux);
        Directory.CreateDirectory(Path.GetDirectoryName(configuration.File)!);
        var target = Path.Combine(_home, "dotfiles.json");
        File.WriteAllText(target, "{}");
#pragma warning disable CA1416 // Skipped on Windows.
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(configuration.File, target);

        configuration.Write(configuration.With(configuration.Read(), Program));

        new FileInfo(configuration.File).LinkTarget.ShouldBe(target);
        File.GetUnixFileMode(target).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
#pragma warning restore CA1416
        File.ReadAllText(target).ShouldContain(Program.File);
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private ClientConfiguration Configuration(string id, ClientSystem system) =>
        new(ClientCatalogue.Find(id)!, new ClientPlatform(system, _home, _ => null), new VirtualTime());
}
