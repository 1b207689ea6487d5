using System.Text;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>What is no text on its way from the client's disk to a model: documents, which a provider reads, and pictures.</summary>
public sealed class DocumentTests
{
    /// <summary>A zero byte, so that nobody takes it for text.</summary>
    private static readonly byte[] Pdf = [.. Encoding.ASCII.GetBytes("%PDF-1.7 A contract promises delivery in May."), 0];

    [Theory]
    [InlineData("kimi", "POST /v1/files", "GET /v1/files/file-1/content")]
    [InlineData("glm", "POST /api/paas/v4/files/parser/create", "GET /api/paas/v4/files/parser/result/task-1/text")]
    public async Task A_pdf_goes_from_the_disk_through_shim_and_daemon_to_the_provider_that_reads_it(string provider, params string[] reading)
    {
        await using var machine = await MachineAsync();
        var path = Path.Combine(Directory.CreateDirectory(machine.Folder("project")).FullName, "contract.pdf");
        await File.WriteAllBytesAsync(path, Pdf, Patience.Token());
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", Path.GetDirectoryName(path)));

        var reply = await shim.CallAsync("smart_file_query", new JsonObject { ["file_path"] = path, ["question"] = "When?", ["provider"] = provider });

        reply.IsError.ShouldBeFalse(reply.Text);
        var requests = machine.Simulator.Log.Requests.Where(request => !request.Path.EndsWith("/models", StringComparison.Ordinal)).ToList();
        requests.SkipLast(1).Select(request => $"{request.Method} {request.Path}").ShouldBe(reading);
        requests[0].Body.GetProperty("bytes").GetInt32().ShouldBe(Pdf.Length);
        machine.Simulator.Log.Chats.ShouldHaveSingleItem().Count("A contract promises delivery in May.").ShouldBe(1);
    }

    [Fact]
    public async Task A_pdf_for_a_tool_that_takes_text_is_told_and_asks_nobody()
    {
        await using var machine = await MachineAsync();
        var path = Path.Combine(Directory.CreateDirectory(machine.Folder("project")).FullName, "contract.pdf");
        await File.WriteAllBytesAsync(path, Pdf, Patience.Token());
        var shim = await machine.StartClientAsync(("EXAI_ALLOWED_ROOTS", Path.GetDirectoryName(path)));

        var reply = await shim.CallAsync("chat", new JsonObject { ["prompt"] = "When?", ["files"] = new JsonArray(path) });

        reply.Code.ShouldBe("FILE_NOT_FOUND");
        reply.Text.ShouldContain("contract.pdf: It is binary, not text.");
        reply.Text.ShouldContain("smart_file_query");
        machine.Simulator.Log.Chats.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_to_a_picture_is_refused_for_a_model_that_follows_none_and_nothing_is_asked()
    {
        await using var machine = await MachineAsync();
        var shim = await machine.StartClientAsync();

        var reply = await shim.CallAsync("chat", Picture("kimi-k2.6"));

        reply.Code.ShouldBe("INVALID_ARGUMENT");
        reply.Text.ShouldContain("An image is given as a https link; kimi-k2.6 takes image data and ms:// references. Send the image itself.");
        machine.Simulator.Log.Chats.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_to_a_picture_reaches_a_model_that_follows_links_as_it_is()
    {
        await using var machine = await MachineAsync();
        var shim = await machine.StartClientAsync();

        var reply = await shim.CallAsync("chat", Picture("glm-4.6v"));

        reply.IsError.ShouldBeFalse(reply.Text);
        machine.Simulator.Log.Chats.ShouldHaveSingleItem().Count("https://example.com/a.png").ShouldBe(1);
    }

    private static JsonObject Picture(string model) => new() { ["prompt"] = "What is it?", ["model"] = model, ["images"] = new JsonArray("https://example.com/a.png") };

    private static async Task<ExaiHomeFixture> MachineAsync()
    {
        var machine = await ExaiHomeFixture.CreateAsync(null, ("TOOL_PROFILE", "full"), ("KIMI_API_KEY", ExaiHomeFixture.ProviderKey));
        machine.Environment["KIMI_API_URL"] = machine.Simulator.KimiBaseUrl.ToString();
        return machine;
    }
}
