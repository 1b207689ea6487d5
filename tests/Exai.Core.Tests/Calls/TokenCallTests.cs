using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage.Sql;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Core.Tools.Jobs;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>What a named token's calls may take, and who can find them.</summary>
public sealed class TokenCallTests
{
    [Theory, EveryStore]
    public void Calls_at_once_are_counted_over_all_daemons_and_a_place_is_free_when_one_ends(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Concurrent = 2 };
        var (left, right) = (world.Start(), world.Start());
        using var first = left.Calls.StartOrAttach(Of(world, "alice", "one"));
        using var second = right.Calls.StartOrAttach(Of(world, "alice", "two"));
        await world.AfterAsync(1);

        var refused = await right.AskAsync(Of(world, "alice", "three"));
        var bob = await right.AskAsync(Of(world, "bob", "not limited"));

        refused.Error!.Code.ShouldBe(ErrorCodes.OverCapacity);
        refused.Error.RetryAfterSecs.ShouldBe(2);
        refused.Text.ShouldContain("'alice' may run 2 calls at once, and 2 run");
        bob.State.ShouldBe(CallState.Succeeded);
        await first.Outcome;
        (await left.AskAsync(Of(world, "alice", "three"))).State.ShouldBe(CallState.Succeeded);
        world.Tokens.Refusals.ShouldBe([("alice", ErrorCodes.OverCapacity)]);
    });

    [Theory, EveryStore]
    public void Refused_call_is_not_journaled_and_its_id_may_be_sent_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Concurrent = 1 };
        var daemon = world.Start();
        using var running = daemon.Calls.StartOrAttach(Of(world, "alice", "one"));
        await world.AfterAsync(1);
        var call = Of(world, "alice", "two");

        (await daemon.AskAsync(call)).State.ShouldBe(CallState.Failed);
        (await daemon.FindAsync(call.CallId)).ShouldBeNull();
        await running.Outcome;

        (await daemon.AskAsync(call)).State.ShouldBe(CallState.Succeeded);
    });

    /// <summary>A call of a daemon that died with its host would otherwise hold its place for ever.</summary>
    [Theory, EveryStore]
    public void Call_that_nobody_runs_any_more_holds_no_place(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Concurrent = 1 };
        var daemon = world.Start();
        using (daemon.Calls.StartOrAttach(Of(world, "alice", "one")))
        {
            await world.AfterAsync(1);
            await daemon.KillAsync();
        }

        await world.AfterAsync(world.Options.Lease.TotalSeconds + 11);

        (await world.Start().AskAsync(Of(world, "alice", "two"))).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Call_that_is_sent_again_is_joined_however_many_run(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Concurrent = 1, PerMinute = 1 };
        var (left, right) = (world.Start(), world.Start());
        var call = Of(world, "alice", "one");
        using var first = left.Calls.StartOrAttach(call);
        await world.AfterAsync(1);

        (await right.AskAsync(call)).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Calls_a_minute_are_counted_over_a_sliding_minute(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { PerMinute = 2 };
        var daemon = world.Start();
        await daemon.AskAsync(Of(world, "alice", "one"));
        await daemon.AskAsync(Of(world, "alice", "two"));

        var refused = await daemon.AskAsync(Of(world, "alice", "three"));

        // Each takes ten seconds: the first was accepted twenty seconds ago.
        refused.Error!.Code.ShouldBe(ErrorCodes.OverCapacity);
        refused.Error.RetryAfterSecs.ShouldBe(40);
        refused.Text.ShouldContain("'alice' may make 2 calls a minute");
        await world.AfterAsync(40.5);
        (await daemon.AskAsync(Of(world, "alice", "three"))).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Cost_of_a_day_is_what_the_ledger_says_of_all_daemons_and_ends_at_midnight(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { UsdPerDay = 1m };
        var daemon = world.Start();
        await using var database = world.File.OpenAny(world.Time);
        await new SqlAttemptLedger(database).SaveAsync(
            new AttemptRecord
            {
                CallId = "elsewhere",
                Run = 1,
                Number = 1,
                StartedAt = world.Time.GetUtcNow(),
                AskedModel = "auto",
                Provider = "glm",
                Model = "glm-4.6",
                Token = "alice",
                CostUsd = 1.25m,
            },
            CancellationToken.None);

        var refused = await daemon.AskAsync(Of(world, "alice", "one"));

        refused.Error!.Code.ShouldBe(ErrorCodes.RateLimited);
        refused.Text.ShouldContain("'alice' may cost 1 USD a day, and has cost 1.25 USD since midnight UTC");
        var midnight = TokenLimits.DayOf(world.Time.GetUtcNow()).AddDays(1);
        refused.Error.RetryAfterSecs!.Value.ShouldBe((midnight - world.Time.GetUtcNow()).TotalSeconds, 2);
        (await daemon.AskAsync(world.Chat("the owner's"))).State.ShouldBe(CallState.Succeeded);
        await world.AfterAsync((midnight - world.Time.GetUtcNow()).TotalSeconds + 1);
        (await daemon.AskAsync(Of(world, "alice", "tomorrow"))).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Attempts_of_a_token_bear_its_name(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = Of(world, "alice", "one");
        await daemon.AskAsync(call);
        await using var database = world.File.OpenAny(world.Time);

        (await new SqlAttemptLedger(database).FindAsync(call.CallId, CancellationToken.None)).Single().Token.ShouldBe("alice");
        (await daemon.FindAsync(call.CallId))!.Token.ShouldBe("alice");
    });

    [Theory, EveryStore]
    public void Job_of_another_is_not_found_the_owner_finds_all(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = Of(world, "alice", "mine");
        await daemon.AskAsync(call);
        var owners = world.Chat("the owner's");
        await daemon.AskAsync(owners);
        using var running = daemon.Calls.StartOrAttach(Of(world, "alice", "runs"));
        await world.AfterAsync(1);

        (await daemon.Calls.ClaimAsync(call.CallId, "bob", CancellationToken.None)).ShouldBeNull();
        (await daemon.Calls.ClaimAsync(running.CallId, "bob", CancellationToken.None)).ShouldBeNull();
        (await daemon.Calls.ClaimAsync(owners.CallId, "bob", CancellationToken.None)).ShouldBeNull();
        foreach (var token in new[] { "alice", null })
        {
            using var job = await daemon.Calls.ClaimAsync(call.CallId, token, CancellationToken.None);
            (await job!.Outcome).State.ShouldBe(CallState.Succeeded);
        }

        (await ListAsync("alice")).ShouldBe(2);
        (await ListAsync("bob")).ShouldBe(0);
        (await ListAsync(null)).ShouldBe(3);
        var cancelling = new JobCancelTool(new JobFinder(() => daemon.Calls, world.Time), world.Time)
            .AnswerAsync(new ToolArguments(JobTools.Cancel, JsonElement.Parse($$"""{"job_id":"{{running.CallId}}"}""")) { Token = "bob" }, CancellationToken.None);
        (await Should.ThrowAsync<CallException>(() => cancelling)).Message.ShouldContain("No call");
        (await running.Outcome).State.ShouldBe(CallState.Succeeded);

        async Task<int> ListAsync(string? token) => (await daemon.Store.ListAsync(10, token, CancellationToken.None)).Count;
    });

    [Theory, EveryStore]
    public void Call_id_of_another_is_a_conflict_and_runs_nothing(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = Of(world, "alice", "mine");
        await daemon.AskAsync(call);

        var taken = await daemon.AskAsync(call with { Token = "bob" });

        taken.Error!.Code.ShouldBe(ErrorCodes.CallConflict);
        taken.Text.ShouldNotContain("alice");
    });

    [Theory, EveryStore]
    public void Thread_of_another_is_not_found_also_before_its_first_turn_the_owner_may_go_on_with_it(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(Of(world, "alice", "begin"))).Receipt.ThreadId!;
        using var begins = daemon.Calls.StartOrAttach(Of(world, "alice", "begin another"));
        await world.AfterAsync(1);
        var begun = (await daemon.FindAsync(begins.CallId))!.ThreadId;

        foreach (var id in new[] { thread, begun })
        {
            var refused = await daemon.AskAsync(Of(world, "bob", "what did she ask?", id));
            refused.Error!.Code.ShouldBe(ErrorCodes.ThreadNotFound);
            refused.Receipt.Runs.ShouldBe(0);
        }

        (await daemon.AskAsync(Of(world, "alice", "go on", thread))).State.ShouldBe(CallState.Succeeded);
        (await daemon.AskAsync(world.Chat("the owner goes on", thread))).State.ShouldBe(CallState.Succeeded);
        (await daemon.AskAsync(Of(world, "alice", "and on", thread))).State.ShouldBe(CallState.Succeeded);
        var owners = (await daemon.AskAsync(world.Chat("the owner's own"))).Receipt.ThreadId!;
        (await daemon.AskAsync(Of(world, "alice", "and his?", owners))).Error!.Code.ShouldBe(ErrorCodes.ThreadNotFound);
    });

    /// <summary>A call that is taken over, by a daemon that may have other users connected, goes on under the limits and the name that it had.</summary>
    [Theory, EveryStore]
    public void Call_that_is_taken_over_keeps_its_token(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Concurrent = 1, Models = new ModelAllowance(["glm/glm-4.6"]) };
        var left = world.Start();
        var call = Of(world, "alice", "one");
        using (left.Calls.StartOrAttach(call))
        {
            await world.AfterAsync(1);
            await left.KillAsync();
        }

        var right = world.Start();
        using var claimed = await right.Calls.ClaimAsync(call.CallId, token: null, CancellationToken.None);

        (await claimed!.Outcome).Receipt.Model.ShouldBe("glm-4.6");
        (await right.FindAsync(call.CallId))!.Token.ShouldBe("alice");
    });

    [Theory, EveryStore]
    public void Model_that_the_token_may_not_ask_is_refused_with_those_that_it_may(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Models = new ModelAllowance(["glm/glm-4.5-air"]) };
        var daemon = world.Start();

        var refused = await daemon.AskAsync(world.Call("chat", new { prompt = "hello", model = "glm-4.6" }) with { Token = "alice" });
        var chosen = await daemon.AskAsync(Of(world, "alice", "auto"));

        refused.Error!.Code.ShouldBe(ErrorCodes.ModelNotFound);
        refused.Text.ShouldContain("glm/glm-4.6 is not among those that your token may ask: glm/glm-4.5-air");
        chosen.Receipt.Model.ShouldBe("glm-4.5-air");
        world.Tokens.Refusals.ShouldBe([("alice", ErrorCodes.ModelNotFound)]);
    });

    [Fact]
    public void Consensus_without_names_asks_those_that_may_be_asked_and_named_ones_that_may_not_are_told() => CallWorld.Run(async world =>
    {
        world.Tokens.Limits["alice"] = new TokenLimits { Models = new ModelAllowance(["glm/glm-4.5-air"]) };
        var daemon = world.Start();

        var chosen = await daemon.AskAsync(world.Call("consensus", new { step = "Use SQLite.", findings = "f" }) with { Token = "alice" });
        var named = await daemon.AskAsync(
            world.Call("consensus", new { step = "Use SQLite.", findings = "f", models = new object[] { new { model = "glm-4.6" }, new { model = "glm-4.5-air" } } }) with { Token = "alice" });

        chosen.Receipt.Parts!.Select(part => (part.Model, part.State)).ShouldBe([("glm-4.5-air", "succeeded")]);
        named.Receipt.Parts!.Select(part => (part.Code, part.State)).ShouldBe([(ErrorCodes.ModelNotFound, "failed"), (null, "succeeded")]);
    });

    private static CallRequest Of(CallWorld world, string token, string prompt, string? thread = null) => world.Chat(prompt, thread) with { Token = token };
}
