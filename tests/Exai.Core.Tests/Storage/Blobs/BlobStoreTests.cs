using System.Security.Cryptography;
using System.Text;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Core.Tools.Files;
using Exai.Testing;

namespace Exai.Core.Tests.Storage.Blobs;

public sealed class BlobStoreTests : IDisposable
{
    private readonly TempDatabase _database = new();
    private readonly VirtualTime _time = new();

    private string Folder => _database.Beside("blobs");

    private BlobStore Store => new(Folder, _time);

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Stored_bytes_come_back_by_their_hash()
    {
        var hash = await PutAsync("content");

        Encoding.UTF8.GetString((await Store.FindAsync(hash, CancellationToken.None))!.Value.Span).ShouldBe("content");
        (await Store.FindAsync(HashOf("other"), CancellationToken.None)).ShouldBeNull();
        (await Store.FindAsync("../exai.db", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task Blob_that_the_disk_damaged_counts_as_gone_and_can_be_sent_again()
    {
        var hash = await PutAsync("content");
        await File.WriteAllTextAsync(Directory.GetFiles(Folder, hash, SearchOption.AllDirectories).Single(), "torn");

        (await Store.FindAsync(hash, CancellationToken.None)).ShouldBeNull();
        Store.Has(hash).ShouldBeFalse();
        (await PutAsync("content")).ShouldBe(hash);
        (await Store.FindAsync(hash, CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Two_writers_of_one_blob_both_succeed()
    {
        var hash = HashOf("content");
        var writes = Enumerable.Range(0, 8).Select(_ => Store.WriteAsync(hash, new MemoryStream("content"u8.ToArray()), CancellationToken.None));

        (await Task.WhenAll(writes)).ShouldAllBe(written => written == BlobWrite.Stored || written == BlobWrite.Known);
        Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Blobs_that_a_call_or_a_living_thread_names_stay_and_others_go()
    {
        await using var database = _database.Open();
        var calls = new SqlCallStore(database, TimeSpan.FromSeconds(1), _time);
        var ofCall = await PutAsync("of a call");
        var ofThread = await PutAsync("of a thread");
        var ofNobody = await PutAsync("of nobody");
        var call = Sample.Call("call-1");
        var (record, _) = await calls.AcceptAsync(
            call with { Request = call.Request with { Files = [new AttachedFile("files", "a.cs") { Sha256 = ofCall }, new AttachedFile("files", "b.cs") { Error = "gone" }] } },
            Sample.Owner, CancellationToken.None);
        var turn = Sample.Turn(record) with { At = _time.GetUtcNow(), Files = [new FileReference("c.cs", ofThread)] };
        (await calls.FinishAsync(record, Sample.Outcome(record), turn, CancellationToken.None)).ShouldBeTrue();
        var references = new SqlBlobReferences(database);

        _time.Advance(TimeSpan.FromMinutes(90));
        var grown = await PutAsync("of a call to come");
        Store.Sweep(await references.FindAsync(_time.GetUtcNow() - TimeSpan.FromHours(24), CancellationToken.None), _time.GetUtcNow() - TimeSpan.FromHours(1)).ShouldBe(1);

        Store.Has(ofNobody).ShouldBeFalse();
        new[] { ofCall, ofThread, grown }.ShouldAllBe(hash => Store.Has(hash));

        // A day later the call is forgotten and the thread has ended.
        _time.Advance(TimeSpan.FromHours(25));
        await calls.ForgetFinishedAsync(_time.GetUtcNow(), CancellationToken.None);
        Store.Sweep(await references.FindAsync(_time.GetUtcNow() - TimeSpan.FromHours(24), CancellationToken.None), _time.GetUtcNow() - TimeSpan.FromHours(1)).ShouldBe(3);
    }

    private async Task<string> PutAsync(string text)
    {
        var hash = HashOf(text);
        (await Store.WriteAsync(hash, new MemoryStream(Encoding.UTF8.GetBytes(text)), CancellationToken.None)).ShouldBe(BlobWrite.Stored);
        return hash;
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
