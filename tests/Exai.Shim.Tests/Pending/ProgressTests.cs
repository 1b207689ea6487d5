using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rule 13; traps 34, 48, 149 and 150.</summary>
public sealed class ProgressTests
{
    [Theory]
    [InlineData("7")]
    [InlineData("\"p1\"")]
    [InlineData("\"7\"")]
    public void Token_comes_back_unchanged(string token) => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, token);
        rig.Daemon.Call().Progress(1);

        (await NoteAsync(rig)).Json["params"]!["progressToken"]!.ToJsonString().ShouldBe(token);
    });

    [Fact]
    public void Token_that_the_daemon_spells_otherwise_still_reaches_its_call() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, "\"Prüfung\"");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"Pr\u00fcfung","progress":1}}""");

        await NoteAsync(rig);
    });

    [Fact]
    public void Token_goes_to_its_own_call_and_a_strange_one_nowhere() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, "7");
        rig.Call("2", token: "\"7\"");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "the second call");
        rig.Daemon.Call(1).Progress(1, "second");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":8,"progress":1}}""");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/progress"}""");
        await rig.PassAsync(1);

        var note = rig.Client.Notifications("notifications/progress").ShouldHaveSingleItem();
        note.Json["params"]!["progressToken"]!.ToJsonString().ShouldBe("\"7\"");
    });

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("true")]
    public void Call_without_a_usable_token_gets_no_progress(string? token) => ShimRig.Run(async rig =>
    {
        rig.Call("1", token);
        await rig.PassAsync(60);
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Connection.Push($$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token ?? "null"}}},"progress":1} }""");
        await rig.PassAsync(60);
        rig.Daemon.Call().Answer();
        await rig.Client.ResponseAsync("1");

        rig.Client.Notifications("notifications/progress").ShouldBeEmpty();
    });

    [Fact]
    public void Hundred_reports_a_second_become_one_line_in_the_interval() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, "1");
        for (var report = 0; report < 1000; report++)
        {
            rig.Daemon.Call().Progress(report);
            await rig.PassAsync(0.01);
        }

        rig.Client.Notifications("notifications/progress").Count().ShouldBeInRange(4, 5);
    });

    [Fact]
    public void Values_rise_over_cut_wait_and_re_attach_and_end_before_the_response() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, "1");
        rig.Daemon.Call().Progress(5000);
        await NoteAsync(rig);
        rig.Daemon.Kill();
        await rig.PassAsync(20);

        // A daemon that counts further than the clock does not silence the shim.
        rig.Client.Notifications("notifications/progress").Count().ShouldBeInRange(6, 9);
        rig.Client.Notifications("notifications/progress").Last().Text.ShouldContain("daemon restarting, call is safe");
        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Call().Progress(4000);
        await rig.PassAsync(3);
        rig.Daemon.Call().Progress(6000);
        await rig.PassAsync(3);
        rig.Daemon.Call().Answer();
        await rig.Client.ResponseAsync("1");
        rig.Daemon.Call().Progress(7000);
        await rig.PassAsync(5);

        var values = rig.Client.Notifications("notifications/progress").Select(note => (double)note.Json["params"]!["progress"]!).ToList();
        values.ShouldBe(values.Order());
        values.Distinct().Count().ShouldBe(values.Count);
        values.ShouldNotContain(4000);
        values[^1].ShouldBe(6000);
        rig.Client.Lines[^1].IsResponse.ShouldBeTrue();
    });

    [Fact]
    public void Progress_of_a_cancelled_call_is_silent() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig, "1");
        rig.Cancel("1");
        await rig.SettleAsync();
        rig.Daemon.Call().Progress(1);
        await rig.PassAsync(30);

        rig.Client.Notifications("notifications/progress").ShouldBeEmpty();
    });

    private static async Task StartCallAsync(ShimRig rig, string token)
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1", token);
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
    }

    private static Task<ClientLine> NoteAsync(ShimRig rig) =>
        rig.Client.LineAsync(line => line.Method == "notifications/progress", "progress", TimeSpan.FromSeconds(1));
}
