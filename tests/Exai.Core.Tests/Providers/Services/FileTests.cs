using System.Text;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Core.Storage;
using Exai.Core.Storage.Sql;
using Exai.Protocol;
using Exai.Simulator;
using Microsoft.Extensions.AI;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Providers.Services;

/// <summary>Over real HTTP against the simulator.</summary>
public sealed class FileTests
{
    private static readonly FileUpload Notes = new("notes.md", Encoding.UTF8.GetBytes("Größe 你好"));

    [Fact]
    public async Task Kimi_reads_a_document_and_sends_it_once()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(provider.Kimi());

        (await files.ReadTextAsync(Notes, provider.Patience)).ShouldBe("Größe 你好");
        (await files.ReadTextAsync(Notes with { Name = "/home/me/copy.md" }, provider.Patience)).ShouldBe("Größe 你好");

        provider.Routes.ShouldBe(["POST /v1/files", "GET /v1/files/file-1/content", "GET /v1/files/file-1/content"]);
    }

    [Fact]
    public async Task Kimi_text_that_comes_plain_is_taken_as_it_is()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "GET /files/", Answer = "{\"content\": plain" });
        (await Files(provider.Kimi()).ReadTextAsync(Notes, provider.Patience)).ShouldBe("{\"content\": plain");
    }

    [Fact]
    public async Task Two_uploads_of_one_content_at_once_are_one_request()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(provider.Kimi());

        var both = await Task.WhenAll(files.UploadAsync(Notes, "file-extract", provider.Patience), files.UploadAsync(Notes, "file-extract", provider.Patience));

        both.Select(file => file.Id).ShouldBe(["file-1", "file-1"]);
        both.Count(file => file.WasThere).ShouldBe(1);
        provider.Routes.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Equal_content_of_another_account_is_sent_for_itself()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var index = new MemoryFileIndex();

        await Files(provider.Kimi("sk-first-account", index)).UploadAsync(Notes, "file-extract", provider.Patience);
        var second = await Files(provider.Kimi("sk-second-account", index)).UploadAsync(Notes, "file-extract", provider.Patience);

        (second.Id, second.WasThere).ShouldBe(("file-2", false));
    }

    [Fact]
    public async Task Image_is_referred_to_by_its_id_and_a_document_by_nothing()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(provider.Kimi());

        (await files.UploadAsync(Notes, "image", provider.Patience)).Reference!.OriginalString.ShouldBe("ms://file-1");
        (await files.UploadAsync(Notes, "file-extract", provider.Patience)).Reference.ShouldBeNull();
        (await files.ListAsync("image", provider.Patience)).Single().Reference!.OriginalString.ShouldBe("ms://file-1");
    }

    [Theory]
    [InlineData("finish")]
    [InlineData("headers")]
    public async Task Upload_whose_answer_is_lost_is_reported_and_looked_for_before_the_next(string dropAt)
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /files", DropAt = dropAt, Times = 1 });
        var files = Files(provider.Kimi());

        var failure = await Should.ThrowAsync<ProviderException>(() => files.UploadAsync(Notes, "file-extract", provider.Patience));

        (failure.OutcomeUnknown, failure.FailureClass).ShouldBe((true, FailureClass.Stop));
        failure.Message.ShouldContain("not known");
        provider.Routes.Count.ShouldBe(1);

        var arrived = dropAt == "finish";
        var again = await files.UploadAsync(Notes, "file-extract", provider.Patience);
        (again.Id, again.WasThere).ShouldBe(("file-1", arrived));
        provider.Routes.Skip(1).ShouldBe(arrived ? ["GET /v1/files"] : ["GET /v1/files", "POST /v1/files"]);
    }

    [Fact]
    public async Task Upload_behind_a_failing_gateway_is_unknown_and_a_refused_one_is_not()
    {
        await using var provider = await SimulatedProvider.StartAsync(
            new SimulatorRule { Endpoint = "POST /files", HtmlError = true, Status = 504, Times = 1 }, new SimulatorRule { Endpoint = "POST /files", Status = 429, Times = 1 });
        var files = Files(provider.Kimi());

        (await Should.ThrowAsync<ProviderException>(() => files.UploadAsync(Notes, "file-extract", provider.Patience))).OutcomeUnknown.ShouldBeTrue();
        var refused = await Should.ThrowAsync<ProviderException>(() => files.UploadAsync(Notes, "file-extract", provider.Patience));
        (refused.OutcomeUnknown, refused.Error.Code, refused.Error.Model).ShouldBe((false, ErrorCodes.RateLimited, null));
        await files.UploadAsync(Notes, "file-extract", provider.Patience);

        // Only the unknown outcome is worth a look.
        provider.Routes.ShouldBe(["POST /v1/files", "GET /v1/files", "POST /v1/files", "POST /v1/files"]);
    }

    [Fact]
    public async Task File_deleted_behind_the_index_is_sent_anew()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        await Files(provider.Kimi()).UploadAsync(Notes, "file-extract", provider.Patience);
        var files = Files(provider.Kimi());
        await files.UploadAsync(Notes, "file-extract", provider.Patience);
        await Files(provider.Kimi()).DeleteAsync("file-2", provider.Patience);

        (await files.ReadTextAsync(Notes, provider.Patience)).ShouldBe("Größe 你好");
        (await files.UploadAsync(Notes, "file-extract", provider.Patience)).Id.ShouldBe("file-3");
    }

    [Fact]
    public async Task Deleted_file_is_forgotten_and_a_second_deletion_says_it_is_not_there()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(provider.Kimi());
        var file = await files.UploadAsync(Notes, "file-extract", provider.Patience);

        await files.DeleteAsync(file.Id, provider.Patience);
        (await files.ListAsync(null, provider.Patience)).ShouldBeEmpty();
        (await Should.ThrowAsync<ProviderException>(() => files.DeleteAsync(file.Id, provider.Patience))).Error.Code.ShouldBe(ErrorCodes.FileNotFound);
        (await files.UploadAsync(Notes, "file-extract", provider.Patience)).WasThere.ShouldBeFalse();
    }

    [Fact]
    public async Task Glm_lists_all_purposes_and_pages()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(provider.Glm());
        for (var number = 0; number < 101; number++)
            await files.UploadAsync(new FileUpload($"{number}.jsonl", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}")), "batch", provider.Patience);
        await files.UploadAsync(new FileUpload("a.pdf", new byte[] { 1 }), "agent", provider.Patience);

        (await files.ListAsync("batch", provider.Patience)).Count.ShouldBe(101);
        (await files.ListAsync(null, provider.Patience)).Select(file => file.Purpose).Distinct().ShouldBe(["batch", "agent"]);
    }

    [Fact]
    public async Task Glm_reads_a_document_with_its_parser()
    {
        await using var provider = await SimulatedProvider.StartAsync();

        (await Files(provider.Glm()).ReadTextAsync(Notes with { Name = "slow.pdf" }, provider.Patience)).ShouldBe("Größe 你好");

        provider.Routes.ShouldBe([
            "POST /api/paas/v4/files/parser/create", "GET /api/paas/v4/files/parser/result/task-1/text", "GET /api/paas/v4/files/parser/result/task-1/text"]);
        var form = provider.Server.Log.Requests[0].Body;
        (form.GetProperty("tool_type").GetString(), form.GetProperty("file_type").GetString(), form.GetProperty("filename").GetString()).ShouldBe(("lite", "PDF", "slow.pdf"));
    }

    [Fact]
    public async Task Glm_document_that_cannot_be_read_says_why()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        (await Should.ThrowAsync<ProviderException>(() => Files(provider.Glm()).ReadTextAsync(Notes with { Name = "broken.pdf" }, provider.Patience)))
            .Message.ShouldContain("the file is damaged");
    }

    [Theory]
    [InlineData("kimi", "retrieval", "a.txt", 1, ErrorCodes.InvalidArgument, "file-extract, image, video, batch")]
    [InlineData("kimi", "file-extract", "a.txt", 0, ErrorCodes.InvalidArgument, "empty")]
    [InlineData("kimi", "batch", "a.txt", 1, ErrorCodes.InvalidArgument, ".jsonl")]
    [InlineData("kimi", "file-extract", "a.pdf", (100 * 1024 * 1024) + 1, ErrorCodes.FileTooLarge, "100 MB")]
    [InlineData("glm", "agent", "a.exe", 1, ErrorCodes.InvalidArgument, ".pdf, .docx")]
    [InlineData("glm", "agent", "a.pdf", (20 * 1024 * 1024) + 1, ErrorCodes.FileTooLarge, "20 MB")]
    [InlineData("glm", "code-interpreter", "a.PNG", (5 * 1024 * 1024) + 1, ErrorCodes.FileTooLarge, "5 MB")]
    public async Task File_that_the_provider_refuses_is_told_before_it_is_sent(string dialect, string purpose, string name, int bytes, string code, string words)
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var files = Files(dialect == "glm" ? provider.Glm() : provider.Kimi());

        var refused = await Should.ThrowAsync<CallException>(() => files.UploadAsync(new FileUpload("/tmp/" + name, new byte[bytes]), purpose, provider.Patience));

        refused.Error.Code.ShouldBe(code);
        refused.Message.ShouldContain(words);
        refused.Message.ShouldNotContain("/tmp");
        provider.Routes.ShouldBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Index_survives_a_restart_with_its_unknown_outcomes(StoreEngine store)
    {
        using var folder = new TempDatabase(store);
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /files", DropAt = "finish", Times = 1 });
        await using (var database = folder.OpenAny())
        {
            await Should.ThrowAsync<ProviderException>(() =>
                Files(provider.Kimi(files: new SqlFileIndex(database))).UploadAsync(Notes, "file-extract", provider.Patience));
        }

        await using (var database = folder.OpenAny())
        {
            var files = Files(provider.Kimi(files: new SqlFileIndex(database)));
            (await files.UploadAsync(Notes, "file-extract", provider.Patience)).WasThere.ShouldBeTrue();
            provider.Routes.ShouldBe(["POST /v1/files", "GET /v1/files"]);
            await files.DeleteAsync("file-1", provider.Patience);
            (await files.UploadAsync(Notes, "file-extract", provider.Patience)).WasThere.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Cancelled_upload_is_looked_for_next_time()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /files", HangAt = "finish", Times = 1 });
        var files = Files(provider.Kimi());
        using var cancelled = new CancellationTokenSource();

        var upload = files.UploadAsync(Notes, "file-extract", cancelled.Token);
        await provider.Server.Log.WaitForCountAsync(1, provider.Patience);
        // The stage after the work: once it hangs there, the file has arrived.
        await WaitForFileAsync(provider);
        cancelled.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => upload);
        (await files.UploadAsync(Notes, "file-extract", provider.Patience)).WasThere.ShouldBeTrue();
    }

    private static IProviderFiles Files(IChatClient client) => client.GetService<IProviderFiles>().ShouldNotBeNull();

    private static async Task WaitForFileAsync(SimulatedProvider provider)
    {
        var others = Files(provider.Kimi());
        while ((await others.ListAsync(null, provider.Patience)).Count == 0)
            await Task.Yield();
    }
}
