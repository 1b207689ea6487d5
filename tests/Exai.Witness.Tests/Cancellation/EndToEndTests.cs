using System.Diagnostics;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.Witness.Tests.Cancellation;

/// <summary>Traps 12, 88, 221: a client's cancel goes all the way, through shim, link, daemon and gateway, to the provider.</summary>
public sealed class EndToEndTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Cancel_of_a_client_reaches_the_provider_within_a_second_at_each_stage()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_CANCEL_GRACE_SECS", "0"));
        var shim = await machine.StartClientAsync();
        // The daemon's start is no part of what is measured.
        (await shim.ChatAsync("Are you there?")).IsError.ShouldBeFalse();

        foreach (var stage in (string[])
            [SimulatorStage.ConnectAccepted, SimulatorStage.Headers, SimulatorStage.FirstToken, SimulatorStage.Reasoning, SimulatorStage.Answer, SimulatorStage.Finish])
        {
            machine.Simulator.Script = new SimulatorScript { Rules = [new SimulatorRule { HangAt = stage, AnswerTokens = 8 }] };
            var number = machine.Simulator.Log.Count + 1;
            var id = await shim.SendChatAsync($"This one hangs at {stage}.");
            var tokens = stage is SimulatorStage.Reasoning or SimulatorStage.Answer or SimulatorStage.Finish ? 4 : 0;
            await machine.Simulator.Log.WaitForTokensAsync(number, tokens, Patience.Token());

            var cancelledAt = Stopwatch.GetTimestamp();
            await shim.SendAsync($$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}}}}""");
            await machine.Simulator.Log.WaitForOutcomeAsync(number, SimulatorOutcome.ClientGone, Patience.Token());

            var took = Stopwatch.GetElapsedTime(cancelledAt);
            output.WriteLine($"{stage}: {took.TotalMilliseconds:0.0} ms");
            took.ShouldBeLessThan(TimeSpan.FromSeconds(1), stage);
            machine.Simulator.Log.Count.ShouldBe(number, stage);
            await shim.PingAsync();
            shim.Responses(id).ShouldBeEmpty(stage);
        }
    }

    [Fact]
    public async Task Call_runs_on_for_the_grace_and_is_then_cancelled_at_the_provider()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { PromptContains = "hangs", HangAt = SimulatorStage.FirstToken }], ("EXAI_CANCEL_GRACE_SECS", "1"));
        var shim = await machine.StartClientAsync();
        (await shim.ChatAsync("Are you there?")).IsError.ShouldBeFalse();

        var id = await shim.SendChatAsync("This one hangs.");
        var request = await machine.Simulator.AskedAsync("This one hangs.");
        var cancelledAt = Stopwatch.GetTimestamp();
        await shim.SendAsync($$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}}}}""");
        await machine.Simulator.EndedAsync(request, SimulatorOutcome.ClientGone);

        Stopwatch.GetElapsedTime(cancelledAt).ShouldBeInRange(TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(2));
    }
}
