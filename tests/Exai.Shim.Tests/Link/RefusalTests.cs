using Exai.Protocol;
using Exai.Shim.Link;

namespace Exai.Shim.Tests.Link;

/// <summary>What a client hears when the link is refused, and how it heals without a restart; traps 6, 7, 14, 104 and 141.</summary>
public sealed class RefusalTests
{
    private const string Right = "the-right-token-0123456789";

    [Fact]
    public void Wrong_token_fails_calls_within_seconds_and_heals_when_the_file_changes() => ShimRig.Run(
        async rig =>
        {
            File.WriteAllText(rig.Home.TokenFile, "a-wrong-token-0123456789");
            rig.Daemon.Start();
            rig.Call("1");
            var first = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2));
            first.ErrorCode.ShouldBe(ErrorCodes.Unauthorized);
            rig.Call("2");
            (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(2))).ToolText.ShouldStartWith("UNAUTHORIZED: ");

            File.WriteAllText(rig.Home.TokenFile, Right);
            await rig.LinkAsync();
            rig.Call("3");
            (await rig.Client.ResponseAsync("3", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
            rig.Daemon.Dials.Select(dial => dial.Endpoint.SessionId).Distinct().ShouldHaveSingleItem();
        },
        UsesTokenFile);

    [Fact]
    public void Token_that_is_made_only_after_the_shim_began_is_read_at_the_next_dial() => ShimRig.Run(
        async rig =>
        {
            rig.Daemon.Start();
            rig.Initialize();
            await rig.PassAsync(0.1);
            rig.Daemon.Dials.Single().Endpoint.Token.ShouldBeNull();
            File.WriteAllText(rig.Home.TokenFile, Right);
            await rig.ConnectedAsync(TimeSpan.FromSeconds(1));
        },
        UsesTokenFile);

    [Fact]
    public void Calls_do_not_make_a_wrong_token_be_tried_faster() => ShimRig.Run(
        async rig =>
        {
            File.WriteAllText(rig.Home.TokenFile, "a-wrong-token-0123456789");
            rig.Daemon.Start();
            rig.Initialize();
            for (var call = 1; call <= 200; call++)
            {
                rig.Call($"{call}");
                await rig.PassAsync(0.5);
            }

            // 100 s: 0.25 + 0.5 + 1 + 2 + 4 + 8 + 16 + 30 …
            rig.Daemon.Dials.Count.ShouldBeInRange(8, 10);
            rig.Client.Lines.Count(line => line.ErrorCode == ErrorCodes.Unauthorized).ShouldBe(200);
        },
        UsesTokenFile);

    [Fact]
    public void Version_that_the_daemon_refuses_is_named_and_the_shim_stays() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Refusal = new LinkException(LinkFailure.VersionRefused, "The daemon does not talk to this shim's version 0.1.0.");
        rig.Daemon.Start();
        rig.Call("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2))).ToolText.ShouldContain("0.1.0");
        rig.Daemon.Refusal = null;

        // What was wrong may be mended: the call is not answered with an old verdict.
        rig.Call("2");
        (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(2))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Bad_setting_is_reported_when_no_daemon_runs_and_mended_without_a_restart() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2));
            failed.ErrorCode.ShouldBe(ErrorCodes.ConfigInvalid);
            failed.ToolText.ShouldContain("EXAI_WS_PORT");
            failed.ToolText.ShouldContain("GLM_STREAM_TIMEOUT");

            rig.Environment.Remove("EXAI_WS_PORT");
            rig.Environment.Remove("GLM_STREAM_TIMEOUT");
            rig.Daemon.Start();
            rig.Call("2");
            (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(2))).IsToolError.ShouldBeFalse();
        },
        rig =>
        {
            rig.Environment["EXAI_WS_PORT"] = "eighty";
            rig.Environment["GLM_STREAM_TIMEOUT"] = "-1";
        });

    [Fact]
    public void Bad_setting_does_not_disturb_a_daemon_that_runs() => ShimRig.Run(
        async rig =>
        {
            await rig.ReadyAsync();
            rig.Call("1");
            (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        },
        rig => rig.Environment["EXAI_WS_RECONNECT_MAX_SECS"] = "soon");

    private static void UsesTokenFile(ShimRig rig)
    {
        rig.Environment.Remove("EXAI_WS_TOKEN");
        rig.Daemon.Token = Right;
    }
}
