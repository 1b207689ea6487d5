using Exai.Protocol;

namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rule 17 and trap 146: what the shim does not know passes unchanged, and never hangs.</summary>
public sealed class OtherRequestTests
{
    [Fact]
    public void Unknown_method_reaches_the_daemon_unchanged() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        const string Line = """{"jsonrpc":"2.0","id":1,"method":"foo/bar","params":{"a":1.0,"_meta":{"x":"é\u00e9"}},"more":[true ]}""";
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "foo/bar")
            {
                connection.Result(message, """{"b":2.0}""");
            }

            return false;
        };
        rig.Send(Line);

        (await rig.Client.ResponseAsync("1")).Text.ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{"b":2.0}}""");
        rig.Daemon.Received.Last().Text.ShouldBe(Line);
    });

    [Fact]
    public void Unknown_notification_reaches_the_daemon_unchanged() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0","method":"notifications/roots/list_changed","x":1}""");
        await rig.UntilAsync(() => rig.Daemon.Received.Last().Text == """{"jsonrpc":"2.0","method":"notifications/roots/list_changed","x":1}""", "the notification");
    });

    [Fact]
    public void Unknown_method_without_daemon_fails_with_a_text_and_brings_a_dial_on() => ShimRig.Run(async rig =>
    {
        rig.Initialize();
        await rig.PassAsync(100);
        rig.Daemon.Start(writesHealth: false);
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"foo/bar"}""");
        var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100));
        failed.RpcErrorCode.ShouldBe(-32603);
        failed.RpcErrorText!.ShouldContain("not reachable");
        await rig.ConnectedAsync(TimeSpan.FromMilliseconds(100));
    });

    [Fact]
    public void Unknown_method_whose_link_is_lost_fails_once() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"foo/bar"}""");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "foo/bar"), "the request");
        rig.Daemon.Restart();
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).RpcErrorCode.ShouldBe(-32603);
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.ShouldNotContain(message => message.Method == "foo/bar");
    });

    [Fact]
    public void Unknown_method_that_the_daemon_never_answers_ends_at_the_call_clock() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"foo/bar"}""");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(962))).RpcErrorCode.ShouldBe(-32603);
    });

    [Theory]
    [InlineData("resources/list", "resources")]
    [InlineData("resources/templates/list", "resourceTemplates")]
    public void List_of_what_there_is_none_is_empty(string method, string member) => ShimRig.Run(async rig =>
    {
        rig.Send($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}"}""");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100))).Result![member]!.AsArray().ShouldBeEmpty();
    });

    [Fact]
    public void Call_without_parameters_is_the_daemons_to_refuse() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/call")
            {
                connection.Push("""{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no params"}}""");
            }

            return message.Method is "tools/call";
        };
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"tools/call"}""");
        (await rig.Client.ResponseAsync("1")).RpcErrorCode.ShouldBe(-32602);
    });

    [Fact]
    public void Line_above_the_limit_is_refused_and_the_next_one_read() => ShimRig.Run(
        async rig =>
        {
            rig.Send("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":" """ + new string('x', 70_000) + "\"}}}");
            var refusal = await rig.Client.LineAsync(line => line.RpcErrorCode is -32600, "the refusal");
            refusal.RpcErrorText!.ShouldContain("EXAI_WS_MAX_BYTES");
            rig.Send("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
            await rig.Client.ResponseAsync("2");
        },
        rig => rig.Environment["EXAI_WS_MAX_BYTES"] = "65536");

    /// <summary>The call's id and its files are added to what the client wrote.</summary>
    [Theory]
    [InlineData("tools/call")]
    [InlineData("completion/complete")]
    public void Request_that_is_too_long_for_the_link_is_refused_here(string method) => ShimRig.Run(
        async rig =>
        {
            await rig.ReadyAsync();
            var line = Line(method, 0);
            rig.Send(Line(method, 65_536 - line.Length));
            var refusal = await rig.Client.ResponseAsync("1");
            if (method == "tools/call")
            {
                (refusal.ErrorCode, refusal.ToolText.Contains("65,536 bytes (EXAI_WS_MAX_BYTES)", StringComparison.Ordinal)).ShouldBe((ErrorCodes.InvalidArgument, true), refusal.ToString());
                rig.Daemon.Calls.ShouldBeEmpty();
            }
            else
            {
                refusal.RpcErrorCode.ShouldNotBeNull();
            }

            rig.Call("2");
            (await rig.Client.ResponseAsync("2")).IsToolError.ShouldBeFalse();
            rig.Daemon.Connections.Count.ShouldBe(1);
        },
        rig =>
        {
            rig.Environment["EXAI_WS_MAX_BYTES"] = "65536";
            rig.Daemon.Intercept = (connection, message) =>
            {
                if (message.Method is "completion/complete")
                {
                    connection.Push("""{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}""");
                }

                return message.Method is "completion/complete";
            };
        });

    /// <summary>A daemon whose own limit is lower ends the link by the longest message; sent again, it would end each link.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Daemon_that_finds_a_call_too_long_ends_it_and_the_others_go_on(bool wasOutwaited) => ShimRig.Run(
        async rig =>
        {
            await rig.ReadyAsync();
            rig.Call("1");
            await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the short call");
            rig.Send(Line("tools/call", 5000, "2"));
            if (wasOutwaited)
            {
                (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(20))).IsToolError.ShouldBeFalse();
            }

            rig.Daemon.Intercept = (_, message) =>
            {
                var isTooLong = message.Json.ToJsonString().Length > 5000;
                if (isTooLong)
                {
                    rig.Daemon.Drop(LinkContract.TooBigCloseCode);
                }

                return isTooLong;
            };
            rig.Daemon.Restart();
            await rig.PassAsync(10);

            if (!wasOutwaited)
            {
                var failed = await rig.Client.ResponseAsync("2");
                (failed.ErrorCode, failed.ToolText.Contains("EXAI_WS_MAX_BYTES", StringComparison.Ordinal)).ShouldBe((ErrorCodes.InvalidArgument, true), failed.ToString());
            }

            rig.Daemon.IsConnected.ShouldBeTrue();
            rig.Daemon.Call().Answer();
            (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
            rig.Daemon.Connections.Count.ShouldBeLessThanOrEqualTo(3);
        },
        rig =>
        {
            rig.Daemon.AnswersCalls = false;
            rig.Environment["EXAI_CLIENT_WAIT_SECS"] = wasOutwaited ? "10" : "86400";
        });

    private static string Line(string method, int filling, string id = "1") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{"name":"chat","arguments":{"prompt":"{{new string('x', filling)}}"} } }""";
}
