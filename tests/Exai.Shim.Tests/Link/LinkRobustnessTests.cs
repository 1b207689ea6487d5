using System.ComponentModel;
using System.Text;
using Exai.Protocol;
using Exai.Shim.Link;

namespace Exai.Shim.Tests.Link;

/// <summary>Whatever the daemon, its connection or this machine does, the link comes back and the shim stays; traps 134, 141 and 152.</summary>
public sealed class LinkRobustnessTests
{
    [Fact]
    public void Home_that_cannot_be_used_fails_the_call_with_its_path_and_leaves_the_shim_up() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2));
            failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            failed.ToolText.ShouldContain("not-a-folder");
            await StaysUpAsync(rig);
        },
        rig =>
        {
            File.WriteAllText(Path.Combine(rig.Home.Path, "not-a-folder"), "");
            rig.Environment["EXAI_HOME"] = Path.Combine(rig.Home.Path, "not-a-folder");
            rig.Environment["EXAI_WS_AUTOSTART"] = "true";
        });

    [Fact]
    public void Program_that_cannot_be_started_fails_the_call_and_leaves_the_shim_up() => ShimRig.Run(
        async rig =>
        {
            rig.Launcher.OnLaunch = _ => throw new Win32Exception("no more processes");
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2));
            failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            failed.ToolText.ShouldContain("no more processes");
            await StaysUpAsync(rig);
        },
        rig => rig.Environment["EXAI_WS_AUTOSTART"] = "true");

    [Fact]
    public void Dial_that_fails_in_an_unforeseen_way_is_tried_again() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Refusal = new ArgumentException("a header that cannot be sent");
        rig.Daemon.Start();
        rig.Call("1");
        await rig.PassAsync(3);
        rig.Daemon.Dials.Count.ShouldBeInRange(3, 5);
        rig.Daemon.Refusal = null;

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
    });

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(System.Net.WebSockets.WebSocketException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(OperationCanceledException))]
    public void Receive_that_throws_ends_the_connection_and_the_call_goes_to_the_next(Type failure) => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Connection.Break((Exception)Activator.CreateInstance(failure)!);
        await rig.LinkAsync();
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
        rig.Daemon.Call().Sent.Count.ShouldBe(2);
        rig.Daemon.Connections[0].WasDisposed.ShouldBeTrue();
    });

    [Fact]
    public void Frames_that_are_no_messages_harm_nobody() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "initialize" or "ping")
            {
                PushNonsense(connection);
            }

            return false;
        };
        await rig.ReadyAsync();
        var lines = rig.Client.Lines.Count;
        PushNonsense(rig.Daemon.Connection);
        rig.Call("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();

        rig.Client.Lines.Count.ShouldBe(lines + 1);
        rig.Daemon.Dials.Count.ShouldBe(1);

        static void PushNonsense(Testing.Shim.FakeConnection connection)
        {
            connection.Push("");
            connection.Push("nonsense");
            connection.Push("[]");
            connection.Push("{}");
            connection.Push("""{"jsonrpc":"2.0","id":"\ud800","result":{}}""");
            connection.Push("""{"jsonrpc":"2.0","id":{},"result":{}}""");
            connection.Push("""{"jsonrpc":"2.0","id":12345,"result":{}}""");
            connection.Push([.. Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",\"id\":\""), 0xFF, .. Encoding.UTF8.GetBytes("exai:probe-\",\"result\":{}}")]);
        }
    });

    [Fact]
    public void Handshake_that_the_daemon_refuses_is_no_link() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is not "initialize")
            {
                return false;
            }

            connection.Push($$$"""{"jsonrpc":"2.0","id":{{{message.IdJson}}},"error":{"code":-32602,"message":"no such version"}}""");
            return true;
        };
        rig.Daemon.Start();
        rig.Initialize();
        await rig.PassAsync(3);
        rig.Daemon.Received.ShouldNotContain(message => message.Method == "tools/list");
        rig.Log.Texts(2002).First().ShouldContain("no such version");
        rig.Daemon.Intercept = null;

        await rig.LinkAsync();
    });

    [Fact]
    public void Send_that_fails_ends_the_connection_and_the_call_goes_to_the_next() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.SendsHang = true;
        rig.Call("1");
        // 15 s of silence, 5 s for a probe that cannot even be sent.
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(21 + 15))).IsToolError.ShouldBeFalse();
        rig.Daemon.Dials.Count.ShouldBe(2);
    });

    [Fact]
    public void Stranger_at_the_address_does_not_keep_a_daemon_from_being_started() => ShimRig.Run(
        async rig =>
        {
            // The default port is taken: the daemon that is started takes another and writes it to the health file.
            rig.Daemon.Refusal = new LinkException(LinkFailure.NotADaemon, "Whoever listens at 127.0.0.1:8079 answered 404.");
            rig.Launcher.OnLaunch = _ =>
            {
                rig.Daemon.Refusal = null;
                rig.Daemon.ListensAt = 40124;
                rig.Daemon.Start();
            };
            rig.Call("1");

            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(2))).IsToolError.ShouldBeFalse();
            rig.Launcher.Launched.Count.ShouldBe(1);
        },
        rig => rig.Environment["EXAI_WS_AUTOSTART"] = "true");

    [Fact]
    public void Daemon_that_is_ending_or_slow_is_no_reason_to_start_another() => ShimRig.Run(
        async rig =>
        {
            rig.Daemon.Refusal = new LinkException(LinkFailure.NotNow, "The daemon is ending.");
            rig.Call("1");
            await rig.PassAsync(10);
            rig.Launcher.Launched.ShouldBeEmpty();
            rig.Cancel("1");
        },
        rig => rig.Environment["EXAI_WS_AUTOSTART"] = "true");

    private static async Task StaysUpAsync(ShimRig rig)
    {
        await rig.PassAsync(60);
        rig.Shim.IsCompleted.ShouldBeFalse();
        rig.Send("""{"jsonrpc":"2.0","id":"alive","method":"ping"}""");
        (await rig.Client.ResponseAsync("\"alive\"", TimeSpan.FromSeconds(1))).Result.ShouldNotBeNull();
    }
}
