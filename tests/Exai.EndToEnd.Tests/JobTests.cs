using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>A call that outlasts its client's patience: nothing is lost, and nothing is bought twice. Traps 13, 20, 46, 220 and 221.</summary>
public sealed class JobTests
{
    private static readonly TimeSpan LongestClaim = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_call_that_its_client_cannot_wait_for_is_answered_running_and_its_result_claimed_later_and_from_another_session()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(800)], ("EXAI_CLIENT_WAIT_SECS", "1"));
        var shim = await machine.StartClientAsync();
        var stranger = await machine.StartClientAsync();

        var reply = await shim.ReplyAsync(await shim.SendChatAsync("What is marker-long?", token: "1"));
        reply.IsError.ShouldBeFalse();
        Status(reply).ShouldBe("running");
        reply.Text.ShouldContain("job_result");
        var heard = shim.Progress().Count;

        var claimed = await ClaimAsync(shim, JobId(reply));
        claimed.Text.ShouldContain("marker-long");
        ((string?)claimed.Receipt["callId"]).ShouldBe(JobId(reply));

        var again = await ClaimAsync(stranger, JobId(reply));
        again.Text.ShouldBe(claimed.Text);
        ((string?)again.Receipt["recovered"]).ShouldBe("replayed");
        shim.Progress().Count.ShouldBe(heard);
        machine.Simulator.Asked("marker-long").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_survives_the_death_of_its_daemon_although_nobody_waits_for_it()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(2000)], ("EXAI_CLIENT_WAIT_SECS", "1"));
        var shim = await machine.StartClientAsync();
        var job = JobId(await shim.ReplyAsync(await shim.SendChatAsync("What is marker-orphan?")));

        await machine.Simulator.AskedAsync("marker-orphan", tokens: 1);
        await machine.Daemon.KillAsync();

        var claimed = await ClaimAsync(shim, job);
        claimed.Text.ShouldContain("marker-orphan");
        ((int?)claimed.Receipt["runs"]).ShouldBe(2);
    }

    [Fact]
    public async Task A_call_without_a_daemon_is_answered_running_and_given_to_the_daemon_that_comes()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(40)], ("EXAI_WS_AUTOSTART", "false"));
        var shim = await machine.StartClientAsync(("EXAI_CLIENT_WAIT_SECS", "1"));

        var reply = await shim.ReplyAsync(await shim.SendChatAsync("What is marker-early?"));
        Status(reply).ShouldBe("running");
        reply.Text.ShouldContain("No daemon has accepted it yet");
        await machine.Daemon.StartAsync();

        (await ClaimAsync(shim, JobId(reply))).Text.ShouldContain("marker-early");
    }

    [Fact]
    public async Task The_same_question_again_after_a_cancel_gets_the_first_ones_answer()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(600)]);
        var shim = await machine.StartClientAsync();
        var first = await shim.SendChatAsync("What is marker-again?");
        await machine.Simulator.AskedAsync("marker-again", tokens: 5);
        await CancelAsync(shim, first);

        var reply = await shim.ReplyAsync(await shim.SendChatAsync("What is marker-again?"));

        reply.Text.ShouldContain("marker-again");
        shim.Responses(first).ShouldBeEmpty();
        machine.Simulator.Asked("marker-again").ShouldHaveSingleItem().Outcome.ShouldBe(SimulatorOutcome.Completed);

        // It has been delivered: asked once more, it is another question.
        (await shim.ChatAsync("What is marker-again?")).IsError.ShouldBeFalse();
        machine.Simulator.Asked("marker-again").Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_cancelled_call_is_found_in_the_list_and_claimed_by_another_session()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(600)]);
        var shim = await machine.StartClientAsync();
        var first = await shim.SendChatAsync("What is marker-given-up?");
        await machine.Simulator.AskedAsync("marker-given-up", tokens: 5);
        await CancelAsync(shim, first);
        var stranger = await machine.StartClientAsync();

        var job = Listed(await stranger.CallAsync("job_list"), "marker-given-up");

        (await ClaimAsync(stranger, job)).Text.ShouldContain("marker-given-up");
        machine.Simulator.Asked("marker-given-up").ShouldHaveSingleItem().Outcome.ShouldBe(SimulatorOutcome.Completed);
    }

    [Fact]
    public async Task A_job_that_somebody_ends_leaves_the_provider_at_once()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(4000)]);
        var shim = await machine.StartClientAsync();
        var call = await shim.SendChatAsync("What is marker-ended?");
        var request = await machine.Simulator.AskedAsync("marker-ended", tokens: 5);
        var job = Listed(await shim.CallAsync("job_list"), "marker-ended");

        (await shim.CallAsync("job_cancel", new JsonObject { ["job_id"] = job })).Text.ShouldContain("is cancelled");

        (await shim.ReplyAsync(call)).Code.ShouldBe("CANCELLED");
        await machine.Simulator.EndedAsync(request, SimulatorOutcome.ClientGone);
        machine.Simulator.Asked("marker-ended").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_that_keeps_losing_its_daemon_ends_interrupted_and_its_claim_says_so()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [ProviderLog.Streams(4000)], ("EXAI_CALL_MAX_RUNS", "2"), ("EXAI_CLIENT_WAIT_SECS", "0.5"));
        var shim = await machine.StartClientAsync();
        var job = JobId(await shim.ReplyAsync(await shim.SendChatAsync("What is marker-cursed?")));
        for (var kill = 1; kill <= 2; kill++)
        {
            await machine.Simulator.Log.WaitForAsync(_ => machine.Simulator.Asked("marker-cursed").Count == kill, Patience.Token());
            await machine.Daemon.KillAsync();
        }

        (await ClaimAsync(shim, job)).Code.ShouldBe("INTERRUPTED");
        machine.Simulator.Asked("marker-cursed").Count.ShouldBe(2);
    }

    /// <summary>As a model does: it asks for the result until there is one.</summary>
    private static async Task<ToolReply> ClaimAsync(ShimProcess shim, string job)
    {
        var until = shim.Elapsed + LongestClaim;
        while (true)
        {
            var reply = await shim.CallAsync("job_result", new JsonObject { ["job_id"] = job });
            if (reply.IsError || Status(reply) != "running")
            {
                return reply;
            }

            shim.Elapsed.ShouldBeLessThan(until, "the job did not end");
            JobId(reply).ShouldBe(job);
        }
    }

    private static Task CancelAsync(ShimProcess shim, string id) =>
        shim.SendAsync($$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}},"reason":"timed out"}}""");

    private static string Listed(ToolReply list, string marker) =>
        list.Text.Split('\n').Single(line => line.Contains(marker, StringComparison.Ordinal)).Split(' ')[0];

    private static string? Status(ToolReply reply) => (string?)reply.Line.Message["result"]?["structuredContent"]?["status"];

    private static string JobId(ToolReply reply) => (string)reply.Line.Message["result"]!["structuredContent"]!["job_id"]!;
}
