using System.Text.Json.Nodes;
using Exai.Witness.Tests.Harness;

namespace Exai.Witness.Tests;

public sealed class LockFileTests
{
    [Theory]
    [InlineData("node")]
    [InlineData("conformance")]
    public void Packages_are_pinned_by_version_and_digest_and_come_from_whatever_registry_the_machine_has(string name)
    {
        var folder = Path.Combine(Path.GetDirectoryName(NodeScript.Folder)!, name);
        var lockFile = File.ReadAllText(Path.Combine(folder, "package-lock.json"));
        var packages = JsonNode.Parse(lockFile)!["packages"]!.AsObject().Where(package => package.Key.Length > 0).ToList();

        packages.ShouldNotBeEmpty();
        packages.ShouldAllBe(package => package.Value!["version"] != null && package.Value["integrity"] != null && package.Value["resolved"] == null);
        lockFile.ShouldNotContain("://");
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "package.json")))!["dependencies"]!.AsObject()
            .ShouldAllBe(wanted => char.IsAsciiDigit(((string)wanted.Value!)[0]));
    }
}
