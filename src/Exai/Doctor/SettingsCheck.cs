using Exai.Settings;

namespace Exai.Cli.Doctor;

/// <summary>The settings, with the clocks and limits that contradict each other.</summary>
internal static class SettingsCheck
{
    private const string Link = "settings";

    public static IEnumerable<Finding> Look(SettingsResult result)
    {
        foreach (var problem in result.Problems)
        {
            yield return Finding.Broken(Link, problem.Name, $"{(problem.Value is null ? "" : $"{problem.Name}={problem.Value} ")}({problem.Source}): {problem.Message}", problem.Mend);
        }

        foreach (var warning in result.Warnings)
        {
            yield return Finding.Warning(Link, warning.Name, $"({warning.Source}) {warning.Message}", "Correct the name, or take it out.");
        }

        if (result.Problems.Count == 0)
        {
            yield return Finding.Ok(
                Link, "values, clocks and limits",
                $"{result.Values.Count(value => !value.IsDefault)} set, {result.Ignored.Count} ignored, file {result.SettingsFile ?? result.Settings.Home.SettingsFile + " (not there)"}");
        }
    }
}
