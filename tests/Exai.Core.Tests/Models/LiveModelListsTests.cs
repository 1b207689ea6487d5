using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Models;

public sealed class LiveModelListsTests
{
    /// <summary>Trap 214: nothing is fetched unless somebody asks, and then once an hour.</summary>
    [Fact]
    public void List_is_fetched_when_asked_for_and_kept_for_an_hour() => Simulation.Run(async simulation =>
    {
        var (lists, provider, fetches) = Counting(simulation, () => ["a"]);
        await Task.Delay(TimeSpan.FromHours(5), simulation.Time);
        fetches().ShouldBe(0);
        lists.Known(provider).ShouldBeNull();

        await Task.WhenAll(lists.GetAsync(provider, CancellationToken.None), lists.GetAsync(provider, CancellationToken.None));
        await Task.Delay(LiveModelLists.Freshness - TimeSpan.FromSeconds(1), simulation.Time);
        await lists.RefreshAsync([provider], CancellationToken.None);
        fetches().ShouldBe(1);

        await Task.Delay(TimeSpan.FromSeconds(1), simulation.Time);
        await lists.RefreshAsync([provider], CancellationToken.None);
        fetches().ShouldBe(2);
    });

    [Fact]
    public void Failure_is_told_keeps_the_last_list_and_is_tried_again_after_a_minute() => Simulation.Run(async simulation =>
    {
        var fails = false;
        var (lists, provider, fetches) = Counting(
            simulation,
            () => fails ? throw new ProviderException(new CallError { Code = ErrorCodes.ProviderError, Message = "no list today" }, FailureClass.RetryShort) : ["a"]);
        await lists.GetAsync(provider, CancellationToken.None);
        await Task.Delay(LiveModelLists.Freshness, simulation.Time);

        fails = true;
        var list = await lists.GetAsync(provider, CancellationToken.None);
        list!.Failure.ShouldBe("no list today");
        list.Find("A").ShouldNotBeNull();

        await lists.GetAsync(provider, CancellationToken.None);
        fetches().ShouldBe(2);
        await Task.Delay(LiveModelLists.FailureFreshness, simulation.Time);
        fails = false;
        (await lists.GetAsync(provider, CancellationToken.None))!.Failure.ShouldBeNull();
        fetches().ShouldBe(3);
    });

    [Fact]
    public void Provider_that_hangs_is_given_up() => Simulation.Run(async simulation =>
    {
        var lists = new LiveModelLists(simulation.Time);
        var provider = TestProviders.Listing("slow", async cancellationToken =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, simulation.Time, cancellationToken);
            return [];
        });
        var started = simulation.Time.GetUtcNow();

        var list = await lists.GetAsync(provider, CancellationToken.None);

        (simulation.Time.GetUtcNow() - started).ShouldBe(LiveModelLists.Patience);
        list!.Failure.ShouldBe("slow did not send its list of models within 10 s.");
        list.Lacks("anything").ShouldBeFalse();
    });

    /// <summary>Trap 199: the words of a client from elsewhere are not known to be safe.</summary>
    [Fact]
    public void Client_that_throws_something_of_its_own_is_a_failure_without_its_words() => Simulation.Run(async simulation =>
    {
        var lists = new LiveModelLists(simulation.Time);
        var provider = TestProviders.Listing("own", _ => throw new InvalidOperationException("sk-secret"));

        (await lists.GetAsync(provider, CancellationToken.None))!.Failure.ShouldBe("own could not list its models (InvalidOperationException).");
    });

    [Fact]
    public void Asker_who_leaves_is_let_go_and_the_next_one_asks_anew() => Simulation.Run(async simulation =>
    {
        var calls = 0;
        var lists = new LiveModelLists(simulation.Time);
        var provider = TestProviders.Listing("slow", async cancellationToken =>
        {
            calls++;
            await Task.Delay(TimeSpan.FromSeconds(3), simulation.Time, cancellationToken);
            return [new ModelDescription { Id = "a" }];
        });
        using var leaves = new CancellationTokenSource(TimeSpan.FromSeconds(1), simulation.Time);

        await Should.ThrowAsync<OperationCanceledException>(() => lists.GetAsync(provider, leaves.Token));
        (await lists.GetAsync(provider, CancellationToken.None))!.Failure.ShouldBeNull();
        calls.ShouldBe(2);
    });

    [Fact]
    public void Client_without_a_list_has_none() => Simulation.Run(async simulation =>
        (await new LiveModelLists(simulation.Time).GetAsync(TestProviders.Glm, CancellationToken.None)).ShouldBeNull());

    [Theory]
    [InlineData("kimi-k2.6", "kimi-k2.6")]
    [InlineData("kimi-gone", "kimi-k2-1105")]
    [InlineData(null, "kimi-k2-1105")]
    public void Place_of_a_model_that_is_gone_is_taken_by_its_successor_or_the_nearest_name(string? successor, string instead)
    {
        var list = new LiveModelList([new() { Id = "kimi-k2.6" }, new() { Id = "kimi-k2-1105" }], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, null);

        list.Lacks("kimi-k2-0905").ShouldBeTrue();
        list.Lacks("KIMI-K2.6").ShouldBeFalse();
        list.InPlaceOf("kimi-k2-0905", successor).ShouldBe(instead);
    }

    private static (LiveModelLists Lists, ModelProvider Provider, Func<int> Fetches) Counting(Simulation simulation, Func<string[]> served)
    {
        var fetches = 0;
        var provider = TestProviders.Listing("p", _ =>
        {
            fetches++;
            return Task.FromResult<IReadOnlyList<ModelDescription>>([.. served().Select(id => new ModelDescription { Id = id })]);
        });
        return (new LiveModelLists(simulation.Time), provider, () => fetches);
    }
}
