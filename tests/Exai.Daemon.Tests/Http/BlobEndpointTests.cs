using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Http;

public sealed class BlobEndpointTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("class A;\n");
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Content));

    [Theory, EveryStore]
    public async Task Blob_is_taken_once_and_then_known(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var http = Client(daemon);

        (await HeadAsync(http, Hash)).ShouldBe(HttpStatusCode.NotFound);
        (await PutAsync(http, Hash, Content)).ShouldBe(HttpStatusCode.Created);
        (await HeadAsync(http, Hash)).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(http, Hash, Content)).ShouldBe(HttpStatusCode.NoContent);

        if (store != StoreEngine.Sqlite)
        {
            Kept(daemon).ShouldBeEmpty("it is in the database, where every daemon finds it");
            return;
        }

        var file = Kept(daemon).ShouldHaveSingleItem();
        (await File.ReadAllBytesAsync(file)).ShouldBe(Content);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Theory, EveryStore]
    public async Task Bytes_of_another_hash_are_refused_and_leave_nothing_behind(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var http = Client(daemon);

        (await PutAsync(http, Hash, "other bytes"u8.ToArray())).ShouldBe(HttpStatusCode.BadRequest);

        (await HeadAsync(http, Hash)).ShouldBe(HttpStatusCode.NotFound);
        Kept(daemon).ShouldBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Blob_that_is_too_large_is_refused_with_and_without_its_length(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var http = Client(daemon);
        var large = new byte[BlobContract.MostBytes + 1];

        // Refused by its length alone: the body is not waited for.
        http.DefaultRequestHeaders.ExpectContinue = true;
        (await PutAsync(http, Hash, large)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        Directory.Exists(daemon.Home.BlobsDirectory).ShouldBeFalse();
        http.DefaultRequestHeaders.TransferEncodingChunked = true;
        (await PutAsync(http, Hash, large)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        Kept(daemon).ShouldBeEmpty();
    }

    /// <summary>What is in the home's folder.</summary>
    private static string[] Kept(DaemonFixture daemon) =>
        Directory.Exists(daemon.Home.BlobsDirectory) ? Directory.GetFiles(daemon.Home.BlobsDirectory, "*", SearchOption.AllDirectories) : [];

    /// <summary>Trap 203: the name of a blob is a hash, and leads nowhere else.</summary>
    [Theory]
    [InlineData("..%2F..%2Fetc%2Fpasswd")]
    [InlineData("../token")]
    [InlineData("ABCDEF")]
    [InlineData("")]
    public async Task Name_that_is_no_hash_is_not_found(string name)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var http = Client(daemon);

        (await PutAsync(http, name, Content)).ShouldBe(HttpStatusCode.NotFound);
        Directory.Exists(daemon.Home.BlobsDirectory).ShouldBeFalse();
    }

    /// <summary>Traps 196, 197.</summary>
    [Theory, EveryStore]
    public async Task Stranger_and_web_page_are_refused(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var http = Client(daemon);

        http.DefaultRequestHeaders.Add("Origin", "https://example.org");
        (await HeadAsync(http, Hash)).ShouldBe(HttpStatusCode.Forbidden);
        http.DefaultRequestHeaders.Remove("Origin");
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "not-the-token-of-this-daemon");
        (await PutAsync(http, Hash, Content)).ShouldBe(HttpStatusCode.Unauthorized);
        (await HeadAsync(http, Hash)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static HttpClient Client(DaemonFixture daemon)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{daemon.Host.Port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DaemonFixture.Token);
        return http;
    }

    private static async Task<HttpStatusCode> HeadAsync(HttpClient http, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, BlobContract.PathOf(name));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> PutAsync(HttpClient http, string name, byte[] content)
    {
        using var response = await http.PutAsync(BlobContract.PathOf(name), new ByteArrayContent(content), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
