using System.CommandLine;
using Exai.Settings;
using Exai.Settings.Home;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai config import FILE</c>: takes over a predecessor's settings file. What has a meaning here goes to the home's <c>.env</c> under its
/// present name; everything else is named, with the reason.
/// </summary>
internal static class ConfigImport
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "The settings file of another installation." };
        var command = new Command("import", "Take over another settings file, and say what was taken, renamed and ignored.") { file };
        command.SetAction(parsed => Run(parsed.GetValue(file)!));
        return command;
    }

    private static int Run(FileInfo file)
    {
        if (!file.Exists)
        {
            Terminal.Explain($"{file.FullName} does not exist.");
            return ExitCodes.WrongUsage;
        }

        var home = SettingsLoader.Load(SettingsSources.FromProcess()).Settings.Home;
        var theirs = Read(file.FullName, home);
        var ours = File.Exists(home.SettingsFile) ? Read(home.SettingsFile, home) : null;
        var taken = new List<string>();
        foreach (var value in From(theirs, file.FullName))
        {
            var name = value.Definition.Name;
            var renamed = value.Source.EndsWith(')') ? $" (was {value.Source[(value.Source.LastIndexOf('(') + 1)..^1]})" : "";
            if (ours is not null && From(ours, home.SettingsFile).Any(known => known.Definition.Name == name))
            {
                Terminal.Print($"kept     {name}: {home.SettingsFile} sets it already");
            }
            else if (theirs.Settings.Variables.Find(renamed.Length > 0 ? renamed["(was ".Length..].Trim('(', ')', ' ') : name) is { } text)
            {
                taken.Add($"{name}={Quoted(text)}");
                Terminal.Print($"taken    {name}={value.Text}{renamed}");
            }
        }

        foreach (var ignored in theirs.Ignored)
        {
            Terminal.Print($"ignored  {ignored.Name}: {ignored.Reason}");
        }

        foreach (var entry in EnvFile.Read(file.FullName).Entries.Where(entry =>
            SettingsRegistry.Find(entry.Name) is null && !theirs.Ignored.Any(ignored => ignored.Name == entry.Name)).DistinctBy(entry => entry.Name))
        {
            Terminal.Print($"unknown  {entry.Name}: it has no meaning here");
        }

        foreach (var warning in theirs.Warnings.Where(warning => warning.Source.StartsWith(file.FullName, StringComparison.Ordinal)))
        {
            Terminal.Print($"note     {warning.Name}: {warning.Message}");
        }

        foreach (var problem in theirs.Problems.Where(problem => problem.Source.Contains(file.FullName, StringComparison.Ordinal)))
        {
            Terminal.Print($"refused  {problem.Name}: {problem.Message}. {problem.Mend}");
        }

        return Write(home, file.FullName, taken);
    }

    private static int Write(ExaiHome home, string from, List<string> taken)
    {
        if (taken.Count == 0)
        {
            Terminal.Print("Nothing was written.");
            return ExitCodes.Ok;
        }

        try
        {
            home.EnsureCreated();
            var before = File.Exists(home.SettingsFile) ? File.ReadAllText(home.SettingsFile).TrimEnd('\n') + "\n\n" : "";
            OwnerOnlyFile.WriteAllText(home.SettingsFile, $"{before}# Taken from {from}\n{string.Join('\n', taken)}\n", durable: true);
        }
        catch (Exception failure) when (failure is HomeException or IOException or UnauthorizedAccessException)
        {
            Terminal.Explain($"{home.SettingsFile} cannot be written: {failure.Message}");
            return ExitCodes.Failed;
        }

        Terminal.Print($"{taken.Count} settings are in {home.SettingsFile} now. A daemon that runs takes them at its next start ('exai restart').");
        return ExitCodes.Ok;
    }

    /// <summary>The file alone: this process's own environment is not what is taken over.</summary>
    private static SettingsResult Read(string path, ExaiHome home) => SettingsLoader.Load(new SettingsSources
    {
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
            ["EXAI_HOME"] = home.Path,
            ["ENV_FILE"] = path,
        },
    });

    private static IEnumerable<SettingValue> From(SettingsResult result, string path) =>
        result.Values.Where(value => !value.IsDefault && value.Source.StartsWith(path + ":", StringComparison.Ordinal));

    private static string Quoted(string text) => text.AsSpan().IndexOfAny(" #\"'") < 0 ? text
        : text.Contains('\'', StringComparison.Ordinal) ? $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""
        : $"'{text}'";
}
