using System.Security.Cryptography;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Storage.Blobs;
using Exai.Core.Tests.Calls;
using Exai.Core.Tests.Models;
using Exai.Testing;
using Exai.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Exai.Core.Tests.Storage;

public sealed class HousekeepingTests : IDisposable
{
    private static readonly TimeSpan ThreadLifetime = TimeSpan.FromHours(24);

    private readonly TempDatabase _database = new();

    private string Folder => _database.Beside("blobs");

    public void Dispose() => _database.Dispose();

    [Theory, EveryStore]
    public void Threads_are_forgotten_a_month_after_their_last_turn(StoreEngine store) => Simulation.Run(
        async simulation =>
        {
            await using var world = new CallWorld(simulation, store) { Options = new CallOptions { Lease = TimeSpan.FromDays(9) } };
            var daemon = world.Start();
            var old = (await daemon.AskAsync(world.Chat("old"))).Receipt.ThreadId!;
            world.Time.Advance(TimeSpan.FromDays(30));
            var recent = (await daemon.AskAsync(world.Chat("recent"))).Receipt.ThreadId!;
            await using var housekeeping = Start(simulation, daemon.Threads);
            await world.AfterAsync(TimeSpan.FromMinutes(2).TotalSeconds);

            (await daemon.Threads.FindAsync(old, CancellationToken.None)).ShouldBeNull();
            (await daemon.Threads.FindAsync(recent, CancellationToken.None)).ShouldNotBeNull();
        },
        limit: TimeSpan.FromDays(60));

    [Fact]
    public void File_that_nobody_names_is_removed_after_its_hour_of_grace() => Simulation.Run(async simulation =>
    {
        await using var world = new CallWorld(simulation);
        var store = new BlobStore(Folder, simulation.Time);
        var hash = Convert.ToHexStringLower(SHA256.HashData("content"u8));
        await store.WriteAsync(hash, new MemoryStream("content"u8.ToArray()), CancellationToken.None);
        await using var housekeeping = Start(simulation, world.Start().Threads);

        await Task.Delay(TimeSpan.FromMinutes(30), simulation.Time);
        (await store.HasAsync(hash, CancellationToken.None)).ShouldBeTrue();
        await Task.Delay(TimeSpan.FromMinutes(120), simulation.Time);
        (await store.HasAsync(hash, CancellationToken.None)).ShouldBeFalse();
    });

    private Housekeeping Start(Simulation simulation, IThreadStore threads)
    {
        var sweep = new BlobSweep(new BlobStore(Folder, simulation.Time), new NoReferences(), ThreadLifetime, simulation.Time, NullLogger.Instance);
        return new Housekeeping(threads, new MemoryLedger(), sweep, ThreadLifetime, simulation.Time, new ListLogger());
    }

    private sealed class NoReferences : IBlobReferences
    {
        public ValueTask<IReadOnlySet<string>> FindAsync(DateTimeOffset threadsSince, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlySet<string>>(new HashSet<string>());
    }
}
