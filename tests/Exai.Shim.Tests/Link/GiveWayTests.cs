using Exai.Protocol;

namespace Exai.Shim.Tests.Link;

/// <summary>Close code 4001 of SESSION_MAX_CONCURRENT: the shim stays away until its client needs the daemon.</summary>
public sealed class GiveWayTests
{
    [Fact]
    public void Shim_that_gave_way_dials_again_only_for_its_client() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        for (var id = 1; id <= 3; id++)
        {
            rig.Call($"{id}");
            await rig.Client.ResponseAsync($"{id}");
        }

        await rig.PassAsync(60);
        rig.Daemon.Drop(LinkContract.GiveWayCloseCode);
        await rig.PassAsync(3600);
        rig.Daemon.Dials.Count.ShouldBe(1, "calls of long ago are no reason");
        rig.Daemon.Connections.Single().WasDisposed.ShouldBeTrue();

        rig.Call("9");
        (await rig.Client.ResponseAsync("9", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
        rig.Daemon.Dials.Count.ShouldBe(2);
    });

    [Fact]
    public void Shim_that_gave_way_answers_what_needs_no_daemon_without_dialling() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        await rig.PassAsync(5);
        rig.Daemon.Drop(LinkContract.GiveWayCloseCode);
        await rig.PassAsync(1);
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        await rig.Client.ResponseAsync("1");
        await rig.PassAsync(60);

        rig.Daemon.Dials.Count.ShouldBe(1);
    });

    [Theory]
    [InlineData(null)]
    [InlineData(LinkContract.GiveWayCloseCode)]
    public void Call_that_meets_the_end_of_its_link_is_answered_in_every_order(int? closeCode)
    {
        for (var run = 0; run < 100; run++)
        {
            var seed = run;
            ShimRig.Run(
                async rig =>
                {
                    await rig.ReadyAsync();
                    await rig.PassAsync(2);
                    if (seed % 2 == 0)
                    {
                        rig.Call("1");
                        rig.Daemon.Drop(closeCode);
                    }
                    else
                    {
                        rig.Daemon.Drop(closeCode);
                        rig.Call("1");
                    }

                    // Each of these steps lets the two meet elsewhere.
                    await Task.Yield();
                    rig.Call("2");
                    await Task.Yield();
                    rig.Call("3");
                    foreach (var id in (string[])["1", "2", "3"])
                    {
                        (await rig.Client.ResponseAsync(id, TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
                    }
                },
                seed: seed);
        }
    }

    [Fact]
    public void Shim_whose_place_is_asked_for_while_a_call_is_pending_comes_back_for_it() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Drop(LinkContract.GiveWayCloseCode);
        await rig.LinkAsync();
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });
}
