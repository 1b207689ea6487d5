using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Shim.Link;

namespace Exai.Shim.Tests.Link;

/// <summary>Checklist rule 21; traps 104–113.</summary>
public sealed class ReconnectTests
{
    private static readonly double[] Schedule = [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30];

    [Fact]
    public void Dials_without_daemon_follow_the_schedule_and_never_stop() => ShimRig.Run(async rig =>
    {
        rig.Initialize();
        await rig.PassAsync(600);

        var waits = Waits(rig);
        waits.Count.ShouldBeGreaterThan(20);
        for (var retry = 0; retry < waits.Count; retry++)
        {
            // 0 to 10 % by chance.
            var expected = retry < Schedule.Length ? Schedule[retry] : 30;
            waits[retry].ShouldBeInRange(expected, (expected * 1.1) + 0.001);
        }

        waits.Select(wait => Math.Round(wait % 0.25, 6)).Distinct().Count().ShouldBeGreaterThan(5, "the waits carry some chance");
    });

    [Fact]
    public void Dials_with_a_call_pending_wait_at_most_two_seconds() => ShimRig.Run(async rig =>
    {
        rig.Initialize();
        await rig.PassAsync(200);
        rig.Call("1");
        await rig.SettleAsync();
        var before = rig.Daemon.Dials.Count;
        await rig.PassAsync(60);

        Waits(rig).Skip(before).ShouldAllBe(wait => wait <= 2.201);
        (rig.Daemon.Dials.Count - before).ShouldBeGreaterThan(25);
        rig.Cancel("1");
    });

    [Fact]
    public void Call_in_a_long_wait_is_dialled_for_at_once() => ShimRig.Run(async rig =>
    {
        // Trap 108. No health file: only the call can tell.
        rig.Initialize();
        await rig.PassAsync(100);
        rig.Daemon.Start(writesHealth: false);
        var called = rig.Time.GetUtcNow();
        rig.Call("1");

        (await rig.Client.ResponseAsync("1")).At.ShouldBe(called, TimeSpan.FromMilliseconds(10));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Daemon_back_after_ten_minutes_is_found_by_its_health_file_without_any_call(bool elsewhere) => ShimRig.Run(async rig =>
    {
        // Traps 105 and 109.
        rig.Initialize();
        await rig.PassAsync(600);
        rig.Daemon.ListensAt = elsewhere ? 40123 : FakeDaemonPort;
        var back = rig.Time.GetUtcNow();
        rig.Daemon.Start();
        await rig.ConnectedAsync(TimeSpan.FromMilliseconds(250));

        rig.Daemon.Dials.First(dial => dial.At >= back).At.ShouldBe(back, TimeSpan.FromMilliseconds(100));
    });

    [Fact]
    public void Health_file_that_names_the_same_daemon_again_ends_no_wait() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Start();
        rig.Daemon.Kill();
        rig.Initialize();
        await rig.PassAsync(100);
        var before = rig.Daemon.Dials.Count;
        for (var second = 0; second < 10; second++)
        {
            HealthFile.Write(rig.Home, new HealthDocument { Epoch = rig.Daemon.Epoch, Port = FakeDaemonPort, T = second });
            await rig.PassAsync(1);
        }

        (rig.Daemon.Dials.Count - before).ShouldBeLessThanOrEqualTo(1);
    });

    [Fact]
    public void Daemon_that_came_up_during_a_failing_dial_is_not_missed() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Refusal = new LinkException(LinkFailure.NotNow, "busy");
        rig.Initialize();
        await rig.PassAsync(100);
        rig.Daemon.DialTakes = TimeSpan.FromSeconds(3);
        var dials = rig.Daemon.Dials.Count;
        await rig.UntilAsync(() => rig.Daemon.Dials.Count > dials, "the next dial");
        await rig.PassAsync(1);
        (rig.Daemon.Refusal, rig.Daemon.DialTakes) = (null, TimeSpan.Zero);
        rig.Daemon.Start();

