using Exai.Core.Calls;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Settings;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage.Postgres;

/// <summary>Two daemons on a real server.</summary>
public sealed class PostgresNewsTests
{
    private static CancellationToken Patience => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task End_of_a_call_is_told_to_a_daemon_that_asked_after_it_and_of_no_other_call()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        PostgresAddress.TryParse(PostgresServer.Shared.CreateDatabase(), out var address, out _).ShouldBeTrue();
        await using var database = await PostgresDatabase.OpenAsync(address!, TimeProvider.System, new ListLogger());
        await using var here = new PostgresNews(address!, TimeProvider.System) { Progress = _ => new CallProgress("answering", CallStages.Accepted) };
        await using var there = new PostgresNews(address!, TimeProvider.System);
        var store = new SqlCallStore(database, TimeSpan.FromSeconds(1.5), TimeProvider.System) { AwaitedElsewhere = here.IsAwaited };
        var (call, _) = await store.AcceptAsync(Sample.Call("c1"), Sample.Owner, Patience);

        // Asked again until it is heard, for at first nobody listens.
        do
        {
            await there.WaitAsync("c1", TimeSpan.FromMilliseconds(300), _ => { }, Patience);
        }
        while (!here.IsAwaited("c1"));

        var told = there.WaitAsync("c1", TimeSpan.FromMinutes(5), _ => { }, Patience);
        (await store.FinishAsync(call, Sample.Outcome(call), Sample.Turn(call), Patience)).ShouldBeTrue();
        await told;
        here.IsAwaited("c2").ShouldBeFalse();
    }
}
