using System.CommandLine;
using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai top</c>: what the dashboard shows live, in a terminal, until Ctrl+C. Into a pipe it prints once.</summary>
internal static class TopCommand
{
    private const int MostRows = 30;
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var command = new Command("top", "Watch the running calls.");
        command.SetAction((_, cancellationToken) => RunAsync(cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } daemon || OperationsClient.For(settings, daemon) is not { } operations)
        {
            Terminal.Explain($"No daemon that serves its state runs for {settings.Home.Path}. 'exai status' says more.");
            return ExitCodes.Failed;
        }

        using (operations)
        {
            var (first, problem) = await operations.GetAsync("/api/v1/overview", cancellationToken);
            if (first is null)
            {
                Terminal.Explain(problem!);
                return ExitCodes.Failed;
            }

            if (Console.IsOutputRedirected)
            {
                Terminal.Output.Write(View(first));
                return ExitCodes.Ok;
            }

            await Terminal.Output.Live(View(first)).StartAsync(live => WatchAsync(live, operations, cancellationToken));
            return ExitCodes.Ok;
        }
    }

    private static async Task WatchAsync(LiveDisplayContext live, OperationsClient operations, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Refresh, TimeProvider.System, cancellationToken);
                var (overview, problem) = await operations.GetAsync("/api/v1/overview", cancellationToken);
                live.UpdateTarget(overview is null ? new Markup($"[red]{Markup.Escape(problem!)}[/]") : View(overview));
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C is how this ends.
        }
    }

    private static Rows View(JsonObject overview)
    {
        var (daemon, permits) = (overview["daemon"]!, overview["permits"]!);
        var running = overview["running"]!.AsArray();
        var table = new Table().Border(TableBorder.Simple).AddColumns("seconds", "client", "tool", "model", "doing", "question");
        foreach (var call in running.Take(MostRows))
        {
            string[] row =
            [
                $"{(long)call!["elapsedMs"]! / 1000}", (string?)call["client"] ?? "–", (string)call["tool"]!, (string?)call["model"] ?? "–",
                (string?)call["progress"] ?? "–", (string)call["question"]!,
            ];
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        var more = running.Count > MostRows ? $"; {running.Count - MostRows} more are not shown" : "";
        return new Rows(
            new Text($"EXAI {daemon["version"]}  {daemon["status"]}, up {daemon["uptimeHuman"]}  sessions {daemon["sessions"]}  permits {permits["held"]}/{permits["limit"]}, {permits["queued"]} waiting"),
            new Text($"last 24 h: {string.Join(", ", overview["today"]!.AsObject().Select(state => $"{state.Value} {state.Key}"))}  {overview["tokens"]} tokens  ${(double)overview["costUsd"]!:0.00}{more}"),
            table);
    }
}
