using System.CommandLine;
using Exai.Simulator;

namespace Exai.Cli.Commands;

/// <summary><c>exai sim</c>: the provider simulator on its own.</summary>
internal static class SimCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Where to listen on loopback; 0 takes any free port.", DefaultValueFactory = _ => 0 };
        var script = new Option<FileInfo?>("--script") { Description = "What trouble to make: a JSON file, see docs/simulator.md." };
        var command = new Command("sim", "Run the provider simulator: GLM, Kimi and OpenAI dialects with scripted trouble.") { port, script };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(port), parsed.GetValue(script), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int port, FileInfo? script, CancellationToken cancellationToken)
    {
        try
        {
            var parsed = script is null ? SimulatorScript.Default : SimulatorScript.Parse(await File.ReadAllTextAsync(script.FullName, cancellationToken));
            await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { Port = port, Script = parsed }, cancellationToken);
            Terminal.Print($"Simulated provider on port {simulator.Port}: every answer from here is made up.");
            Terminal.Print($"GLM_API_URL={simulator.GlmBaseUrl}");
            Terminal.Print($"KIMI_API_URL={simulator.KimiBaseUrl}");
            Terminal.Print("Any key works, except one that contains 'wrong'. Ctrl+C ends it.");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or ArgumentException)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }
    }
}
