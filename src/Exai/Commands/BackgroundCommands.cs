using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Lifecycle;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai start</c>, <c>stop</c>, <c>status</c>: the daemon in the background.</summary>
internal static class BackgroundCommands
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    public static Command CreateStart()
    {
        var command = new Command("start", "Start the daemon in the background.");
        command.SetAction((_, cancellationToken) => StartAsync(cancellationToken));
        return command;
    }

    public static Command CreateStop()
    {
        var command = new Command("stop", "Let the daemon finish its calls and end. Shims do not start it again until 'exai start'.");
        command.SetAction((_, cancellationToken) => StopAsync(cancellationToken));
        return command;
    }

    public static Command CreateStatus()
    {
        var json = new Option<bool>("--json") { Description = "Print the health document as JSON." };
        var command = new Command("status", "Show whether the daemon runs, and how it is.") { json };
        command.SetAction(parsed => Status(parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> StartAsync(CancellationToken cancellationToken) =>
        Configuration.LoadOrExplain() is { } settings ? await StartAsync(settings, cancellationToken) : ExitCodes.WrongUsage;

    internal static async Task<int> StartAsync(ExaiSettings settings, CancellationToken cancellationToken)
    {
        if (Running(settings) is { } running)
        {
            Terminal.Print($"The daemon runs already: process {running.Pid}, port {running.Port}.");
            return ExitCodes.Ok;
        }

        if (await ServiceManager.TryRunAsync(settings.Home, "start", cancellationToken) is { } exitCode)
        {
            return exitCode;
        }

        try
        {
            OwnershipFile.Write(Created(settings.Home), new DaemonOwnership { ManagedBy = "shim" });
            new CrashRecord(settings.Home, TimeProvider.System).Forget();
            await DaemonStarter.CreateDefault(TimeProvider.System).StartOnceAsync(settings, cancellationToken);
        }
        catch (Exception failure) when (failure is HomeException or Exai.Shim.Link.LinkException)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }

        if (Running(settings) is not { } started)
        {
            Terminal.Explain($"The daemon did not start in time. {settings.Home.DaemonLog} and {settings.Home.DaemonStartLog} may say why.");
            return ExitCodes.Failed;
        }

        Terminal.Print($"The daemon runs: process {started.Pid}, port {started.Port}.");
        return ExitCodes.Ok;
    }

    private static async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (Running(settings) is not { } running)
        {
            Terminal.Print("No daemon runs.");
            return ExitCodes.Ok;
        }

        OwnershipFile.Write(settings.Home, OwnershipFile.Read(settings.Home) with { StoppedOnPurpose = true });
        using var process = Process.GetProcessById(running.Pid);
        Signals.Terminate(process);
        var limit = settings.Calls.Drain + TimeSpan.FromSeconds(10);
        var started = TimeProvider.System.GetTimestamp();
        while (!process.HasExited && TimeProvider.System.GetElapsedTime(started) < limit)
        {
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        if (!process.HasExited)
        {
            Terminal.Explain($"The daemon (process {running.Pid}) did not end within {limit.TotalSeconds:0} s. 'kill -9 {running.Pid}' is safe: no call is lost.");
            return ExitCodes.Failed;
        }

        Terminal.Print($"The daemon (process {running.Pid}) has ended.");
        return ExitCodes.Ok;
    }

    private static int Status(bool json)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (Running(settings) is not { } health)
        {
            Terminal.Print(json ? """{"status":"stopped"}""" : $"No daemon runs for {settings.Home.Path}. 'exai start' starts one; so does the first call of a client.");
            return ExitCodes.Failed;
        }

        if (json)
        {
            Terminal.Print(JsonSerializer.Serialize(health, HomeJson.Default.HealthDocument));
            return ExitCodes.Ok;
        }

        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.AddRow("status", health.Status == DaemonStatus.Ready ? "[green]ready[/]" : $"[yellow]{health.Status}[/]");
        table.AddRow("process", $"{health.Pid}, up {health.UptimeHuman}");
        table.AddRow("link", Markup.Escape($"{health.Host}:{health.Port}"));
        table.AddRow("version", health.Version);
        table.AddRow("sessions", $"{health.Sessions}");
        table.AddRow("calls", $"{health.GlobalInflight} running, {health.Queued} queued, room for {health.GlobalCapacity}");
        table.AddRow("home", Markup.Escape(settings.Home.Path));
        foreach (var problem in health.Problems)
        {
            table.AddRow("problem", $"[yellow]{Markup.Escape(problem)}[/]");
        }

        Terminal.Output.Write(table);
        return ExitCodes.Ok;
    }

    /// <summary>A person has stopped this home's daemon, which would answer otherwise.</summary>
    public static bool IsStopped(ExaiSettings settings) =>
        settings.Link.Autostart && OwnershipFile.Read(settings.Home).StoppedOnPurpose && Running(settings) is null;

    /// <summary>The daemon that the health file names, if the home's lock shows that one is alive.</summary>
    internal static HealthDocument? Running(ExaiSettings settings)
    {
        if (!Directory.Exists(settings.Home.Path))
        {
            return null;
        }

        using var free = ExclusiveLock.TryAcquire(settings.Home.ServeLock);
        return free is null ? HealthFile.TryRead(settings.Home) : null;
    }

    private static ExaiHome Created(ExaiHome home)
    {
        home.EnsureCreated();
        return home;
    }
}
