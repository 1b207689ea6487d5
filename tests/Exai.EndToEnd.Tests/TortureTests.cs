using Exai.EndToEnd.Tests.Harness;
using Exai.Testing.Stores;

namespace Exai.EndToEnd.Tests;

/// <summary>A short run of the torture program; its help text says what it checks, and docs/recovery.md what long runs have found.</summary>
public sealed class TortureTests(ITestOutputHelper output)
{
    /// <summary>After a minute no call is begun, and one that got no answer is given up two minutes later.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Calls_of_four_shims_are_answered_once_and_with_their_own_answers_whatever_befalls_daemon_wire_and_provider()
    {
        await RunAsync("--seed", "1", "--shims", "4", "--calls", "160", "--kills", "8", "--minutes", "1");
    }

    [Fact]
    public async Task Calls_are_answered_once_and_within_the_limits_whatever_befalls_three_daemons_their_balancer_and_their_database()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipWhen(BalancerSetup.Missing is not null, BalancerSetup.Missing ?? "");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may give a process a host of its own.");
        await RunAsync("--cluster", "--seed", "1", "--shims", "4", "--calls", "150", "--faults", "6", "--db-restarts", "1", "--minutes", "1");
    }

    private async Task RunAsync(params string[] arguments)
    {
        var folder = Path.GetTempPath();
        var program = Path.Combine(AppContext.BaseDirectory, "Exai.Torture");

        await using var torture = new BackgroundProcess(ExaiProgram.Start(ExaiProgram.CleanEnvironment(folder), folder, program, arguments));
        var result = await torture.EndedAsync(Limit);

        output.WriteLine(result.Output);
        result.ExitCode.ShouldBe(0, result.ToString());
    }
}
