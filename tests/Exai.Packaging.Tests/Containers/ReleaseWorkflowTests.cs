using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Exai.Packaging.Tests.Containers;

/// <summary>The release runs scripts that exist, in an order that makes sense, with no more rights than it needs.</summary>
public sealed partial class ReleaseWorkflowTests
{
    private const string Workflow = ".github/workflows/release.yml";

    private readonly YamlMappingNode _root = Yaml.Read(Workflow);

    private YamlMappingNode Jobs => (YamlMappingNode)_root["jobs"];

    private IEnumerable<YamlMappingNode> Steps => Jobs.Names().SelectMany(job => (YamlSequenceNode)Jobs[job]["steps"]).Cast<YamlMappingNode>();

    [Fact]
    public void It_runs_for_tags_of_versions_only_and_may_only_read_unless_a_job_says_otherwise()
    {
        ((YamlSequenceNode)_root["on"]["push"]["tags"]).Select(tag => tag.Text()).ShouldBe(["v*"]);
        ((YamlMappingNode)_root["on"]).Names().ShouldBe(["push"]);
        ((YamlMappingNode)_root["permissions"]).Select(right => (right.Key.Text(), right.Value.Text())).ShouldBe([("contents", "read")]);
        Jobs.Names().Where(job => ((YamlMappingNode)Jobs[job]).Find("permissions") is not null).ShouldBe(["image", "publish"]);
    }

    [Fact]
    public void Nothing_is_packed_before_the_tests_nor_published_before_the_packages()
    {
        string[] Needs(string job) => Jobs[job] is YamlMappingNode node ? node.Find("needs") switch
        {
            YamlSequenceNode several => [.. several.Select(needed => needed.Text())],
            YamlScalarNode one => [one.Value!],
            _ => [],
        }
        : [];

        Jobs.Names().SelectMany(Needs).Except(Jobs.Names()).ShouldBeEmpty();
        Needs("pack").ShouldBe(["test"]);
        Needs("image").ShouldBe(["test"]);
        Needs("publish").ShouldBe(["pack", "image"]);
    }

    [Fact]
    public void Every_step_does_one_thing_and_every_action_is_pinned()
    {
        Steps.ShouldAllBe(step => step.Find("run") != null ^ step.Find("uses") != null);
        Steps.Select(step => step.Find("uses")?.Text()).OfType<string>().ShouldAllBe(action => Pinned().IsMatch(action));
    }

    [Fact]
    public void Every_file_that_it_names_exists_and_every_script_is_executable()
    {
        var scripts = Steps.Select(step => step.Find("run")?.Text()).OfType<string>().SelectMany(run => Script().Matches(run)).Select(match => match.Value).ToList();

        scripts.ShouldBe([".ci/run", "./build.sh", "deploy/smoke.sh"], ignoreOrder: true);
        scripts.Where(script => !File.Exists(RepositoryFiles.Find(script))).ShouldBeEmpty();
        foreach (var script in scripts.Append("deploy/pack.sh").Where(script => script.EndsWith(".sh", StringComparison.Ordinal)))
        {
            (File.GetUnixFileMode(RepositoryFiles.Find(script)) & UnixFileMode.UserExecute).ShouldNotBe(UnixFileMode.None, script);
        }

        File.Exists(RepositoryFiles.Find(Steps.Select(step => step.Find("with")).OfType<YamlMappingNode>().Select(with => with.Find("file")?.Text()).Single(file => file != null)!)).ShouldBeTrue();
        File.Exists(RepositoryFiles.Find("global.json")).ShouldBeTrue();
        File.Exists(RepositoryFiles.Find("CHANGELOG.md")).ShouldBeTrue();
    }

    /// <summary>A system without a library of SQLite's would only fail at its users.</summary>
    [Fact]
    public void Each_system_is_packed_once_on_a_machine_of_its_own()
    {
        var systems = ((YamlSequenceNode)Jobs["pack"]["strategy"]["matrix"]["include"]).Select(entry => (entry["system"].Text(), entry["runner"].Text())).ToList();

        systems.ShouldBe([("linux-x64", "ubuntu-24.04"), ("linux-arm64", "ubuntu-24.04-arm"), ("win-x64", "windows-2025"), ("osx-arm64", "macos-15")]);
        systems.ShouldAllBe(system => Directory.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes", system.Item1, "native")));
    }

    [GeneratedRegex("^[a-z-]+/[a-z-]+@v[0-9]+$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"(?<!\.)(\./|deploy/|\.ci/)[\w./-]+", RegexOptions.ExplicitCapture)]
    private static partial Regex Script();
}