        await rig.ConnectedAsync(TimeSpan.FromSeconds(2.25));
    });

    [Fact]
    public void Back_off_begins_anew_after_a_validated_connection_only() => ShimRig.Run(async rig =>
    {
        // Trap 107. The daemon takes the connection and then says nothing: 5 s for the probe, then the schedule.
        rig.Daemon.AnswersPings = false;
        rig.Daemon.Start();
        rig.Initialize();
        await rig.PassAsync(100);
        var waits = Waits(rig).Select(wait => wait - 5).ToList();
        for (var retry = 0; retry < 6; retry++)
        {
            waits[retry].ShouldBeInRange(Schedule[retry] - 0.002, (Schedule[retry] * 1.1) + 0.002);
        }

        rig.Daemon.AnswersPings = true;
        await rig.LinkAsync();
        await rig.PassAsync(5);
        rig.Daemon.Kill();
        var before = rig.Daemon.Dials.Count;
        await rig.PassAsync(5);

        var after = Waits(rig).Skip(before).ToList();
        after[0].ShouldBeInRange(0.25, 0.276);
        after[1].ShouldBeInRange(0.5, 0.551);
    });

    [Fact]
    public void Daemon_that_becomes_ready_and_drops_is_not_dialled_in_circles() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/list")
            {
                connection.Cut(null);
            }

            return false;
        };
        rig.Daemon.Start();
        rig.Initialize();
        rig.Call("1");
        await rig.PassAsync(10);

        rig.Daemon.Dials.Count.ShouldBeInRange(10, 45);
        rig.Daemon.Intercept = null;
        await rig.LinkAsync();
        rig.Daemon.Call().Answer();
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Max_retries_gives_up_fails_the_calls_and_the_next_call_tries_again() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1");
            failed.IsToolError.ShouldBeTrue();
            failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            failed.ToolText.ShouldContain("EXAI_WS_MAX_RETRIES");
            rig.Daemon.Dials.Count.ShouldBe(3);

            await rig.PassAsync(3600);
            rig.Daemon.Dials.Count.ShouldBe(3);

            rig.Call("2");
            (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(5))).ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            rig.Daemon.Start();
            rig.Call("3");
            (await rig.Client.ResponseAsync("3", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
        },
        rig => rig.Environment["EXAI_WS_MAX_RETRIES"] = "3");

    [Fact]
    public void Failed_attempts_are_logged_in_tiers_and_success_once() => ShimRig.Run(
        async rig =>
        {
            rig.Initialize();
            await rig.UntilAsync(() => rig.Daemon.Dials.Count == 75, "75 dials", TimeSpan.FromMinutes(3));
            rig.Daemon.Start();
            await rig.LinkAsync();

            rig.Log.Texts(2002).Select(text => text.Split(' ', ':')[4]).ShouldBe(["1", "5", "20", "50", "60", "70"]);
            rig.Log.Texts(2000).Single().ShouldContain("at attempt 76,");
        },
        rig => rig.Environment["EXAI_WS_RECONNECT_MAX_SECS"] = "1");

    [Fact]
    public void Each_daemon_of_twenty_restarts_is_found_and_every_call_answered_once() => ShimRig.Run(async rig =>
    {
        // Traps 113 and 134.
        await rig.ReadyAsync();
        for (var restart = 0; restart < 20; restart++)
        {
            rig.Call($"1{restart}");
            rig.Daemon.Restart();
            (await rig.Client.ResponseAsync($"1{restart}", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
        }

        rig.Daemon.Calls.Count.ShouldBe(20);
        rig.Shim.IsCompleted.ShouldBeFalse();
    });

    [Fact]
    public void Shim_that_leaves_while_it_waits_dials_no_more() => ShimRig.Run(async rig =>
    {
        // Trap 112.
        rig.Initialize();
        await rig.PassAsync(3);
        rig.Client.CloseInput();
        await rig.Shim;
        var dials = rig.Daemon.Dials.Count;
        rig.Daemon.Start();
        await rig.PassAsync(120);

        rig.Daemon.Dials.Count.ShouldBe(dials);
    });

    [Fact]
    public void Link_is_not_dialled_before_the_client_says_something() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Start();
        await rig.PassAsync(60);
        rig.Daemon.Dials.ShouldBeEmpty();
    });

    private const int FakeDaemonPort = Testing.Shim.FakeDaemon.Port;

    /// <summary>Seconds between dials, at one address.</summary>
    private static List<double> Waits(ShimRig rig) =>
        [.. rig.Daemon.Dials.Zip(rig.Daemon.Dials.Skip(1), (one, next) => (next.At - one.At).TotalSeconds)];
}
