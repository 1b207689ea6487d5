using System.CommandLine;
using Exai.Cli.Client;
using Exai.Settings.Home;

namespace Exai.Cli.Commands;

/// <summary><c>exai logs</c>: the end of the daemon's log, or of the newest shim's; with <c>-f</c> what is written from now on too.</summary>
internal static class LogsCommand
{
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public static Command Create()
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written, until Ctrl+C." };
        var lines = new Option<int>("--lines", "-n") { Description = "How many lines of what is there.", DefaultValueFactory = _ => 100 };
        var shim = new Option<bool>("--shim") { Description = "The log of the shim that wrote last, in place of the daemon's." };
        var command = new Command("logs", "Show the daemon's log.") { follow, lines, shim };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(follow), parsed.GetValue(lines), parsed.GetValue(shim), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool follow, int lines, bool shim, CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (Newest(settings.Home, shim) is not { } path)
        {
            Terminal.Explain($"There is no such log in {settings.Home.LogsDirectory} yet.");
            return ExitCodes.Failed;
        }

        using var stream = follow ? LogText.Open(path) : null;
        stream?.Seek(0, SeekOrigin.End);
        var tail = LogText.Tail(path, MostBytes).TrimEnd('\n').Split('\n').TakeLast(Math.Max(0, lines)).ToList();
        tail.ForEach(Terminal.Print);
        if (stream is not null)
        {
            await FollowAsync(path, stream, cancellationToken);
        }

        return ExitCodes.Ok;
    }

    /// <summary>A log that is rotated gets a new file under its name: the old one is read to its end, then the new one.</summary>
    private static async Task FollowAsync(string path, FileStream first, CancellationToken cancellationToken)
    {
        var stream = first;
        var reader = new StreamReader(stream, leaveOpen: true);
        try
        {
            while (true)
            {
                while (await reader.ReadLineAsync(cancellationToken) is { } line)
                {
                    Terminal.Print(line);
                }

                if (File.Exists(path) && new FileInfo(path).Length < stream.Position)
                {
                    reader.Dispose();
                    await stream.DisposeAsync();
                    stream = LogText.Open(path);
                    reader = new StreamReader(stream, leaveOpen: true);
                    continue;
                }

                await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C is how this ends.
        }
        finally
        {
            reader.Dispose();
            await stream.DisposeAsync();
        }
    }

    private static string? Newest(ExaiHome home, bool shim) => !Directory.Exists(home.LogsDirectory) ? null
        : shim ? new DirectoryInfo(home.LogsDirectory).EnumerateFiles("shim-*.log").MaxBy(file => file.LastWriteTimeUtc)?.FullName
        : File.Exists(home.DaemonLog) ? home.DaemonLog : null;
}
