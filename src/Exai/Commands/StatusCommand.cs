using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Settings;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai status</c>: the health file and, where it is served, the health document: the same truth as the dashboard's.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print the health file's members, and the components with their reasons, as JSON." };
        var command = new Command("status", "Show whether the daemon runs, and how it is.") { json };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool json, CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } daemon)
        {
            Terminal.Print(json ? """{"status":"stopped"}""" : $"No daemon runs for {settings.Home.Path}. 'exai start' starts one; so does the first call of a client.");
            return ExitCodes.Failed;
        }

        using var operations = OperationsClient.For(settings, daemon);
        var report = operations is null ? null : (await operations.GetAsync("/health", cancellationToken)).Document;
        if (json)
        {
            Terminal.Print(AsJson(daemon, report).ToJsonString(ToolResults.Json));
        }
        else
        {
            Show(settings, daemon, operations?.Address, report);
        }

        return ExitCodes.Ok;
    }

    /// <summary>The health file is up to ten seconds old; what the daemon says now goes before it.</summary>
    private static JsonObject AsJson(HealthDocument daemon, JsonObject? report)
    {
        var all = JsonSerializer.SerializeToNode(daemon, HomeJson.Default.HealthDocument)!.AsObject();
        if (report is not null)
        {
            all["status"] = report["status"]?.DeepClone();
            all["sessions"] = report["sessions"]?.DeepClone();
            all["global_inflight"] = report["calls"]?.DeepClone();
            all["queued"] = report["queued"]?.DeepClone();
            all["ready"] = report["ready"]?.DeepClone();
            all["components"] = report["components"]?.DeepClone();
        }

        return all;
    }

    private static void Show(ExaiSettings settings, HealthDocument daemon, Uri? address, JsonObject? report)
    {
        var all = AsJson(daemon, report);
        var status = (string)all["status"]!;
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.AddRow("status", status == DaemonStatus.Ready ? "[green]ready[/]" : $"[yellow]{status}[/]");
        table.AddRow("process", $"{daemon.Pid}, up {daemon.UptimeHuman}");
        table.AddRow("link", Markup.Escape($"{daemon.Host}:{daemon.Port}{(daemon.TlsCertificates.Count > 0 ? ", TLS" : "")}"));
        table.AddRow("operations", Markup.Escape(address?.ToString() ?? "not served (MONITORING_ENABLED, MONITORING_PORT)"));
        table.AddRow("version", daemon.Version);
        table.AddRow("sessions", $"{all["sessions"]}");
        table.AddRow("calls", $"{all["global_inflight"]} running, {all["queued"]} queued, room for {daemon.GlobalCapacity}");
        table.AddRow("home", Markup.Escape(settings.Home.Path));
        foreach (var problem in daemon.Problems)
        {
            table.AddRow("problem", $"[yellow]{Markup.Escape(problem)}[/]");
        }

        foreach (var (name, component) in (report?["components"] as JsonObject) ?? [])
        {
            table.AddRow(name, Markup.Escape($"{component!["reason"]}"));
        }

        Terminal.Output.Write(table);
    }
}
