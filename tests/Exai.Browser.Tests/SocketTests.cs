using Exai.Browser.Tests.Harness;
using Exai.EndToEnd.Tests.Harness;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>Trap 169: whatever happens to pages and daemon, sockets stay few and the log stays silent.</summary>
public sealed class SocketTests(Chromium chromium)
{
    private const string Connects = "exai_page_connects_total";
    private const string Open = "exai_pages";

    [Fact]
    public async Task Killed_daemon_the_page_says_so_and_comes_back_to_the_next_one_without_a_storm()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("MONITORING_PORT", $"{FreePort.Take()}"));
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        var before = await machine.Daemon.KillAsync();
        await Assertions.Expect(page.Connection).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^disconnected; trying again in [124] s$"));
        await Assertions.Expect(page.Tab.Locator("#daemon")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^as it was at "));
        await page.PictureAsync("disconnected");
        // Long enough for a page that does not wait between its attempts to make very many.
        await Patience.ForAsync("the page has tried twice", () => page.Sockets >= 3);

        await StartAsync(machine);
        await page.IsLiveAsync();

        machine.Daemon.Health!.MonitoringPort.ShouldBe(before.MonitoringPort);
        (await machine.MetricAsync(Connects), await machine.MetricAsync(Open)).ShouldBe((1, 1));
        page.Sockets.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public async Task Restart_of_the_daemon_takes_the_page_along()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("MONITORING_PORT", $"{FreePort.Take()}"));
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        var before = machine.Daemon.Health!;

        (await machine.RunAsync(["restart"])).ExitCode.ShouldBe(0);
        await machine.Daemon.RunningAsync(otherThan: before.Epoch);
        await machine.MetricBecomesAsync(Open, 1);
        await page.IsLiveAsync();

        machine.Daemon.Health!.MonitoringPort.ShouldBe(before.MonitoringPort);
        (await machine.MetricAsync(Connects)).ShouldBe(1);
        page.Sockets.ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public async Task Page_that_is_reloaded_20_times_makes_20_sockets_and_no_line_in_the_log()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        var lines = LogLines(machine);

        for (var reload = 0; reload < 20; reload++)
        {
            await page.Tab.ReloadAsync();
        }

        await page.IsLiveAsync();
        await machine.MetricBecomesAsync(Open, 1);
        // A page that is left before it has dialled makes none.
        (await machine.MetricAsync(Connects)).ShouldBeInRange(2, 21);
        LogLines(machine).ShouldBe(lines);
    }

    [Fact]
    public async Task Three_pages_that_answer_their_pings_keep_their_sockets()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [ProviderLog.Streams(tokens: 100_000)], ("MONITORING_PING_INTERVAL", "0.5"), ("MONITORING_PING_TIMEOUT", "2"));
        var shim = await machine.StartClientAsync();
        await shim.SendChatAsync("What does marker-load mean?");
        await machine.Simulator.AskedAsync("marker-load", tokens: 1);
        await using var one = await chromium.OpenAsync(machine);
        await using var two = await chromium.OpenAsync(machine);
        await using var three = await chromium.OpenAsync(machine);
        await one.IsLiveAsync();
        await two.IsLiveAsync();
        await three.IsLiveAsync();
        var lines = LogLines(machine);

        // Some twenty pings for each of them.
        await FramesAsync(one, 10);

        (await machine.MetricAsync(Connects), await machine.MetricAsync(Open)).ShouldBe((3, 3));
        LogLines(machine).ShouldBe(lines);
    }

    [Fact]
    public async Task Machine_that_sleeps_is_given_up_by_the_daemon_and_its_page_comes_back_once()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("MONITORING_PING_INTERVAL", "0.5"), ("MONITORING_PING_TIMEOUT", "1"));
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        var lines = LogLines(machine);
        var processes = await chromium.ProcessesAsync();

        processes.ForEach(pid => LinuxProcesses.Send(pid, Signal.Stop));
        try
        {
            await machine.MetricBecomesAsync(Open, 0);
        }
        finally
        {
            processes.ForEach(pid => LinuxProcesses.Send(pid, Signal.Continue));
        }

        await machine.MetricBecomesAsync(Open, 1);
        await page.IsLiveAsync();
        (await machine.MetricAsync(Connects)).ShouldBe(2);
        page.Sockets.ShouldBeLessThanOrEqualTo(4);
        LogLines(machine).ShouldBe(lines);
    }

    [Fact]
    public async Task Frozen_page_makes_no_socket_and_goes_on_when_it_is_resumed()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        await using var awake = await chromium.OpenAsync(machine);
        await awake.IsLiveAsync();
        var life = await page.Tab.Context.NewCDPSessionAsync(page.Tab);

        await life.SendAsync("Page.setWebLifecycleState", new Dictionary<string, object> { ["state"] = "frozen" });
        await FramesAsync(awake, 5);
        await life.SendAsync("Page.setWebLifecycleState", new Dictionary<string, object> { ["state"] = "active" });
        await page.IsLiveAsync();
        await FramesAsync(page, 2);

        (await machine.MetricAsync(Connects)).ShouldBeLessThanOrEqualTo(3);
        (await machine.MetricAsync(Open)).ShouldBe(2);
    }

    [Fact]
    public async Task Page_whose_process_dies_leaves_nothing_behind()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        var lines = LogLines(machine);
        var crashed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        page.Tab.Crash += (_, _) => crashed.TrySetResult();
        var session = await page.Tab.Context.NewCDPSessionAsync(page.Tab);

        // It does not live to answer.
        _ = session.SendAsync("Page.crash").ContinueWith(_ => { }, TaskScheduler.Default);
        await crashed.Task.WaitAsync(Patience.Token());

        await machine.MetricBecomesAsync(Open, 0);
        (await machine.MetricAsync(Connects)).ShouldBe(1);
        LogLines(machine).ShouldBe(lines);
    }

    [Fact]
    public async Task Hidden_page_rests_and_comes_back_when_it_is_looked_at()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync();
        await StartAsync(machine);
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();

        await HideAsync(page, hidden: true);
        await machine.MetricBecomesAsync(Open, 0);
        await Assertions.Expect(page.Connection).ToHaveTextAsync("paused");
        await HideAsync(page, hidden: false);
        await page.IsLiveAsync();

        (await machine.MetricAsync(Connects), await machine.MetricAsync(Open)).ShouldBe((2, 1));
    }

    /// <summary>A headless tab is never behind another one, so the page is told that it is.</summary>
    private static Task HideAsync(DashboardPage page, bool hidden) => page.Tab.EvaluateAsync(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden }); document.dispatchEvent(new Event('visibilitychange')); }", hidden);

    /// <summary>Waits for this many overviews, one each second.</summary>
    private static Task FramesAsync(DashboardPage page, int frames) => page.Tab.EvaluateAsync(
        "frames => new Promise(done => { let last = null, left = frames; const watch = new MutationObserver(() => { if (--left === 0) { watch.disconnect(); done(); } }); watch.observe(document.querySelector('main dl')?.parentElement ?? document.querySelector('main'), { childList: true }); })",
        frames);

    private static async Task StartAsync(ExaiHomeFixture machine) => (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0, machine.Logs());

    private static int LogLines(ExaiHomeFixture machine) => File.ReadAllLines(Path.Combine(machine.Home.LogsDirectory, "daemon.log")).Length;
}
