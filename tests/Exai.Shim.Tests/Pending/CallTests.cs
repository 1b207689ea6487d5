using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rules 8, 9 and 11; traps 5, 6, 8, 22, 23, 28, 31, 33, 45, 48, 50 and 146.</summary>
public sealed class CallTests
{
    public enum Moment
    {
        BeforeTheSend,
        SentButNotAccepted,
        Accepted,
        MidStream,
        JournaledButNotSent,
        ResultSentAndLinkCut,
    }

    [Fact]
    public void Call_reaches_the_daemon_with_a_call_id_and_every_byte_of_its_own() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0", "x-top":[1, 2.50], "id":"a","method":"tools/call","params":{"name":"chat","arguments":{"prompt":"é\u00e9 \\ \"","n":1e3},"x-unknown":null}}""");
        await rig.Client.ResponseAsync("\"a\"");

        var sent = rig.Daemon.Call().Sent.Single();
        CallId.TryParse(sent.CallId, out _).ShouldBeTrue();
        sent.Text.Replace($"\"_meta\":{{\"exai/callId\":\"{sent.CallId}\"}},", "", StringComparison.Ordinal)
            .ShouldBe("""{"jsonrpc":"2.0", "x-top":[1, 2.50], "id":"a","method":"tools/call","params":{"name":"chat","arguments":{"prompt":"é\u00e9 \\ \"","n":1e3},"x-unknown":null}}""");
    });

    [Fact]
    public void Result_leaves_the_shim_byte_for_byte() => ShimRig.Run(async rig =>
    {
        // Trap 45.
        const string Result = """{"jsonrpc":"2.0","id":1 , "result":{"content":[{"type":"text","text":"ü\u00fc","annotations":{"a":1.0}}],"structuredContent":{"n":1.50e2},"_meta":{"exai/receipt":{"callId":"x"}},"x":[ ]}, "extra":true}""";
        await rig.ReadyAsync();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/call")
            {
                connection.Push(Result);
            }

            return message.Method is "tools/call";
        };
        rig.Call("1");

        (await rig.Client.ResponseAsync("1")).Text.ShouldBe(Result);
    });

    [Fact]
    public void Result_with_line_breaks_between_its_members_becomes_one_line() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/call")
            {
                connection.Push("{\"jsonrpc\":\"2.0\",\r\n\"id\":1,\n\"result\":{\"content\":[]}}\n");
            }

            return message.Method is "tools/call";
        };
        rig.Call("1");

        (await rig.Client.ResponseAsync("1")).Json.ToJsonString().ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{"content":[]}}""");
    });

    [Theory]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("""{"exai/callId":"not-one","progressToken":3}""")]
    [InlineData("""{"exai/callId":null}""")]
    [InlineData("""{ }""")]
    public void Meta_that_is_of_no_use_gets_the_call_id_all_the_same(string meta) => ShimRig.Run(async rig =>
    {
        // The daemon must not read another call id than the shim's own: it would run the call again after a reconnect.
        await rig.ReadyAsync();
        rig.Send($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","_meta":{{{meta}}},"arguments":{} } }""");
        await rig.Client.ResponseAsync("1");

        var text = rig.Daemon.Call().Sent.Single().Text;
        text.Split("exai/callId").Length.ShouldBe(2);
        text.Split("\"_meta\"").Length.ShouldBe(2);
        CallId.TryParse(rig.Daemon.Call().CallId, out _).ShouldBeTrue();
    });

    [Fact]
    public void Call_id_of_the_client_is_kept() => ShimRig.Run(async rig =>
    {
        var own = CallId.New(rig.Time);
        await rig.ReadyAsync();
        var line = $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","_meta":{"exai/callId":"{{{own}}}"},"arguments":{} } }""";
        rig.Send(line);
        await rig.Client.ResponseAsync("1");

        rig.Daemon.Call().Sent.Single().Text.ShouldBe(line);
    });

    [Fact]
    public void Daemon_that_comes_up_after_five_seconds_answers_the_call() => ShimRig.Run(async rig =>
    {
        // Trap 5, with no restart of the client.
        rig.Initialize();
        rig.Call("1", token: "\"p1\"");
        await rig.PassAsync(5);
        rig.Daemon.Start();

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
        var notes = rig.Client.Notifications("notifications/progress").ToList();
        notes.Count.ShouldBe(2);
        notes.ShouldAllBe(note => (string)note.Json["params"]!["message"]! == "waiting for the daemon" && (string)note.Json["params"]!["progressToken"]! == "p1");
    });

    [Fact]
    public void Daemon_that_never_comes_ends_the_call_at_its_clock() => ShimRig.Run(async rig =>
    {
        var called = rig.Time.GetUtcNow();
        rig.Call("1", token: "7");
        var failed = await rig.Client.ResponseAsync("1");

        (failed.At - called).TotalSeconds.ShouldBeInRange(960, 961);
        failed.IsToolError.ShouldBeTrue();
        failed.ToolText.ShouldStartWith("DAEMON_UNAVAILABLE: ");
        failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
        ((string?)failed.Result!["_meta"]!["exai/error"]!["clock"]).ShouldBe(Clocks.Call);
        CallId.TryParse((string?)failed.Result!["_meta"]!["exai/error"]!["callId"], out _).ShouldBeTrue();
        rig.Client.Notifications("notifications/progress").Count().ShouldBeInRange(300, 390);
    });

    [Fact]
    public void Clock_counts_the_time_without_delivery_not_the_time_of_the_answer() => ShimRig.Run(async rig =>
    {
        // 500 s without a daemon, 600 s in which it works: a short loss after that is no reason to say that none could be reached.
        rig.Daemon.AnswersCalls = false;
        rig.Call("1");
        await rig.PassAsync(500);
        rig.Daemon.Start();
        await rig.LinkAsync();
        await rig.PassAsync(600);
        rig.Daemon.Kill();
        await rig.PassAsync(10);
        rig.Client.Responses("1").ShouldBeEmpty();
        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Clock_adds_up_the_losses_of_a_daemon_that_comes_and_goes() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        for (var round = 0; round < 5; round++)
        {
            rig.Client.Responses("1").ShouldBeEmpty();
            await rig.PassAsync(30);
            rig.Daemon.Kill();
            await rig.PassAsync(200);
            rig.Daemon.Start();
        }

        rig.Client.Responses("1").ShouldHaveSingleItem().ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
    });

    [Theory]
    [InlineData(Moment.BeforeTheSend)]
    [InlineData(Moment.SentButNotAccepted)]
    [InlineData(Moment.Accepted)]
    [InlineData(Moment.MidStream)]
    [InlineData(Moment.JournaledButNotSent)]
    [InlineData(Moment.ResultSentAndLinkCut)]
    public void Link_lost_at_any_moment_gives_exactly_one_answer(Moment moment)
    {
        foreach (var killed in (bool[])[true, false])
        {
            for (var run = 0; run < 10; run++)
            {
                var seed = run;
                ShimRig.Run(rig => LoseAsync(rig, moment, killed), seed: seed);
            }
        }
    }

    private static async Task LoseAsync(ShimRig rig, Moment moment, bool killed)
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        if (moment is Moment.BeforeTheSend)
        {
            Lose();
        }

        rig.Daemon.Intercept = (_, message) =>
        {
            if (message.Method is not "tools/call" || moment is not Moment.SentButNotAccepted)
            {
                return false;
            }

            rig.Daemon.Intercept = null;
            Lose();
            return true;
        };
        rig.Call("1", token: "1");
        if (moment is not (Moment.BeforeTheSend or Moment.SentButNotAccepted))
        {
            await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
            switch (moment)
            {
                case Moment.MidStream:
                    rig.Daemon.Call().Progress(1);
                    await rig.SettleAsync();
                    break;
                case Moment.JournaledButNotSent:
                    rig.Daemon.Call().Journal();
                    break;
                case Moment.ResultSentAndLinkCut:
                    rig.Daemon.Call().Answer();
                    break;
            }

            Lose();
        }

        await rig.LinkAsync();
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().Answer();
        var answer = await rig.Client.ResponseAsync("1");
        rig.Daemon.Call().Deliver();
        await rig.PassAsync(1);

        answer.ToolText.ShouldBe($"answer to {rig.Daemon.Call().CallId}");
        rig.Client.Responses("1").ShouldHaveSingleItem();
        rig.Daemon.Calls.Count.ShouldBe(1);
        rig.Daemon.Received.Where(message => message.Method == "tools/call").Select(message => message.Text).Distinct().ShouldHaveSingleItem();

        void Lose()
        {
            if (killed)
            {
                rig.Daemon.Restart();
            }
            else
            {
                rig.Daemon.Drop(1006);
            }
        }
    }

    [Fact]
    public void Pending_calls_are_sent_again_in_their_order_before_anything_new() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        for (var id = 1; id <= 20; id++)
        {
            rig.Call($"{id}");
            await rig.SettleAsync();
        }

        rig.Daemon.Restart();
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.Where(message => message.Method == "tools/call").Select(message => message.IdJson)
            .ShouldBe(Enumerable.Range(1, 20).Select(id => $"{id}"));
    });

    [Fact]
    public void Answered_call_is_not_sent_again() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.Restart();
        await rig.LinkAsync();
        await rig.PassAsync(5);

        rig.Daemon.Received.Count(message => message.Method == "tools/call").ShouldBe(1);
    });

    [Fact]
    public void Ids_keep_their_type_and_do_not_cross() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        string[] ids = ["1", "\"1\"", "10", "-7", "9007199254740993", "\"\"", "\"ü\\n\\\"\"", "\"01\""];
        foreach (var id in ids)
        {
            rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"chat","arguments":{} } }""");
        }

        await rig.UntilAsync(() => rig.Daemon.Calls.Count == ids.Length, "the calls");
        foreach (var call in rig.Daemon.Calls.Reverse())
        {
            call.Answer($"for {JsonNode.Parse(call.IdJson)}".Replace("\n", "-", StringComparison.Ordinal).Replace("\"", "'", StringComparison.Ordinal));
        }

        foreach (var id in ids)
        {
            var value = JsonNode.Parse(id)!;
            var line = await rig.Client.ResponseAsync(value.ToJsonString());
            line.ToolText.ShouldBe($"for {value}".Replace("\n", "-", StringComparison.Ordinal).Replace("\"", "'", StringComparison.Ordinal));
        }
    });

    [Fact]
    public void Daemon_that_answers_twice_or_somebody_elses_id_causes_one_line() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.Client.ResponseAsync("1");
        var lines = rig.Client.Lines.Count;
        rig.Daemon.Call().Deliver();
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","id":"1","result":{}}""");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","id":77,"error":{"code":-32603,"message":"?"}}""");
        await rig.PassAsync(5);

        rig.Client.Lines.Count.ShouldBe(lines);
    });

    [Fact]
    public void Id_that_is_still_in_use_is_refused_and_the_first_call_answered() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        rig.Call("1");
        await rig.Client.LineAsync(line => line.RpcErrorCode is -32600, "the refusal");
        rig.Daemon.Call().Answer();
        await rig.Client.LineAsync(line => line.IdJson == "1" && line.Result is not null, "the answer");

        rig.Daemon.Calls.Count.ShouldBe(1);
    });

    [Fact]
    public void Equal_calls_are_two_calls() => ShimRig.Run(async rig =>
    {
        // Traps 31 and 33.
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"same"}}}""");
        rig.Send("""{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"same"}}}""");
        await rig.Client.ResponseAsync("1");
        await rig.Client.ResponseAsync("2");

        rig.Daemon.Calls.Select(call => call.CallId).Distinct().Count().ShouldBe(2);
    });

    [Fact]
    public void Draining_daemon_keeps_its_calls_and_its_successor_gets_the_new_ones() => ShimRig.Run(async rig =>
    {
        // Trap 51, rule 10.
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"exai/draining","params":{"epoch":"epoch-1","reconnectAfterMs":0}}""");
        await rig.SettleAsync();
        rig.Call("2");
        await rig.PassAsync(5);
        rig.Daemon.Calls.Count.ShouldBe(1);
        rig.Daemon.Call().Answer();
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();

        rig.Daemon.Stop(1012);
        rig.Daemon.AnswersCalls = true;
        rig.Daemon.Start();
        (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
        rig.Client.Lines.ShouldNotContain(line => line.Method == LinkContract.DrainingNotification);
    });

    [Fact]
    public void Call_held_back_by_a_daemon_that_drains_for_ever_ends_at_its_clock() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"exai/draining","params":{"epoch":"epoch-1","reconnectAfterMs":0}}""");
        await rig.SettleAsync();
        rig.Call("1", token: "5");

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(962))).ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
        rig.Client.Notifications("notifications/progress").ShouldNotBeEmpty();
    });

    [Fact]
    public void Result_too_long_for_a_client_is_one_short_line_that_says_so() => ShimRig.Run(async rig =>
    {
        // Rule 18.
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().Answer(new string('x', 20 * 1024 * 1024));
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeTrue();
        rig.Daemon.Connection.Push($$$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"{{{new string('x', 11 * 1024 * 1024)}}}"} }""");
        rig.Daemon.Connection.Push($$$"""{"jsonrpc":"2.0","id":5,"method":"sampling/createMessage","params":{"data":"{{{new string('x', 11 * 1024 * 1024)}}}"} }""");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.IdJson == "5"), "the refusal");

        rig.Client.Lines.Max(line => line.Bytes.Length).ShouldBeLessThan(10 * 1024 * 1024);
        rig.ListTools("2");
        await rig.Client.ResponseAsync("2");
    });

    [Fact]
    public void Call_with_very_deep_arguments_passes() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        var deep = new string('[', 500) + new string(']', 500);
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/call")
            {
                connection.Result(message, $$$"""{"content":[],"structuredContent":{"a":{{{deep}}}} }""");
            }

            return message.Method is "tools/call";
        };
        rig.Send($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{"a":{{{deep}}}} } }""");

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).Result.ShouldNotBeNull();
    });
}
