using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Exai.Simulator.Tests;

public sealed class ServiceTests
{
    [Fact]
    public async Task Kimi_file_is_kept_listed_read_and_deleted()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var file = Json((await UploadAsync(sim, "kimi", "file-extract", "notes.md", "你好")).Text);
        file.GetProperty("status").GetString().ShouldBe("ready");
        (await sim.GetAsync(Url(sim, "kimi", "/files"))).Text.ShouldContain("\"filename\":\"notes.md\"");
        Json((await sim.GetAsync(Url(sim, "kimi", "/files/file-1/content"))).Text).GetProperty("content").GetString().ShouldBe("你好");
        using var deleted = await sim.Client.DeleteAsync(Url(sim, "kimi", "/files/file-1"), sim.Patience);

        (await sim.GetAsync(Url(sim, "kimi", "/files/file-1"))).Status.ShouldBe(404);
        sim.Log.Requests[0].Body.GetRawText().ShouldStartWith("{\"purpose\":\"file-extract\",\"filename\":\"notes.md\",\"bytes\":6,\"sha256\":\"");
    }

    [Fact]
    public async Task Glm_files_are_listed_by_purpose_and_only_batches_are_given_back()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        await UploadAsync(sim, "glm", "batch", "a.jsonl", "{}");
        await UploadAsync(sim, "glm", "agent", "b.pdf", "%PDF");

        (await sim.GetAsync(Url(sim, "glm", "/files"))).Status.ShouldBe(400);
        Json((await sim.GetAsync(Url(sim, "glm", "/files?purpose=agent"))).Text).GetProperty("data").GetArrayLength().ShouldBe(1);
        (await sim.GetAsync(Url(sim, "glm", "/files/glm-file-1/content"))).ShouldBe((200, "{}"));
        (await sim.GetAsync(Url(sim, "glm", "/files/glm-file-2/content"))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Quota_wants_the_key_alone()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        var quota = new Uri($"http://127.0.0.1:{sim.Server.Port}/api/monitor/usage/quota/limit");

        (await sim.GetAsync(quota)).Status.ShouldBe(401);
        sim.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("good-key");
        (await sim.GetAsync(quota)).Text.ShouldContain("\"type\":\"TOKENS_LIMIT\",\"percentage\":37");
    }

    [Fact]
    public async Task Rule_with_an_endpoint_is_for_that_alone_and_one_without_for_chat()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new SimulatorRule { Endpoint = "GET /files", Status = 503, Times = 1 }, new SimulatorRule { Answer = "chat" });

        (await sim.BodyAsync("kimi", Ask.Whole("kimi-k2.6"))).ShouldContain("\"content\":\"chat\"");
        (await sim.GetAsync(Url(sim, "kimi", "/files"))).Status.ShouldBe(503);
        (await sim.GetAsync(Url(sim, "kimi", "/files"))).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("headers", 0)]
    [InlineData("finish", 1)]
    public async Task Dropped_upload_has_arrived_if_it_was_dropped_after_the_work(string stage, int files)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Endpoint = "POST /files", DropAt = stage });

        await Should.ThrowAsync<HttpRequestException>(() => UploadAsync(sim, "kimi", "file-extract", "a.txt", "a"));

        Json((await sim.GetAsync(Url(sim, "kimi", "/files"))).Text).GetProperty("data").GetArrayLength().ShouldBe(files);
        sim.Log.Requests[0].Outcome.ShouldBe("dropped");
    }

    [Theory]
    [InlineData("chunk", "\"web_search\":[{\"icon\":", "\"usage\":{")]
    [InlineData("delta", "\"content\":\"\",\"web_search\":[{\"icon\":", "usage")]
    [InlineData("message", "\"message\":{\"role\":\"assistant\",\"content\":\"\",\"web_search\":[{\"icon\":", "usage")]
    [InlineData("nested", "\"web_search\":[{\"search_result\":[{\"icon\":", "usage")]
    [InlineData("search_result", "\"search_result\":[{\"icon\":", "usage")]
    public async Task Sources_of_glm_stand_where_the_rule_says(string place, string part, string also)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { SourcesAt = place });
        var tools = new[] { new { type = "web_search", web_search = new { enable = true, search_engine = "search-prime", search_result = true } } };

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-4.6", extra: new { tools }));

        lines[^2].ShouldContain(part);
        lines[^2].ShouldContain(also);
    }

    [Fact]
    public async Task Kimi_refuses_a_built_in_search_that_comes_back_changed()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        object Turn(string content) => new object[]
        {
            new { role = "user", content = "Hi" },
            new { role = "assistant", tool_calls = new[] { new { id = "$web_search:0", type = "builtin_function", function = new { name = "$web_search", arguments = "{\"a\":1}" } } } },
            new { role = "tool", tool_call_id = "$web_search:0", name = "$web_search", content },
        };

        (await sim.JsonAsync("kimi", Ask.Whole("kimi-k2-0905-preview", extra: new { messages = Turn("{ \"a\":1}") }))).Status.ShouldBe(400);
        (await sim.JsonAsync("kimi", Ask.Whole("kimi-k2-0905-preview", extra: new { messages = Turn("{\"a\":1}") }))).Status.ShouldBe(200);
    }

    private static async Task<(int Status, string Text)> UploadAsync(SimulatorHarness sim, string dialect, string purpose, string name, string text)
    {
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(text)), "file", name } };
        using var response = await sim.Client.PostAsync(Url(sim, dialect, "/files"), form, sim.Patience);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(sim.Patience));
    }

    private static Uri Url(SimulatorHarness sim, string dialect, string path) => new(sim.Base(dialect) + path);

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
