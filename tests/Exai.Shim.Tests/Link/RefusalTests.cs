using Exai.Protocol;
using Exai.Settings.Certificates;
using Exai.Settings.Home;
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
    public void Certificate_that_is_not_trusted_fails_calls_at_once_is_tried_slowly_and_heals_with_the_daemons_next_one() => ShimRig.Run(async rig =>
    {
        const string Reason = "The TLS certificate of the daemon at wss://exai.example:8079 is not accepted. It is for another.";
        rig.Daemon.Refusal = new LinkException(LinkFailure.Untrusted, Reason);
        rig.Daemon.Start();
        rig.Initialize();
        for (var call = 1; call <= 200; call++)
        {
            rig.Call($"{call}");
            await rig.PassAsync(0.5);
        }

        rig.Daemon.Dials.Count.ShouldBeInRange(8, 10);
        var errors = rig.Client.Lines.Where(line => line.ErrorCode == ErrorCodes.DaemonUnavailable).ToList();
        errors.Count.ShouldBe(200);
        errors.ShouldAllBe(line => line.ToolText.StartsWith($"DAEMON_UNAVAILABLE: {Reason}"));

        rig.Daemon.Refusal = null;
        HealthFile.Write(rig.Home, HealthFile.TryRead(rig.Home)! with { TlsCertificates = ["AB"] });
        await rig.LinkAsync(TimeSpan.FromSeconds(2));
        rig.Daemon.Dials[^1].Endpoint.Tls!.Known.ShouldBe("AB");
        rig.Call("201");
        (await rig.Client.ResponseAsync("201", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Stranger_at_the_default_port_does_not_speak_for_a_daemon_with_tls_that_is_away() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Strangers[8079] = new LinkException(LinkFailure.Untrusted, "Whoever listens at wss://127.0.0.1:8079 speaks no TLS.");
        rig.Daemon.ListensAt = 9000;
        rig.Daemon.Start();
        HealthFile.Write(rig.Home, HealthFile.TryRead(rig.Home)! with { TlsCertificates = ["AB"] });
        rig.Initialize();
        await rig.LinkAsync();
        rig.Daemon.Kill();
        rig.Call("1");
        await rig.PassAsync(20);
        rig.Client.Responses("1").ShouldBeEmpty();

        rig.Daemon.Start();
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Authority_that_is_put_in_its_place_is_worth_a_dial_and_the_endpoint_says_who_is_asked_by_tls() => ShimRig.Run(
        async rig =>
        {
            var authorities = Path.Combine(rig.Home.Path, "ca.pem");
            rig.Daemon.Refusal = new LinkException(LinkFailure.Untrusted, "not trusted");
            rig.Daemon.Start();
            rig.Initialize();
            await rig.PassAsync(100);
            var dials = rig.Daemon.Dials.Count;
            rig.Daemon.Dials.ShouldAllBe(dial => dial.Endpoint.Tls == new TlsTrust(authorities, "", null));
            rig.Daemon.Dials[0].Endpoint.Address.ShouldBe($"wss://127.0.0.1:{rig.Daemon.Dials[0].Endpoint.Port}");

            rig.Daemon.Refusal = null;
            File.WriteAllText(authorities, "an authority");
            await rig.LinkAsync(TimeSpan.FromSeconds(2));
            rig.Daemon.Dials.Count.ShouldBe(dials + 1);
        },
        rig =>
        {
            rig.Environment["EXAI_WS_ENDPOINTS"] = "wss://127.0.0.1:8079";
            rig.Environment["EXAI_TLS_CA"] = "ca.pem";
        });

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
