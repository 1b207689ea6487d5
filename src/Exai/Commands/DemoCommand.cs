using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Exai.Settings.Home;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai demo</c>: simulator, shim and daemon as real processes in a temporary home; the daemon is killed while the answer streams,
/// and the answer arrives all the same.
/// </summary>
internal static class DemoCommand
{
    private const int TokensBeforeKill = 40;

    public static Command Create()
    {
        var command = new Command("demo", "Show the main job without key or network: ask, kill the daemon while the answer streams, get the answer.");
        command.SetAction((_, cancellationToken) => RunAsync(cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Terminal.Print("This demo asks a simulated provider: the answer is made up, everything else is real.");
        var home = Directory.CreateTempSubdirectory("exai-demo-");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var processes = new List<Process>();
        var daemonHome = new ExaiHome(home.FullName);
        try
        {
            return await ShowAsync(daemonHome, processes, new Timeline(TimeProvider.System), either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            Terminal.Explain($"The demo did not finish within 60 s. Its logs are in {home.FullName}{Path.DirectorySeparatorChar}logs.");
            home = null;
            return ExitCodes.Failed;
        }
        finally
        {
            foreach (var process in processes)
            {
                EndProcess(process);
            }

            // Only now: a shim that lives would start another one.
            EndDaemon(daemonHome);
            home?.Delete(recursive: true);
        }
    }

    private static async Task<int> ShowAsync(ExaiHome home, List<Process> processes, Timeline timeline, CancellationToken cancellationToken)
    {
        var script = Path.Combine(home.Path, "simulator.json");
        await File.WriteAllTextAsync(script, """{"rules":[{"firstTokenMs":300,"tokensPerSecond":80,"answerTokens":160,"reasoningTokens":0}]}""", cancellationToken);
        var simulator = Start(processes, home, [], "sim", "--port", "0", "--script", script);
        var glm = await ReadSettingAsync(simulator, "GLM_API_URL=", cancellationToken);
        timeline.Add($"simulator runs as process {simulator.Id}");

        // The shim starts the daemon by itself, before and after the kill, as it does for every client.
        var shim = Start(
            processes, home, [("GLM_API_KEY", "demo-key-of-the-simulator"), ("GLM_API_URL", glm), ("EXAI_WS_PORT", "0"), ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.5")], "shim");
        using var client = new McpClient(shim.StandardInput.BaseStream, shim.StandardOutput.BaseStream);
        await client.InitializeAsync(cancellationToken);
        timeline.Add($"shim runs as process {shim.Id} and has answered initialize; no daemon runs yet");

        using var http = new HttpClient { BaseAddress = new Uri(new Uri(glm).GetLeftPart(UriPartial.Authority)) };
        var asking = client.CallToolAsync(
            "chat", new JsonObject { ["prompt"] = "Why does an answer survive the death of the process that fetched it?" },
            progress => timeline.Add($"[grey]progress: {Markup.Escape(progress)}[/]"), cancellationToken);
        timeline.Add("the client has asked its question");
        await StreamingAsync(http, asking, cancellationToken);
        if (asking.IsCompleted)
        {
            Terminal.Explain($"The answer came before the daemon could be killed:\n{ToolResultView.From(await asking).Text}");
            return ExitCodes.Failed;
        }

        var first = HealthFile.TryRead(home)!;
        using (var daemon = Process.GetProcessById(first.Pid))
        {
            daemon.Kill();
            await daemon.WaitForExitAsync(cancellationToken);
        }

        timeline.Add($"[red]kill -9 of the daemon (process {first.Pid}) while the answer streamed[/]");
        var killedAt = timeline.Elapsed;
        var answer = ToolResultView.From(await asking);
        var second = HealthFile.TryRead(home);
        timeline.Add($"[green]the answer has arrived, {(timeline.Elapsed - killedAt).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture)} s after the kill, from daemon process {second?.Pid}; the shim is still process {shim.Id}[/]");

        using var listen = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        listen.CancelAfter(TimeSpan.FromMilliseconds(700));
        var responses = await client.CountResponsesAsync(listen.Token);
        var asked = (await RequestsAsync(http, cancellationToken)).Count;
        timeline.Add($"the client got {responses} response; the provider was asked {asked} times");
        Terminal.Print("");
        Terminal.Print(answer.Text);
        Terminal.Print("");
        if (answer.Receipt is not null)
        {
            Terminal.Output.Write(ReceiptTable.From(answer.Receipt));
        }

        var proven = !answer.IsError && responses == 1 && asked <= 2 && second is not null && second.Pid != first.Pid;
        Terminal.Output.MarkupLine(proven ? "[green]The call survived.[/]" : "[red]The call did not survive as it should have.[/]");
        return proven ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>Waits until the simulator is in the middle of an answer.</summary>
    private static async Task StreamingAsync(HttpClient http, Task<JsonObject> asking, CancellationToken cancellationToken)
    {
        while (!asking.IsCompleted && !(await RequestsAsync(http, cancellationToken)).Any(request => ((int?)request?["tokensSent"] ?? 0) >= TokensBeforeKill))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<JsonArray> RequestsAsync(HttpClient http, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<JsonNode>("/sim/requests", cancellationToken))!.AsArray();

    private static Process Start(List<Process> processes, ExaiHome home, (string Name, string Value)[] environment, params string[] arguments)
    {
        var (file, first) = Shim.Lifecycle.ProcessLauncher.ThisProgram();
        var start = new ProcessStartInfo(file, [.. first, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home.Path,
        };
        // The user's own keys and settings stay out of the demo.
        foreach (var name in start.Environment.Keys.Where(name => Settings.SettingsRegistry.Find(name) is not null).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["EXAI_HOME"] = home.Path;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} could not be started.");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        processes.Add(process);
        return process;
    }

    private static async Task<string> ReadSettingAsync(Process process, string name, CancellationToken cancellationToken)
    {
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return line[name.Length..];
            }
        }

        throw new InvalidOperationException($"The simulator ended before it said its {name.TrimEnd('=')}.");
    }

    private static void EndDaemon(ExaiHome home)
    {
        if (HealthFile.TryRead(home) is not { } health)
        {
            return;
        }

        try
        {
            using var daemon = Process.GetProcessById(health.Pid);
            EndProcess(daemon);
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
    }

    private static void EndProcess(Process process)
    {
        try
        {
            process.Kill();
            process.WaitForExit(TimeSpan.FromSeconds(5));
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    /// <summary>What happened when, in milliseconds since the start.</summary>
    private sealed class Timeline(TimeProvider time)
    {
        private readonly long _started = time.GetTimestamp();

        public TimeSpan Elapsed => time.GetElapsedTime(_started);

        public void Add(string markup) => Terminal.Output.MarkupLine($"[blue]{Elapsed.TotalMilliseconds,7:0} ms[/]  {markup}");
    }
}
