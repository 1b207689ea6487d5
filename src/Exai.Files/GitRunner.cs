using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Exai.Files;

/// <summary>Runs git. The seam at which tests put another.</summary>
internal interface IGitRunner
{
    /// <param name="mostCharacters">Of the output; the rest is read and dropped.</param>
    /// <exception cref="GitException">It is not installed, or failed.</exception>
    Task<string> RunAsync(string folder, IReadOnlyList<string> arguments, int mostCharacters, CancellationToken cancellationToken);
}

/// <summary>The git of the PATH, never one that lies in the project; without a shell, a terminal, or the caller's git variables.</summary>
internal sealed class GitRunner : IGitRunner
{
    public async Task<string> RunAsync(string folder, IReadOnlyList<string> arguments, int mostCharacters, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find() ?? throw new GitException("git is not installed, or not in the PATH of the client."), arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_NO_LAZY_FETCH"] = "1";
        start.Environment["LC_ALL"] = "C";

        using var process = Start(start);
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput, mostCharacters, cancellationToken);
            var errors = ReadAsync(process.StandardError, 4096, cancellationToken);
            var text = await output;
            var said = await errors;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? text : throw new GitException($"git: {(said.Trim() is { Length: > 0 } why ? why : $"exit code {process.ExitCode}")}");
        }
        finally
        {
            End(process);
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new GitException("git did not start.");
        }
        catch (Win32Exception failure)
        {
            throw new GitException($"git did not start: {failure.Message}");
        }
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It has ended.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, int most, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        while (await reader.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            text.Append(buffer, 0, Math.Min(count, most - text.Length));
        }

        return text.ToString();
    }

    /// <summary>Looked for here: the framework would look into the working directory first.</summary>
    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Where(Path.IsPathFullyQualified)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "git.exe" : "git"))
        .FirstOrDefault(File.Exists);
}
