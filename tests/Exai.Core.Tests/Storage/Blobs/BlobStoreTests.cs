using System.Security.Cryptography;
using System.Text;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Sql;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage.Blobs;

public sealed class BlobStoreTests
{
    private readonly VirtualTime _time = new();

    [Theory, EveryStore]
    public async Task Stored_bytes_come_back_by_their_hash(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny(_time);
        var blobs = file.Blobs(database, _time);

        var hash = await PutAsync(blobs, "content");

        Encoding.UTF8.GetString((await blobs.FindAsync(hash, CancellationToken.None))!.Value.Span).ShouldBe("content");
        (await blobs.FindAsync(HashOf("other"), CancellationToken.None)).ShouldBeNull();
        (await blobs.FindAsync("../exai.db", CancellationToken.None)).ShouldBeNull();
    }

    [Theory, EveryStore]
    public async Task Bytes_of_another_hash_are_refused_and_so_are_too_many(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny(_time);
        var blobs = file.Blobs(database, _time);

        (await blobs.WriteAsync(HashOf("content"), new MemoryStream("other"u8.ToArray()), CancellationToken.None)).ShouldBe(BlobWrite.WrongHash);
        (await blobs.WriteAsync(HashOf("content"), new MemoryStream(new byte[BlobContract.MostBytes + 1]), CancellationToken.None)).ShouldBe(BlobWrite.TooLarge);
        (await blobs.HasAsync(HashOf("content"), CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task Blob_that_the_disk_damaged_counts_as_gone_and_can_be_sent_again()
    {
        using var file = new TempDatabase();
        var blobs = new BlobStore(file.Beside("blobs"), _time);
        var hash = await PutAsync(blobs, "content");
        await File.WriteAllTextAsync(Directory.GetFiles(file.Beside("blobs"), hash, SearchOption.AllDirectories).Single(), "torn");

        (await blobs.FindAsync(hash, CancellationToken.None)).ShouldBeNull();
        (await blobs.HasAsync(hash, CancellationToken.None)).ShouldBeFalse();
        (await PutAsync(blobs, "content")).ShouldBe(hash);
        (await blobs.FindAsync(hash, CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Two_writers_of_one_blob_both_succeed()
    {
        using var file = new TempDatabase();
        var blobs = new BlobStore(file.Beside("blobs"), _time);
        var hash = HashOf("content");
        var writes = Enumerable.Range(0, 8).Select(_ => blobs.WriteAsync(hash, new MemoryStream("content"u8.ToArray()), CancellationToken.None));

        (await Task.WhenAll(writes)).ShouldAllBe(written => written == BlobWrite.Stored || written == BlobWrite.Known);
        Directory.GetFiles(file.Beside("blobs"), "*", SearchOption.AllDirectories).ShouldHaveSingleItem();
    }

    [Theory, EveryStore]
    public async Task Blobs_that_a_call_or_a_living_thread_names_stay_and_others_go(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using var database = file.OpenAny(_time);
        var blobs = file.Blobs(database, _time);
        var calls = new SqlCallStore(database, TimeSpan.FromSeconds(1), _time);
        var ofCall = await PutAsync(blobs, "of a call");
        var ofThread = await PutAsync(blobs, "of a thread");
        var ofNobody = await PutAsync(blobs, "of nobody");
        var call = Sample.Call("call-1");
        var (record, _) = await calls.AcceptAsync(
            call with { Request = call.Request with { Files = [new AttachedFile("files", "a.cs") { Sha256 = ofCall }, new AttachedFile("files", "b.cs") { Error = "gone" }] } },
            Sample.Owner, CancellationToken.None);
        var turn = Sample.Turn(record) with { At = _time.GetUtcNow(), Files = [new FileReference("c.cs", ofThread)] };
        (await calls.FinishAsync(record, Sample.Outcome(record), turn, CancellationToken.None)).ShouldBeTrue();

        _time.Advance(TimeSpan.FromMinutes(90));
        var grown = await PutAsync(blobs, "of a call to come");
        (await SweepAsync()).ShouldBe(1);

        (await blobs.HasAsync(ofNobody, CancellationToken.None)).ShouldBeFalse();
        foreach (var hash in (string[])[ofCall, ofThread, grown])
        {
            (await blobs.HasAsync(hash, CancellationToken.None)).ShouldBeTrue();
        }

        // A day later the call is forgotten and the thread has ended.
        _time.Advance(TimeSpan.FromHours(25));
        await calls.ForgetFinishedAsync(_time.GetUtcNow(), CancellationToken.None);
        (await SweepAsync()).ShouldBe(3);

        async Task<int> SweepAsync()
        {
            var referred = await new SqlBlobReferences(database).FindAsync(_time.GetUtcNow() - TimeSpan.FromHours(24), CancellationToken.None);
            return await blobs.SweepAsync(referred, _time.GetUtcNow() - TimeSpan.FromHours(1), CancellationToken.None);
        }
    }

    private static async Task<string> PutAsync(IBlobStore blobs, string text)
    {
        var hash = HashOf(text);
        (await blobs.WriteAsync(hash, new MemoryStream(Encoding.UTF8.GetBytes(text)), CancellationToken.None)).ShouldBe(BlobWrite.Stored);
        return hash;
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
