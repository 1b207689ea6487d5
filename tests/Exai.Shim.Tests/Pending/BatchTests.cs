namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rule 16: a client of a version with batches may send one, and gets its answers as one.</summary>
public sealed class BatchTests
{
    [Theory]
    [InlineData("2025-03-26")]
    [InlineData("2024-11-05")]
    public void Batch_is_answered_as_one_when_its_last_answer_is_there(string version) => ShimRig.Run(async rig =>
    {
        await ReadyAsync(rig, version);
        rig.Send(
            """[{"jsonrpc":"2.0","id":"p","method":"ping"},{"jsonrpc":"2.0","method":"notifications/odd"},""" +
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"a"}}},{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{"name":"chat","arguments":{"prompt":"b"}}}]""");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "both calls");
        rig.Daemon.Call(1).Answer("b");
        await rig.PassAsync(1);
        rig.Client.Batches.ShouldBeEmpty();
        rig.Daemon.Call().Answer("a");
        await rig.Client.ResponseAsync("1");

        rig.Client.Batches.ShouldHaveSingleItem().Select(line => line.IdJson).ShouldBe(["\"p\"", "\"1\"", "1"]);
        rig.Client.Responses("\"1\"").Single().ToolText.ShouldBe("b");
        rig.Daemon.Received.ShouldContain(message => message.Method == "notifications/odd");
    });

    [Fact]
    public void What_is_no_request_in_a_batch_is_refused_beside_the_others() => ShimRig.Run(async rig =>
    {
        await ReadyAsync(rig);
        rig.Send("""[1,{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","id":1.5,"method":"ping"},[]]""");
        await rig.Client.ResponseAsync("2");

        rig.Client.Batches.ShouldHaveSingleItem().Select(line => (line.IdJson, line.RpcErrorCode)).ShouldBe([(null, -32600), ("2", null), (null, -32600), (null, -32600)]);
    });

    [Fact]
    public void Cancelled_call_of_a_batch_is_left_out_and_does_not_hold_up_the_others() => ShimRig.Run(async rig =>
    {
        await ReadyAsync(rig);
        rig.Send("""[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat"}},{"jsonrpc":"2.0","id":2,"method":"ping"}]""");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Cancel("1");
        await rig.Client.ResponseAsync("2");

        rig.Client.Batches.ShouldHaveSingleItem().Select(line => line.IdJson).ShouldBe(["2"]);
    });

    [Theory]
    [InlineData("[]")]
    [InlineData("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}")]
    public void Empty_or_broken_batch_is_refused_with_one_error(string line) => ShimRig.Run(async rig =>
    {
        await ReadyAsync(rig);
        rig.Send(line);
        await rig.Client.LineAsync(answer => answer.RpcErrorCode is not null, "an error");
        rig.Send("""{"jsonrpc":"2.0","id":9,"method":"ping"}""");

        await rig.Client.ResponseAsync("9");
        rig.Client.Batches.ShouldBeEmpty();
    });

    [Fact]
    public void Batch_of_notifications_is_not_answered() => ShimRig.Run(async rig =>
    {
        await ReadyAsync(rig);
        var lines = rig.Client.Lines.Count;
        rig.Send("""[{"jsonrpc":"2.0","method":"notifications/odd"}]""");
        await rig.PassAsync(1);

        rig.Client.Lines.Count.ShouldBe(lines);
    });

    private static async Task ReadyAsync(ShimRig rig, string version = "2025-03-26")
    {
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        rig.Initialize(version);
        rig.Initialized();
        await rig.LinkAsync();
    }
}
