using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Exai.Testing.Stores;

namespace Exai.EndToEnd.Tests;

/// <summary>
/// Two daemons as processes of their own, each with its home and as far as it can tell on a host of its own, share a PostgreSQL server; a shim
/// comes to either through one address, as through a load balancer.
/// </summary>
public sealed class SharedStoreTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const string Token = "a-token-of-thirty-two-characters";
    private const int AnswerTokens = 100;

    private readonly LinkProxy _balancer = new();
    private ExaiHomeFixture _machine = null!;

    public ValueTask DisposeAsync() => _balancer.DisposeAsync();

    [Fact]
    public async Task Daemon_that_runs_a_call_is_killed_the_other_one_answers_it_once()
    {
        await using var machine = await CreateAsync(SharedUrl());
        var (left, right) = (await StartDaemonAsync("left"), await StartDaemonAsync("right"));
        var shim = await ConnectAsync(left);
        var id = await shim.SendChatAsync("What is marker-kill?");
        await machine.Simulator.AskedAsync("marker-kill", tokens: 10);

        var killedAt = shim.Elapsed;
        left.Kill();
        MoveTo(right);
        var reply = await shim.ReplyAsync(id);

        reply.IsError.ShouldBeFalse(reply.Text);
        reply.Text.ShouldContain("marker-kill");
        ((int)reply.Receipt["runs"]!).ShouldBe(2);
        await shim.PingAsync();
        shim.Responses(id).Count.ShouldBe(1);
        machine.Simulator.Asked("marker-kill").Count.ShouldBe(2);
        output.WriteLine($"answered {(reply.Line.At - killedAt).TotalMilliseconds:0} ms after the kill, {AnswerTokens / 200d * 1000:0} ms of which the answer itself takes");
    }

    [Fact]
    public async Task Shim_comes_to_the_other_daemon_the_call_goes_on_where_it_runs_and_is_answered_once()
    {
        await using var machine = await CreateAsync(SharedUrl());
        var (left, right) = (await StartDaemonAsync("left"), await StartDaemonAsync("right"));
        var shim = await ConnectAsync(left);
        var id = await shim.SendChatAsync("What is marker-move?");
        await machine.Simulator.AskedAsync("marker-move", tokens: 10);

        MoveTo(right);
        var reply = await shim.ReplyAsync(id);

        reply.Text.ShouldContain("marker-move");
        ((int)reply.Receipt["runs"]!).ShouldBe(1);
        await shim.PingAsync();
        shim.Responses(id).Count.ShouldBe(1);
        machine.Simulator.Asked("marker-move").Count.ShouldBe(1);
    }

    [Fact]
    public async Task Daemon_is_killed_and_nobody_asks_again_the_call_is_run_all_the_same()
    {
        await using var machine = await CreateAsync(SharedUrl());
        var (left, _) = (await StartDaemonAsync("left"), await StartDaemonAsync("right"));
        var shim = await ConnectAsync(left);
        await shim.SendChatAsync("What is marker-alone?");
        await machine.Simulator.AskedAsync("marker-alone", tokens: 10);

        // Nobody listens at the balancer's other end from now on.
        _balancer.DaemonPort = 1;
        left.Kill();
        _balancer.Cut();

        await Patience.ForAsync("the other daemon asks", () => machine.Simulator.Asked("marker-alone").Count == 2);
    }

    [Fact]
    public async Task Database_crashes_under_a_call_the_call_is_answered_once()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        using var server = new PostgresServer();
        await using var machine = await CreateAsync(server.Url());
        var daemon = await StartDaemonAsync("left");
        var shim = await ConnectAsync(daemon);
        var id = await shim.SendChatAsync("What is marker-crash?");
        await machine.Simulator.AskedAsync("marker-crash", tokens: 10);

        server.Crash();
        // The provider has answered by now; the answer waits for the database.
        await machine.Simulator.EndedAsync(machine.Simulator.Asked("marker-crash")[0], SimulatorOutcome.Completed);
        await shim.PingAsync();
        shim.Responses(id).ShouldBeEmpty();
        server.Start();
        var reply = await shim.ReplyAsync(id);

        reply.Text.ShouldContain("marker-crash");
        ((bool)reply.Receipt["durable"]!).ShouldBeTrue();
        shim.Responses(id).Count.ShouldBe(1);
        machine.Simulator.Asked("marker-crash").Count.ShouldBe(1);
    }

    [Fact]
    public async Task Daemon_starts_before_its_database_it_says_so_and_serves_when_that_is_there()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        using var server = new PostgresServer();
        server.Crash();
        await using var machine = await CreateAsync(server.Url());
        var daemon = await StartDaemonAsync("left");
        daemon.Health.Problems.ShouldContain(problem => problem.Contains("cannot be reached", StringComparison.Ordinal));
        (await machine.RunAsync(["health"], ("EXAI_HOME", daemon.Home.Path))).ExitCode.ShouldBe(1);
        var shim = await ConnectAsync(daemon);
        var id = await shim.SendChatAsync("What is marker-early?");

        server.Start();

        (await shim.ReplyAsync(id)).Text.ShouldContain("marker-early");
        (await machine.RunAsync(["health"], ("EXAI_HOME", daemon.Home.Path))).ExitCode.ShouldBe(0);
    }

    private static string SharedUrl()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may give a process a host of its own.");
        return PostgresServer.Shared.CreateDatabase();
    }

    private async Task<ExaiHomeFixture> CreateAsync(string store) =>
        _machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(AnswerTokens)], ("EXAI_STORE", store), ("EXAI_WS_TOKEN", Token));

    private Task<HostedDaemon> StartDaemonAsync(string name) => HostedDaemon.StartAsync(_machine, name);

    private async Task<ShimProcess> ConnectAsync(HostedDaemon daemon)
    {
        _balancer.DaemonPort = daemon.Health.Port;
        var shim = await _machine.StartClientAsync(
            ("EXAI_HOME", _machine.Folder("shim")), ("EXAI_WS_AUTOSTART", "false"), ("EXAI_WS_PORT", $"{_balancer.Port}"));
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        return shim;
    }

    private void MoveTo(HostedDaemon daemon)
    {
        _balancer.DaemonPort = daemon.Health.Port;
        _balancer.Cut();
    }
}
