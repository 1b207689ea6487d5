namespace Exai.Shim.Tests.Pending;

/// <summary>The relay's queues are bounded; a client that floods or does not read harms only itself.</summary>
public sealed class FloodTests
{
    [Fact]
    public void Calls_beyond_two_thousand_are_refused_with_the_reason_and_the_others_answered() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        for (var id = 1; id <= 2001; id++)
        {
            rig.Call($"{id}");
        }

        var refused = await rig.Client.ResponseAsync("2001");
        refused.ErrorCode.ShouldBe("OVER_CAPACITY");
        refused.ToolText.ShouldContain("2,000 requests wait");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2000, "the calls");
        foreach (var call in rig.Daemon.Calls)
        {
            call.Answer();
        }

        await rig.UntilAsync(() => rig.Client.Lines.Count(line => line.IsResponse) == 2002, "all answers");
    });

    [Fact]
    public void Client_that_does_not_read_misses_notes_and_no_answer() => ShimRig.Run(async rig =>
    {
        rig.Environment["EXAI_WS_PROGRESS_INTERVAL_SECS"] = "0";
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1", "\"t\"");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        for (var note = 0; note < 5000; note++)
        {
            rig.Daemon.Call().Progress(note);
        }

        rig.Daemon.Call().Answer();
        await rig.Client.ResponseAsync("1");

        rig.Client.Notifications("notifications/progress").Count().ShouldBeInRange(1, 4999);
    });
}
