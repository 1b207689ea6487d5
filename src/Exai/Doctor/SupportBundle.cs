using System.IO.Compression;
using System.Text;
using Exai.Cli.Client;
using Exai.Settings;

namespace Exai.Cli.Doctor;

/// <summary>One file for whoever helps: findings, settings, health, metrics and the end of each log. Every line goes through the redactor; questions and answers are not in it.</summary>
internal static class SupportBundle
{
    private const int MostLogBytes = 2 * 1024 * 1024;
    private const int MostLogs = 8;

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static async Task WriteAsync(string path, string findings, SettingsResult settings, Redactor redactor, CancellationToken cancellationToken)
    {
        var home = settings.Settings.Home;
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        void Add(string name, string text)
        {
            using var writer = new StreamWriter(zip.CreateEntry(name).Open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            writer.Write(redactor.Clean(text));
        }

        Add("doctor.json", findings);
        Add("settings.txt", string.Join('\n', settings.Values.Select(value => $"{value.Definition.Name}={value.Text}  ({value.Source})")));
        Add("system.txt", $"{Protocol.Product.Version}\n{Environment.OSVersion}\n.NET {Environment.Version}\n{Environment.ProcessorCount} processors\n");
        if (File.Exists(home.HealthFile))
        {
            Add("health.json", await File.ReadAllTextAsync(home.HealthFile, cancellationToken));
        }

        if (RunningDaemon.Find(settings.Settings) is { } daemon && OperationsClient.For(settings.Settings, daemon) is { } operations)
        {
            using (operations)
            {
                Add("health-report.json", (await operations.GetAsync("/health", cancellationToken)).Document?.ToJsonString() ?? "");
                Add("queues.json", (await operations.GetAsync("/api/v1/queues", cancellationToken)).Document?.ToJsonString() ?? "");
                Add("providers.json", (await operations.GetAsync("/api/v1/providers", cancellationToken)).Document?.ToJsonString() ?? "");
                Add("metrics.txt", await operations.TextAsync("/metrics", cancellationToken) ?? "");
            }
        }

        if (Directory.Exists(home.LogsDirectory))
        {
            foreach (var log in new DirectoryInfo(home.LogsDirectory).EnumerateFiles("*.log").OrderByDescending(log => log.LastWriteTimeUtc).Take(MostLogs))
            {
                Add($"logs/{log.Name}", LogText.Tail(log.FullName, MostLogBytes));
            }
        }
    }
}
