using Exai.Settings.Home;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>
/// One user's machine: a home of its own, a provider in the test's process, and every process that was started for it. Nothing
/// outlives it, and nothing outside it is touched.
/// </summary>
internal sealed class ExaiHomeFixture : IAsyncDisposable
{
    public const string ProviderKey = "sim-key-of-tests";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exai-e2e-");
    private readonly List<IAsyncDisposable> _started = [];

    private ExaiHomeFixture(SimulatorServer simulator)
    {
        Simulator = simulator;
        Home = new ExaiHome(Folder("home"));
        Environment = ExaiProgram.CleanEnvironment(Directory.CreateDirectory(Folder("user")).FullName);
        Environment["EXAI_HOME"] = Home.Path;
        Environment["EXAI_WS_PORT"] = "0";
        Environment["MONITORING_PORT"] = "0";
        Environment["GLM_API_URL"] = simulator.GlmBaseUrl.ToString();
        Environment["GLM_API_KEY"] = ProviderKey;
        Daemon = new DaemonControl(this);
    }

    /// <summary>The folder that exai gets as EXAI_HOME; not made before exai does.</summary>
    public ExaiHome Home { get; }

    public SimulatorServer Simulator { get; }

    /// <summary>What every process of this home gets, unless a test changes it.</summary>
    public Dictionary<string, string> Environment { get; }

    public DaemonControl Daemon { get; }

    /// <summary>Everything that runs for this user, whoever started it and with whichever EXAI_HOME.</summary>
    public IReadOnlyList<(int Pid, string[] Arguments)> Processes => LinuxProcesses.With("HOME", Environment["HOME"]);

    /// <param name="settings">Changes to the environment; null takes a name away.</param>
    public static async Task<ExaiHomeFixture> CreateAsync(SimulatorRule[]? rules = null, params (string Name, string? Value)[] settings)
    {
        var script = new SimulatorScript { Rules = rules ?? [] };
        var fixture = new ExaiHomeFixture(await SimulatorServer.StartAsync(new SimulatorOptions { Script = script }));
        Change(fixture.Environment, settings);
        return fixture;
    }

    /// <summary>A place in the test's own folder.</summary>
    public string Folder(string name) => Path.Combine(_root.FullName, name);

    /// <summary>A shim whose client has not said anything yet.</summary>
    public ShimProcess StartShim(params (string Name, string? Value)[] settings) => StartShim(ExaiProgram.File, ["shim"], settings);

    /// <summary>A shim that some other program starts.</summary>
    public ShimProcess StartShim(string file, string[] arguments, params (string Name, string? Value)[] settings)
    {
        var environment = With(settings);
        return Own(new ShimProcess(ExaiProgram.Start(environment, _root.FullName, file, arguments), environment["EXAI_HOME"]));
    }

    /// <summary>A shim whose client has said hello.</summary>
    public async Task<ShimProcess> StartClientAsync(params (string Name, string? Value)[] settings)
    {
        var shim = StartShim(settings);
        await shim.InitializeAsync();
        return shim;
    }

    /// <summary>Starts <c>exai</c> with a command that goes on until it is told to end.</summary>
    public BackgroundProcess StartInBackground(string[] arguments, params (string Name, string? Value)[] settings) =>
        Own(new BackgroundProcess(ExaiProgram.Start(With(settings), _root.FullName, ExaiProgram.File, arguments)));

    /// <summary>Starts another program that goes on until it is told to end.</summary>
    public BackgroundProcess StartInBackground(string file, string[] arguments, params (string Name, string? Value)[] settings) =>
        Own(new BackgroundProcess(ExaiProgram.Start(With(settings), _root.FullName, file, arguments)));

    /// <summary>Runs <c>exai</c> to its end.</summary>
    public Task<CommandResult> RunAsync(string[] arguments, params (string Name, string? Value)[] settings) => RunAsync(ExaiProgram.File, arguments, settings);

    /// <summary>Runs another copy of <c>exai</c> to its end.</summary>
    public async Task<CommandResult> RunAsync(string file, string[] arguments, params (string Name, string? Value)[] settings)
    {
        await using var process = new BackgroundProcess(ExaiProgram.Start(With(settings), _root.FullName, file, arguments));
        return await process.EndedAsync();
    }

    /// <summary>What the product wrote to its logs, for the report of a failed test.</summary>
    public string Logs() => Directory.Exists(Home.LogsDirectory)
        ? string.Join('\n', Directory.EnumerateFiles(Home.LogsDirectory).Select(file => $"--- {Path.GetFileName(file)}\n{File.ReadAllText(file)}"))
        : "(no logs)";

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(Logs());
        }

        try
        {
            foreach (var process in Enumerable.Reverse(_started))
            {
                await process.DisposeAsync();
            }
        }
        finally
        {
            // Shims are gone by now, so nobody starts another daemon; one may still be on its way up.
            foreach (var (pid, _) in Processes)
            {
                LinuxProcesses.TryKill(pid);
            }

            await Patience.ForAsync("all processes of the machine have ended", () => Processes.Count == 0);

            await Simulator.DisposeAsync();
            _root.Delete(recursive: true);
        }
    }

    private T Own<T>(T process)
        where T : IAsyncDisposable
    {
        _started.Add(process);
        return process;
    }

    private Dictionary<string, string> With((string Name, string? Value)[] settings)
    {
        var environment = new Dictionary<string, string>(Environment, StringComparer.Ordinal);
        Change(environment, settings);
        return environment;
    }

    private static void Change(Dictionary<string, string> environment, (string Name, string? Value)[] settings)
    {
        foreach (var (name, value) in settings)
        {
            environment.Remove(name);
            if (value is not null)
            {
                environment[name] = value;
            }
        }
    }
}
