using System.IO.Compression;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Packaging.Tests.Packages;

/// <summary>The bundle that clients install with one click.</summary>
public sealed class BundleTests
{
    private static readonly string Checker = RepositoryFiles.Find("tests/Exai.Packaging.Tests/mcpb");

    [Fact]
    public async Task A_client_that_unpacks_it_can_start_the_server_as_the_manifest_says()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var folder = machine.Folder("bundle");
        await ZipFile.ExtractToDirectoryAsync(Artifacts.Bundle, folder, TestContext.Current.CancellationToken);
        var server = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "manifest.json"), TestContext.Current.CancellationToken))!["server"]!;
        string Resolve(JsonNode? text) => ((string)text!).Replace("${__dirname}", folder, StringComparison.Ordinal);

        var shim = machine.StartShim(
            Resolve(server["mcp_config"]!["command"]), [.. server["mcp_config"]!["args"]!.AsArray().Select(Resolve)], ("DOTNET_ROOT", null));
        await shim.InitializeAsync();
        var reply = await shim.ChatAsync("What is marker-bundle?");

        Path.Combine(folder, (string)server["entry_point"]!).ShouldBe(Resolve(server["mcp_config"]!["command"]));
        reply.IsError.ShouldBeFalse(reply.ToString());
        reply.Text.ShouldContain("marker-bundle");
    }

    [Fact]
    public void Each_bundle_has_its_manifest_at_the_top_and_the_program_that_it_names()
    {
        var bundles = Artifacts.All.Where(file => file.EndsWith(".mcpb", StringComparison.Ordinal)).ToList();

        bundles.ShouldNotBeEmpty();
        foreach (var bundle in bundles)
        {
            var files = Artifacts.Entries(bundle).ToDictionary(entry => entry.Name, entry => entry.Content);
            var manifest = JsonNode.Parse(files["manifest.json"])!;
            ((string?)manifest["version"]).ShouldBe(Artifacts.Version);
            files[(string)manifest["server"]!["entry_point"]!].Length.ShouldBeGreaterThan(1_000_000);
            manifest["compatibility"]!["platforms"]!.AsArray().Single()!.GetValue<string>()
                .ShouldBe(bundle.Contains("-win-", StringComparison.Ordinal) ? "win32" : bundle.Contains("-osx-", StringComparison.Ordinal) ? "darwin" : "linux");
        }
    }

    [Fact]
    public async Task The_formats_own_tool_accepts_the_manifest()
    {
        var tool = Path.Combine(Checker, "node_modules", "@anthropic-ai", "mcpb", "dist", "cli", "cli.js");
        Assert.SkipUnless(File.Exists(tool), "The npm package @anthropic-ai/mcpb is not installed; with Node.js 20: npm ci --prefix tests/Exai.Packaging.Tests/mcpb");
        var bundle = Artifacts.Bundle;
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var folder = machine.Folder("bundle");
        await ZipFile.ExtractToDirectoryAsync(bundle, folder, TestContext.Current.CancellationToken);

        var checkedManifest = await machine.RunAsync("node", [tool, "validate", Path.Combine(folder, "manifest.json")]);

        checkedManifest.ExitCode.ShouldBe(0, checkedManifest.ToString());
    }
}
