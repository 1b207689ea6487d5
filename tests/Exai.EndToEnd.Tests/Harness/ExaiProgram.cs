using System.Diagnostics;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>The built <c>exai</c> beside the tests.</summary>
internal static class ExaiProgram
{
    public static string File { get; } = Path.Combine(AppContext.BaseDirectory, "exai");

    /// <summary>The .NET that runs the tests runs the program too, wherever it is installed.</summary>
    private static readonly string DotnetRoot = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../.."));

    /// <summary>Nothing of this machine but what a process needs to start: no key, no setting, no home of a user.</summary>
    public static Dictionary<string, string> CleanEnvironment(string userHome) => new(StringComparer.Ordinal)
    {
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
        ["HOME"] = userHome,
        ["DOTNET_ROOT"] = DotnetRoot,
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        // These processes live for seconds: nothing is gained by measuring them for later.
        ["DOTNET_TieredPGO"] = "0",
    };

    /// <summary>The same program under another version of the same length.</summary>
    /// <returns>The path of its <c>exai</c>.</returns>
    public static string CopyWithVersion(string folder, string version) => ProgramCopy.WithVersion(File, folder, Product.Version, version);

    public static ProcessStartInfo Start(IReadOnlyDictionary<string, string> environment, string workingDirectory, string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}

/// <summary>What a command came to.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public string FirstLine => Output.Split('\n')[0];

    public override string ToString() => $"exit {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Errors}";
}
