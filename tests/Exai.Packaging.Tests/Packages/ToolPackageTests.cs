using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Packaging.Tests.Packages;

/// <summary>The NuGet package, as a user and as a client that installs MCP servers from NuGet meet it.</summary>
public sealed partial class ToolPackageTests
{
    [Fact]
    public async Task The_tool_installs_from_a_folder_into_an_empty_home_and_its_shim_answers_a_call()
    {
        var package = Artifacts.NuGetPackage;
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var tools = machine.Folder("tools");
        var sources = machine.Folder("nuget.config");
        await File.WriteAllTextAsync(
            sources, $"""<configuration><packageSources><clear /><add key="here" value="{Path.GetDirectoryName(package)}" /></packageSources></configuration>""",
            TestContext.Current.CancellationToken);

        var installed = await machine.RunAsync("dotnet", ["tool", "install", "Exai", "--version", Artifacts.Version, "--tool-path", tools, "--configfile", sources]);

        installed.ExitCode.ShouldBe(0, installed.ToString());
        var exai = Path.Combine(tools, "exai");
        (await machine.RunAsync(exai, ["--version"])).Output.ShouldStartWith(Artifacts.Version);

        // The daemon that the shim starts is the tool's, too.
        var shim = machine.StartShim(exai, ["shim"]);
        var hello = await shim.InitializeAsync();
        ((string?)hello.Message["result"]!["serverInfo"]!["version"]).ShouldBe(Artifacts.Version);
        var reply = await shim.ChatAsync("What is marker-tool?");
        reply.IsError.ShouldBeFalse(reply.ToString());
        reply.Text.ShouldContain("marker-tool");
    }

    [Fact]
    public void The_package_says_that_it_is_a_tool_and_an_MCP_server_and_how_it_is_started()
    {
        var files = Artifacts.Entries(Artifacts.NuGetPackage).ToDictionary(entry => entry.Name, entry => entry.Content);
        var specification = XDocument.Load(new MemoryStream(files["Exai.nuspec"])).Root!;
        var ns = specification.Name.Namespace;

        specification.Descendants(ns + "packageType").Select(type => (string?)type.Attribute("name")).ShouldBe(["DotnetTool", "McpServer"], ignoreOrder: true);
        ((string?)specification.Descendants(ns + "readme").Single()).ShouldBe("README.md");
        files.Keys.ShouldContain("README.md");

        var manifest = JsonNode.Parse(files[".mcp/server.json"])!.AsObject();
        var offered = manifest["packages"]!.AsArray().Single()!.AsObject();
        ((string?)offered["identifier"]).ShouldBe((string?)specification.Descendants(ns + "id").Single());
        ((string?)offered["version"]).ShouldBe((string?)specification.Descendants(ns + "version").Single());
        ((string?)manifest["version"]).ShouldBe(Artifacts.Version);
        offered["packageArguments"]!.AsArray().Select(argument => ((string?)argument!["type"], (string?)argument["value"])).ShouldBe([("positional", "shim")]);
    }

    /// <summary>The rules of the registry's schema (server.schema.json) for the members that are used here.</summary>
    [Fact]
    public void The_manifest_keeps_to_the_registrys_schema()
    {
        var manifest = JsonNode.Parse(RepositoryFiles.Read("src/Exai/.mcp/server.json"))!.AsObject();
        var package = manifest["packages"]!.AsArray().Single()!.AsObject();

        ((string?)manifest["$schema"])!.ShouldMatch("^https://static\\.modelcontextprotocol\\.io/schemas/[0-9-]+/server\\.schema\\.json$");
        manifest.Select(member => member.Key).Except(["$schema", "name", "title", "description", "version", "packages"]).ShouldBeEmpty();
        ServerName().IsMatch((string?)manifest["name"] ?? "").ShouldBeTrue();
        ((string?)manifest["description"])!.Length.ShouldBeInRange(1, 100);
        ((string?)manifest["version"]).ShouldBe(Artifacts.Version);
        ((string?)package["version"]).ShouldBe(Artifacts.Version);
        package.Select(member => member.Key)
            .Except(["registryType", "identifier", "version", "runtimeHint", "transport", "packageArguments", "environmentVariables"]).ShouldBeEmpty();
        ((string?)package["registryType"]).ShouldBe("nuget");
        ((string?)package["transport"]!["type"]).ShouldBe("stdio");
    }

    [GeneratedRegex("^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$")]
    private static partial Regex ServerName();
}
