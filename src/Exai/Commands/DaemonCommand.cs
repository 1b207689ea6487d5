using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Exai.Daemon;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;
using Exai.Settings.Logs;
using ModelContextProtocol.Server;

namespace Exai.Cli.Commands;

/// <summary><c>exai daemon</c>: the daemon in the foreground. The first SIGTERM or SIGINT drains, a second ends it at once.</summary>
internal static partial class DaemonCommand
{
    public const string Name = "daemon";

    public static Command Create()
    {
        var detached = new Option<bool>("--detached") { Hidden = true, Description = "Become a process session of its own." };
        var replace = new Option<bool>("--replace") { Hidden = true, Description = "Take over from the daemon that serves this home; it finishes its calls." };
        var now = new Option<bool>("--now") { Hidden = true, Description = "With --replace: take over its calls too." };
        var managedBy = new Option<string>("--managed-by") { Hidden = true, HelpName = "NAME", Description = "The service manager that starts and restarts this daemon, so that shims do not." };
        var conformance = new Option<bool>("--conformance") { Hidden = true, Description = "Offer at /mcp also what the official conformance suite of MCP expects of a server." };
        var command = new Command(Name, "Run the daemon in the foreground until SIGTERM or SIGINT.") { detached, replace, now, managedBy, conformance };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetValue(detached),
            !parsed.GetValue(replace) ? Succession.None : parsed.GetValue(now) ? Succession.Now : Succession.Overlap,
            parsed.GetValue(managedBy),
            parsed.GetValue(conformance)));
        return command;
    }

    private static async Task<int> RunAsync(bool detached, Succession succession, string? manager, bool conformance)
    {
        if (detached && !OperatingSystem.IsWindows())
        {
            // The terminal, and the client that happened to start the daemon, no longer reach it with their signals.
            _ = SetSessionId();
        }

        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (settings.Store.Server is not null)
        {
            // Read when the pool's first thread begins. A thread that has nothing to do spins before it sleeps, which brings the next event sooner; a daemon that
            // waits for a server at each step spins far more than it works, and other daemons and the server may lack the time.
            AppContext.SetData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit", 0);
        }

        try
        {
            settings.Home.EnsureCreated();
            var time = TimeProvider.System;
            using var loggers = new ExaiLoggerFactory(ExaiLogOptions.From(settings.Log, settings.Home.DaemonLog, toStandardError: !detached), time);
            using var signals = new StopSignals();
            await using var daemon = await DaemonHost.StartAsync(
                settings, loggers, time, signals.First, succession, () => SettingsLoader.Load(SettingsSources.FromProcess()),
                conformance ? Fixtures() : null);
            OwnershipFile.Write(settings.Home, new DaemonOwnership { ManagedBy = manager ?? (detached ? "shim" : "user") });
            await Task.WhenAny(signals.WaitAsync(), daemon.MadeWay, daemon.StoreUnusable);
            await (daemon.MadeWay.IsCompleted ? daemon.RetireAsync(signals.First) : daemon.DrainAsync(CancellationToken.None));
            if (daemon.StoreUnusable.IsCompleted)
            {
                Terminal.Explain($"{await daemon.StoreUnusable}{(settings.Store.Server is null ? " The daemon ends, so that the next one does." : "")}");
                return ExitCodes.Failed;
            }

            return ExitCodes.Ok;
        }
        catch (Exception failure) when (failure is HomeException or CertificateException)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.WrongUsage;
        }
        catch (DaemonStartException failure)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }
    }

    /// <summary>A method of its own, so that nobody else loads that library.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Action<McpServerOptions> Fixtures() => new Conformance.Fixtures().AddTo;

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSessionId();

    /// <summary>SIGTERM and SIGINT, the first and the second.</summary>
    private sealed class StopSignals : IDisposable
    {
        private readonly CancellationTokenSource _first = new();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<PosixSignalRegistration> _registrations = [];

        public StopSignals()
        {
            foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT])
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
            }
        }

        public CancellationToken First => _first.Token;

        public Task WaitAsync() => _stopped.Task;

        public void Dispose()
        {
            _registrations.ForEach(registration => registration.Dispose());
            _first.Dispose();
        }

        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (!_stopped.TrySetResult())
            {
                // The user does not want to wait for running calls; the next daemon takes them over.
                Environment.Exit(ExitCodes.Failed);
            }

            _first.Cancel();
        }
    }
}
