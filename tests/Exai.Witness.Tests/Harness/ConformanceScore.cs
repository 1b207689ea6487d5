using System.Text.Json;

namespace Exai.Witness.Tests.Harness;

/// <summary>What the conformance suite found, by its own files: every check of every scenario, scored or not.</summary>
/// <param name="Requirements">The protocol version whose requirements were checked.</param>
/// <param name="Scenarios">By name: each of its checks that was made, by id, and whether it passed. A warning is no pass.</param>
/// <param name="Expected">The scenarios that may fail.</param>
internal sealed record ConformanceScore(string Requirements, IReadOnlyDictionary<string, IReadOnlyList<(string Check, bool Passed)>> Scenarios, IReadOnlyList<string> Expected)
{
    /// <summary>The scenarios with a check that did not pass.</summary>
    public IReadOnlyList<string> Failing { get; } = [.. Scenarios.Where(scenario => scenario.Value.Any(check => !check.Passed)).Select(scenario => scenario.Key)];

    /// <param name="results">A folder for each scenario: <c>server-NAME-TIME/checks.json</c>.</param>
    public static ConformanceScore Read(string results, string requirements) => new(
        requirements,
        Directory.EnumerateDirectories(results).ToDictionary(Scenario, Checks, StringComparer.Ordinal),
        [
            .. File.ReadLines(Path.Combine(Path.GetDirectoryName(NodeScript.Folder)!, "conformance", $"expected-failures-{requirements}.yml"))
                .Select(line => line.Trim()).Where(line => line.StartsWith("- ", StringComparison.Ordinal)).Select(line => line[2..]),
        ]);

    /// <summary>What is wrong with the list, or with the server.</summary>
    public string Explain() => string.Join(
        '\n',
        [
            .. Failing.Except(Expected, StringComparer.Ordinal)
                .Select(name => $"{name} fails: {string.Join(", ", Scenarios[name].Where(check => !check.Passed).Select(check => check.Check))}"),
            .. Expected.Except(Failing, StringComparer.Ordinal).Select(name => $"{name} passes, or is not run: it must leave the list"),
        ]);

    /// <summary>For people and for continuous integration: the checks.</summary>
    public override string ToString()
    {
        var all = Scenarios.Values.SelectMany(checks => checks).ToList();
        var passed = all.Count(check => check.Passed);
        var expected = Expected.Where(Scenarios.ContainsKey).Sum(name => Scenarios[name].Count(check => !check.Passed));
        return $"conformance {Requirements}: {passed} passed / {all.Count} total ({expected} expected failures)";
    }

    private static string Scenario(string folder)
    {
        var name = Path.GetFileName(folder);
        return name["server-".Length..^"-2026-11-21T22-25-23-010Z".Length];
    }

    private static IReadOnlyList<(string Check, bool Passed)> Checks(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "checks.json")));
        return
        [
            .. document.RootElement.EnumerateArray()
                .Select(check => (Id: check.GetProperty("id").GetString()!, Status: check.GetProperty("status").GetString()))
                .Where(check => check.Status is "SUCCESS" or "FAILURE" or "WARNING")
                .Select(check => (check.Id, check.Status == "SUCCESS")),
        ];
    }
}
