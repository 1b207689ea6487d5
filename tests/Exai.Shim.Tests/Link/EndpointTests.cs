using Exai.Protocol;
using Exai.Shim.Link;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Link;

/// <summary>EXAI_WS_ENDPOINTS: several daemons with one store behind one shim.</summary>
public sealed class EndpointTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(10);

    [Fact]
    public void Link_stays_where_it_is_and_nothing_else_is_dialled() => Run(async (rig, cluster) =>
    {
        await LinkedAsync(rig, cluster);
        await rig.PassAsync(3600);
        rig.Call("1");

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        cluster.Dials.Count.ShouldBe(1);
    });

    [Fact]
    public void Loss_leads_back_to_the_same_daemon_if_it_is_there_at_once() => Run(async (rig, cluster) =>
    {
        var daemon = await LinkedAsync(rig, cluster);
        await rig.PassAsync(5);
        daemon.Drop();
        (await LinkedAsync(rig, cluster)).ShouldBe(daemon);

        await rig.PassAsync(5);
        daemon.Restart();
        (await LinkedAsync(rig, cluster)).ShouldBe(daemon);
        cluster.Dials.Count.ShouldBe(3);
    });

    [Fact]
    public void Killed_daemons_call_goes_on_at_the_next_one_without_a_wait_and_is_answered_once() => Run(async (rig, cluster) =>
    {
        var killed = await LinkedAsync(rig, cluster);
        Calls(cluster, answered: false);
        rig.Call("1");
        await rig.UntilAsync(() => cluster.Calls.Count == 1, "the call");
        await rig.PassAsync(5);

        var at = rig.Time.GetUtcNow();
        killed.Kill();
        await rig.UntilAsync(() => cluster.Calls.Single().Sent.Count == 2, "the call again");
        (rig.Time.GetUtcNow() - at).ShouldBeLessThan(AtOnce);
        cluster.Linked.Single().ShouldNotBe(killed);
        cluster.Calls.Single().Answer();
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();

        // The one that comes back has to wait until somebody needs it.
        var second = cluster.Linked.Single();
        killed.Start(writesHealth: false);
        await rig.PassAsync(600);
        cluster.Linked.Single().ShouldBe(second);
        rig.Client.Responses("1").Count().ShouldBe(1);
    });

    [Fact]
    public void Each_of_them_is_dialled_once_before_any_wait_and_then_the_schedule_begins() => Run(async (rig, cluster) =>
    {
        Stop(cluster);
        rig.Initialize();
        await rig.PassAsync(60);

        var rounds = cluster.Dials.Chunk(3).ToList();
        rounds.Count.ShouldBeGreaterThan(6);
        rounds.ShouldAllBe(round => round.Select(dial => dial.Endpoint.Port).Distinct().Count() == 3 && round[2].At - round[0].At < AtOnce);
        double[] schedule = [0.25, 0.5, 1, 2, 4];
        for (var retry = 0; retry < schedule.Length; retry++)
        {
            (rounds[retry + 1][0].At - rounds[retry][^1].At).TotalSeconds.ShouldBeInRange(schedule[retry], (schedule[retry] * 1.1) + 0.01);
        }

        rig.Launcher.Launched.ShouldBeEmpty();
        cluster.Daemons[2].Start(writesHealth: false);
        rig.Call("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Daemon_that_does_not_answer_holds_the_link_up_for_a_second_only_but_a_slow_one_is_given_its_time() => Run(async (rig, cluster) =>
    {
        var slow = await LinkedAsync(rig, cluster);
        await rig.PassAsync(5);
        slow.DialTakes = TimeSpan.FromSeconds(3);
        var at = rig.Time.GetUtcNow();
        slow.Drop();
        await rig.UntilAsync(() => cluster.Linked.Any(), "a link");
        (rig.Time.GetUtcNow() - at).TotalSeconds.ShouldBeInRange(1, 1.05);
        cluster.Linked.Single().ShouldNotBe(slow);

        await rig.PassAsync(5);
        Stop(cluster);
        slow.Start(writesHealth: false);
        await LinkedAsync(rig, cluster);
    });

    [Fact]
    public void Draining_daemon_is_left_as_soon_as_another_takes_the_link_and_its_call_is_answered_once() => Run(async (rig, cluster) =>
    {
        var drained = await LinkedAsync(rig, cluster);
        Calls(cluster, answered: false);
        rig.Call("1", token: "7");
        await rig.UntilAsync(() => cluster.Calls.Count == 1, "the call");
        await rig.PassAsync(5);

        var at = rig.Time.GetUtcNow();
        drained.Drain();
        rig.Call("2");
        await rig.UntilAsync(() => cluster.Calls.Count == 2 && cluster.Calls.First().Sent.Count == 2, "both calls elsewhere");

        (rig.Time.GetUtcNow() - at).ShouldBeLessThan(AtOnce);
        drained.Connections.Single().WasClosed.ShouldBeTrue();
        drained.Received.Count(message => message.Method == "tools/call").ShouldBe(1);
        foreach (var call in cluster.Calls)
        {
            call.Answer();
        }

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        (await rig.Client.ResponseAsync("2")).IsToolError.ShouldBeFalse();
        drained.Stop(LinkContract.RestartCloseCode);
        await rig.PassAsync(60);
        rig.Client.Responses("1").Count().ShouldBe(1);
        cluster.Linked.Single().ShouldNotBe(drained);
    });

    [Fact]
    public void Draining_daemon_keeps_its_link_while_no_other_takes_it() => Run(async (rig, cluster) =>
    {
        var drained = await LinkedAsync(rig, cluster);
        Stop(cluster, but: drained);
        Calls(cluster, answered: false);
        rig.Call("1", token: "7");
        await rig.UntilAsync(() => cluster.Calls.Count == 1, "the call");
        drained.Drain();
        await rig.PassAsync(10);
        cluster.Calls.Single().Progress(11);
        cluster.Calls.Single().Answer();
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();

        // One that comes back is found while it drains on.
        rig.Call("2");
        var other = cluster.Daemons.First(daemon => daemon != drained);
        other.Start(writesHealth: false);
        await rig.UntilAsync(() => cluster.Calls.Count == 2, "the second call", TimeSpan.FromSeconds(3));
        cluster.Linked.Single().ShouldBe(other);
        cluster.Calls.Last().Answer();
        (await rig.Client.ResponseAsync("2")).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Balancer_as_the_only_endpoint_is_dialled_again_while_the_daemon_behind_it_drains() => Run(
        async (rig, cluster) =>
        {
            var balancer = await LinkedAsync(rig, cluster);
            var first = balancer.Connection;
            balancer.Drain();
            balancer.Refusal = null;
            await rig.UntilAsync(() => balancer.Connections.Count == 2, "the next link", TimeSpan.FromSeconds(1));
            await rig.SettleAsync();

            first.WasClosed.ShouldBeTrue();
            balancer.Connection.IsOpen.ShouldBeTrue();
        },
        count: 1);

    [Fact]
    public void Daemon_that_refuses_the_token_is_passed_by() => Run(async (rig, cluster) =>
    {
        foreach (var daemon in cluster.Daemons.Skip(1))
        {
            daemon.Token = "another-token-of-theirs";
        }

        for (var call = 1; call <= 5; call++)
        {
            rig.Call($"{call}");
            (await rig.Client.ResponseAsync($"{call}", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
            await rig.PassAsync(5);
            cluster.Daemons[0].Drop();
        }
    });

    [Fact]
    public void Token_that_all_refuse_fails_calls_but_not_while_one_of_them_is_away() => Run(async (rig, cluster) =>
    {
        foreach (var daemon in cluster.Daemons)
        {
            daemon.Token = "another-token-of-theirs";
        }

        cluster.Daemons[1].Kill();
        rig.Call("1");
        await rig.PassAsync(10);
        rig.Client.Responses("1").ShouldBeEmpty();

        cluster.Daemons[1].Start(writesHealth: false);
        var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(5));
        failed.ErrorCode.ShouldBe(ErrorCodes.Unauthorized);
        failed.ToolText.ShouldContain("EXAI_WS_ENDPOINTS");
        cluster.Daemons.ShouldAllBe(daemon => failed.ToolText.Contains($"daemon{daemon.ListensAt}:{daemon.ListensAt}", StringComparison.Ordinal));
    });

    [Fact]
    public void Daemons_that_take_links_and_drop_them_are_not_dialled_in_circles() => Run(async (rig, cluster) =>
    {
        foreach (var daemon in cluster.Daemons)
        {
            daemon.Intercept = (connection, message) =>
            {
                if (message.Method is "tools/call")
                {
                    connection.Cut(null);
                }

                return false;
            };
        }

        rig.Call("1");
        await rig.PassAsync(10);
        cluster.Dials.Count.ShouldBeInRange(10, 50);
        // Two that drop links must not hide a third.
        cluster.Dials.CountBy(dial => dial.Endpoint.Port).ShouldAllBe(port => port.Value > 3);

        cluster.Daemons[1].Intercept = null;
        await rig.UntilAsync(() => cluster.Daemons[1].IsConnected, "a link that stays", TimeSpan.FromSeconds(2));
        await rig.PassAsync(5);
        cluster.Linked.Single().ShouldBe(cluster.Daemons[1]);
    });

    [Fact]
    public void Daemon_without_a_place_is_left_for_one_that_has_one() => Run(async (rig, cluster) =>
    {
        var full = await LinkedAsync(rig, cluster);
        await rig.PassAsync(5);
        full.Drop(LinkContract.GiveWayCloseCode);
        await rig.PassAsync(60);
        cluster.Dials.Count.ShouldBe(1, "nobody needs a daemon");

        rig.Call("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
        cluster.Linked.Single().ShouldNotBe(full);
    });

    [Fact]
    public void Silent_daemon_is_left_for_another() => Run(async (rig, cluster) =>
    {
        var frozen = await LinkedAsync(rig, cluster);
        rig.Call("1");
        await rig.Client.ResponseAsync("1");
        frozen.Frozen = true;
        rig.Call("2");

        (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(25))).IsToolError.ShouldBeFalse();
        cluster.Linked.Last().ShouldNotBe(frozen);
    });

    [Fact]
    public void Health_file_of_the_home_neither_leads_elsewhere_nor_ends_a_wait() => Run(async (rig, cluster) =>
    {
        Stop(cluster);
        rig.Daemon.Start();
        rig.Initialize();
        await rig.PassAsync(60);

        rig.Daemon.Dials.ShouldBeEmpty();
        cluster.Dials.Count.ShouldBeLessThanOrEqualTo(3 * 9);
    });

    [Fact]
    public void Endpoint_that_is_added_while_none_is_there_is_found_without_a_restart() => Run(
        async (rig, cluster) =>
        {
            rig.Environment["EXAI_WS_ENDPOINTS"] = cluster.Endpoints.Split(',')[0];
            cluster.Daemons[0].Kill();
            rig.Call("1");
            await rig.PassAsync(5);
            rig.Environment["EXAI_WS_ENDPOINTS"] = cluster.Endpoints;
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
        },
        count: 2);

    [Fact]
    public void Calls_survive_whatever_befalls_two_of_three_daemons_in_every_order()
    {
        for (var run = 0; run < 60; run++)
        {
            var seed = run;
            Run(
                async (rig, cluster) =>
                {
                    Calls(cluster, answered: false);
                    var random = new Random(seed);
                    await LinkedAsync(rig, cluster);
                    for (var id = 1; id <= 12; id++)
                    {
                        rig.Call($"{id}");
                        await rig.PassAsync(random.NextDouble() * random.Next(3));
                        // The third one is never touched, so that no call lacks a daemon.
                        var daemon = cluster.Daemons[random.Next(2)];
                        switch (random.Next(5))
                        {
                            case 0:
                                daemon.Kill();
                                break;
                            case 1:
                                daemon.Drain();
                                break;
                            case 2:
                                daemon.Stop(LinkContract.RestartCloseCode);
                                break;
                            case 3:
                                daemon.Refusal = null;
                                daemon.Restart();
                                File.Delete(rig.Home.HealthFile);
                                break;
                            default:
                                daemon.Drop();
                                break;
                        }

                        await Task.Yield();
                    }

                    await rig.UntilAsync(() => cluster.Calls.Count == 12, "all calls");
                    foreach (var call in cluster.Calls)
                    {
                        call.Answer();
                    }

                    for (var id = 1; id <= 12; id++)
                    {
                        (await rig.Client.ResponseAsync($"{id}", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
                    }
                },
                seed: seed);
        }
    }

    [Fact]
    public void Sessions_spread_evenly_and_those_of_a_lost_endpoint_over_the_rest()
    {
        var endpoints = Enumerable.Range(1, 3).Select(number => new Settings.LinkAddress($"exai-{number}", 8079)).ToList();
        var orders = Enumerable.Range(0, 3000).Select(number => new EndpointOrder($"session-{number}").Of(endpoints)).ToList();

        var firsts = orders.CountBy(order => order[0]).ToList();
        firsts.Count.ShouldBe(3);
        firsts.ShouldAllBe(first => first.Value > 900 && first.Value < 1100);
        orders.Where(order => order[0] == endpoints[0]).CountBy(order => order[1]).ShouldAllBe(second => second.Value > 440);
        // The same session decides alike whatever else is named.
        orders.Select(order => order.Where(endpoint => endpoint != endpoints[1])).Zip(Enumerable.Range(0, 3000))
            .ShouldAllBe(pair => pair.First.SequenceEqual(new EndpointOrder($"session-{pair.Second}").Of(new[] { endpoints[0], endpoints[2] })));
    }

    private static void Run(Func<ShimRig, FakeCluster, Task> body, int count = 3, int? seed = null) => ShimRig.Run(
        rig =>
        {
            rig.Cluster!.StartAll();
            return body(rig, rig.Cluster);
        },
        rig => rig.UseCluster(count),
        seed);

    /// <summary>The daemon with which the shim has a link that is ready.</summary>
    private static async Task<FakeDaemon> LinkedAsync(ShimRig rig, FakeCluster cluster)
    {
        if (cluster.Dials.Count == 0)
        {
            rig.Initialize();
            rig.Initialized();
        }

        await rig.UntilAsync(
            () => cluster.Linked.Any() && cluster.Linked.Single().Connection.Received.Any(message => message.Method == "tools/list"), "a link");
        return cluster.Linked.Single();
    }

    private static void Calls(FakeCluster cluster, bool answered)
    {
        foreach (var daemon in cluster.Daemons)
        {
            daemon.AnswersCalls = answered;
        }
    }

    private static void Stop(FakeCluster cluster, FakeDaemon? but = null)
    {
        foreach (var daemon in cluster.Daemons.Where(daemon => daemon != but))
        {
            daemon.Kill();
        }
    }
}
