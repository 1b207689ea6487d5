using Exai.Core.Models;
using Exai.Core.Storage.Sql;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage;

public sealed class AttemptLedgerTests
{
    private static readonly AttemptRecord Begun = new()
    {
        CallId = "call",
        Run = 1,
        Number = 1,
        StartedAt = new DateTimeOffset(2026, 11, 21, 12, 0, 0, 250, TimeSpan.Zero),
        AskedModel = "auto",
        Provider = "glm",
        Model = "glm-4.6",
        Tokens = new ReceiptTokens { Input = 12, Estimated = true },
    };

    [Theory, EveryStore]
    public async Task Rows_that_began_before_a_time_are_forgotten(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny();
        var ledger = new SqlAttemptLedger(database);
        var later = Begun with { Number = 2, StartedAt = Begun.StartedAt.AddDays(1) };
        await ledger.SaveAsync(Begun, CancellationToken.None);
        await ledger.SaveAsync(later, CancellationToken.None);

        (await ledger.ForgetAsync(later.StartedAt, CancellationToken.None)).ShouldBe(1);

        (await ledger.FindAsync("call", CancellationToken.None)).ShouldBe([later]);
    }

    [Theory, EveryStore]
    public async Task Row_comes_back_as_it_was_written(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny();
        var ledger = new SqlAttemptLedger(database);
        var ended = Begun with
        {
            Outcome = ErrorCodes.Timeout,
            Fault = Faults.Provider,
            Clock = Clocks.Idle,
            Stage = Stages.Answer,
            QueueMs = 3,
            ConnectMs = 4,
            FirstTokenMs = 5,
            TotalMs = 6,
            Tokens = new ReceiptTokens { Input = 1, Output = 2, Reasoning = 3, Cached = 4 },
            CostUsd = 0.0000508m,
        };

        await ledger.SaveAsync(Begun, CancellationToken.None);
        (await ledger.FindAsync("call", CancellationToken.None)).ShouldBe([Begun]);
        await ledger.SaveAsync(ended, CancellationToken.None);

        (await ledger.FindAsync("call", CancellationToken.None)).ShouldBe([ended]);
        (await ledger.FindAsync("other", CancellationToken.None)).ShouldBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Rows_of_a_call_come_in_the_order_of_its_runs(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny();
        var ledger = new SqlAttemptLedger(database);
        foreach (var (run, number) in new[] { (2, 1), (1, 2), (10, 1), (1, 1) })
        {
            await ledger.SaveAsync(Begun with { Run = run, Number = number }, CancellationToken.None);
        }

        (await ledger.FindAsync("call", CancellationToken.None)).Select(row => (row.Run, row.Number)).ShouldBe([(1, 1), (1, 2), (2, 1), (10, 1)]);
    }
}
