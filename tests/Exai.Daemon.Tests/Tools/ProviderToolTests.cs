using System.Text;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Simulator;

namespace Exai.Daemon.Tests.Tools;

/// <summary>The tools that speak to one provider beside chat, over real HTTP against the simulator.</summary>
public sealed class ProviderToolTests
{
    private static readonly byte[] Pdf = Encoding.ASCII.GetBytes("%PDF-1.7 A contract promises delivery in May.");

    [Fact]
    public async Task Web_search_asks_the_service_and_answers_with_its_own_json()
    {
        await using var rig = await ToolRig.StartAsync();

        var found = await rig.JsonAsync("glm_web_search", new { search_query = "WAL checkpoint", count = 5, search_recency_filter = "oneWeek", search_domain_filter = "sqlite.org" });

        found.GetProperty("search_result")[0].GetProperty("link").GetString().ShouldBe("https://example.com/first");
        rig.Routes.ShouldBe(["POST /api/paas/v4/web_search"]);
        rig.Provider.Log.Requests[0].Body.GetRawText().ShouldBe(
            """{"search_query":"WAL checkpoint","search_engine":"search-prime","search_intent":false,"count":5,"search_domain_filter":"sqlite.org","search_recency_filter":"oneWeek"}""");
    }

    [Fact]
    public async Task Web_search_that_fails_with_status_200_is_a_failure()
    {
        await using var rig = await ToolRig.StartAsync(new SimulatorRule { Endpoint = "POST /web_search", Answer = """{"error":{"code":"1702","message":"no engine"}}""" });

        (await rig.CallAsync("glm_web_search", new { search_query = "x" })).ShouldStartWith(ErrorCodes.ProviderError + ": ");
    }

    [Fact]
    public async Task Web_search_with_too_long_a_query_is_refused_before_it_is_sent()
    {
        await using var rig = await ToolRig.StartAsync();

        (await rig.CallAsync("glm_web_search", new { search_query = new string('x', 71) })).ShouldContain("70");
        rig.Routes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Preview_is_the_body_that_a_chat_would_send_and_sends_nothing()
    {
        await using var rig = await ToolRig.StartAsync();

        var body = await rig.JsonAsync("glm_payload_preview", new
        {
            prompt = "Hello",
            system_prompt = "Be brief.",
            use_websearch = true,
            temperature = 0.3,
            tools = new[] { new { type = "function" } },
            tool_choice = "auto",
        });

        rig.Routes.ShouldBeEmpty();
        body.GetProperty("model").GetString().ShouldBe("glm-4.6");
        body.GetProperty("messages").GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)
            .ShouldBe("""[{"role":"system","content":"Bebrief."},{"role":"user","content":"Hello"}]""");
        body.GetProperty("temperature").GetDouble().ShouldBe(0.3);
        (body.GetProperty("tools")[0].GetProperty("type").GetString(), body.GetProperty("tool_choice").GetString()).ShouldBe(("function", "auto"));
    }

    [Theory]
    [InlineData("kimi_upload_files", "files", "/v1/files")]
    [InlineData("glm_upload_file", "file", "/api/paas/v4/files")]
    public async Task Upload_sends_the_bytes_that_came_with_the_call_and_equal_content_only_once(string tool, string argument, string route)
    {
        await using var rig = await ToolRig.StartAsync();
        object Arguments(string path) => new Dictionary<string, object> { [argument] = argument == "file" ? path : new[] { path } };

        var first = await rig.CallAsync(tool, Arguments("/project/report.pdf"), await rig.SendAsync(argument, "/project/report.pdf", Pdf, "application/octet-stream"));
        var second = await rig.CallAsync(tool, Arguments("/project/copy.pdf"), await rig.SendAsync(argument, "/project/copy.pdf", Pdf, "application/octet-stream"));

        rig.Routes.ShouldBe([$"POST {route}"]);
        rig.Provider.Log.Requests[0].Body.GetProperty("bytes").GetInt32().ShouldBe(Pdf.Length);
        first.ShouldContain("\"filename\":\"report.pdf\"");
        first.ShouldContain("\"deduplicated\":false");
        second.ShouldContain("\"deduplicated\":true");
        first.ShouldContain("file-1\"");
        second.ShouldContain("file-1\"");
    }

    [Fact]
    public async Task Upload_of_a_file_that_did_not_arrive_uploads_nothing_at_all()
    {
        await using var rig = await ToolRig.StartAsync();
        var there = await rig.SendAsync("files", "a.txt", "a");
        var missing = new AttachedFile("files", "b.txt") { ErrorCode = ErrorCodes.FileNotFound, Error = "There is no such file." };

        (await rig.CallAsync("kimi_upload_files", new { files = new[] { "a.txt", "b.txt" } }, there, missing)).ShouldBe(
            "FILE_NOT_FOUND: b.txt: There is no such file. Nothing was uploaded.");
        (await rig.CallAsync("kimi_upload_files", new { files = new[] { "a.txt" } })).ShouldStartWith("INVALID_ARGUMENT: a.txt cannot be uploaded");
        (await rig.CallAsync("glm_upload_file", new { file = "docs" }, there with { Argument = "file" }, there with { Argument = "file", Path = "c.txt" })).ShouldContain("one file");
        rig.Routes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Kimi_files_are_listed_deleted_and_cleaned_up_only_when_told_to()
    {
        await using var rig = await ToolRig.StartAsync();
        foreach (var name in new[] { "a.txt", "b.txt", "c.txt" })
        {
            await rig.CallAsync("kimi_upload_files", new { files = new[] { name } }, await rig.SendAsync("files", name, name));
        }

        var listed = await rig.JsonAsync("kimi_manage_files", new { operation = "list", limit = 2 });
        (listed.GetProperty("count").GetInt32(), listed.GetProperty("files").GetArrayLength()).ShouldBe((3, 2));
        listed.GetProperty("files")[0].GetProperty("filename").GetString().ShouldBe("a.txt");

        (await rig.CallAsync("kimi_manage_files", new { operation = "delete", file_id = "file-1" })).ShouldContain("\"deleted\":true");
        (await rig.CallAsync("kimi_manage_files", new { operation = "delete", file_id = "file-1" })).ShouldStartWith("FILE_NOT_FOUND: ");
        (await rig.CallAsync("kimi_manage_files", new { operation = "delete" })).ShouldContain("'file_id' is missing");

        var dry = await rig.JsonAsync("kimi_manage_files", new { operation = "cleanup_all" });
        (dry.GetProperty("dry_run").GetBoolean(), dry.GetProperty("deleted_count").GetInt32(), dry.GetProperty("would_delete").GetArrayLength()).ShouldBe((true, 0, 2));
        (await rig.JsonAsync("kimi_manage_files", new { operation = "cleanup_expired", dry_run = false })).GetProperty("deleted_count").GetInt32().ShouldBe(0);
        (await rig.JsonAsync("kimi_manage_files", new { operation = "cleanup_all", dry_run = false })).GetProperty("deleted_count").GetInt32().ShouldBe(2);
        (await rig.JsonAsync("kimi_manage_files", new { operation = "list" })).GetProperty("count").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Clean_up_of_orphans_is_refused_before_anybody_is_asked()
    {
        await using var rig = await ToolRig.StartAsync();

        (await rig.CallAsync("kimi_manage_files", new { operation = "cleanup_orphaned", dry_run = false })).ShouldStartWith("INVALID_ARGUMENT: ");
        rig.Routes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Stored_files_are_read_at_kimi_and_shown_to_a_kimi_model()
    {
        await using var rig = await ToolRig.StartAsync();
        await rig.CallAsync("kimi_upload_files", new { files = new[] { "a.txt" } }, await rig.SendAsync("files", "a.txt", "It promises May."));

        var answer = await rig.CallAsync("kimi_chat_with_files", new { prompt = "When?", file_ids = new[] { "file-1" } });

        answer.ShouldContain("[kimi-");
        rig.Routes.Skip(1).ShouldBe(["GET /v1/files/file-1/content", "POST /v1/chat/completions"]);
        Asked(rig).ShouldContain("It promises May.");
        (await rig.CallAsync("kimi_chat_with_files", new { prompt = "When?", file_ids = new[] { "file-9" } })).ShouldStartWith("FILE_NOT_FOUND: ");
    }

    [Fact]
    public async Task Several_files_are_shown_to_a_glm_model_and_what_could_not_be_read_is_named()
    {
        await using var rig = await ToolRig.StartAsync();

        var answer = await rig.CallAsync(
            "glm_multi_file_chat",
            new { prompt = "Which is wrong?", files = new[] { "a.md", "b.md", "c.md" } },
            await rig.SendAsync("files", "a.md", "one and one is two"),
            await rig.SendAsync("files", "b.md", "one and one is three"),
            new AttachedFile("files", "c.md") { ErrorCode = ErrorCodes.FileNotFound, Error = "There is no such file." });

        rig.Routes.ShouldBe(["POST /api/paas/v4/chat/completions"]);
        Asked(rig).ShouldContain("one and one is three");
        Asked(rig).ShouldContain("c.md: There is no such file.");
        answer.ShouldContain("c.md: There is no such file.");
    }

    [Theory]
    [InlineData("auto", "POST /v1/files", "GET /v1/files/file-1/content")]
    [InlineData("kimi", "POST /v1/files", "GET /v1/files/file-1/content")]
    [InlineData("glm", "POST /api/paas/v4/files/parser/create", "GET /api/paas/v4/files/parser/result/task-1/text")]
    public async Task Document_that_is_no_text_is_read_by_the_provider_and_shown_as_text(string provider, params string[] reading)
    {
        await using var rig = await ToolRig.StartAsync();
        byte[] document = [.. Pdf, 0];

        await rig.CallAsync(
            "smart_file_query", new { file_path = "contract.pdf", question = "When?", provider }, await rig.SendAsync("file_path", "contract.pdf", document, "application/octet-stream"));

        rig.Routes.SkipLast(1).ShouldBe(reading);
        Asked(rig).ShouldContain("A contract promises delivery in May.");
    }

    [Fact]
    public async Task Conversation_that_the_caller_brings_goes_to_kimi_message_by_message()
    {
        await using var rig = await ToolRig.StartAsync();
        object[] messages =
        [
            new { role = "system", content = "Be brief." }, "First?", new { role = "assistant", content = "Yes." }, new { role = "user", content = "Second?" }, "Third?",
        ];

        var answer = await rig.CallAsync("kimi_chat_with_tools", new { messages });

        answer.ShouldContain("[kimi-");
        Asked(rig).ShouldBe(
            """[{"role":"system","content":"Be brief."},{"role":"user","content":"First?"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Second?\n\nThird?"}]""");
    }

    [Fact]
    public async Task Conversation_with_a_search_tool_searches()
    {
        await using var rig = await ToolRig.StartAsync();

        var answer = await rig.CallAsync(
            "kimi_chat_with_tools", """{"messages":"What is new?","model":"kimi-k2-0905-preview","tools":[{"type":"function","function":{"name":"web_search"}}]}""");

        answer.ShouldContain("[kimi-k2-0905-preview");
        rig.Provider.Log.Chats[0].Body.GetProperty("tools").GetRawText().ShouldContain("$web_search");
    }

    [Theory]
    [InlineData("""{"messages":"p","tools":[{"type":"function","function":{"name":"get_weather"}}]}""", "'get_weather', which nobody here can run")]
    [InlineData("""{"messages":[{"role":"assistant","content":"I say."}]}""", "does not end with a message of the user")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "an entry is neither")]
    [InlineData("""{"messages":7}""", "neither a text nor a list")]
    [InlineData("{}", "'messages' is missing")]
    public async Task Conversation_that_cannot_be_asked_is_refused_before_it_is_sent(string arguments, string problem)
    {
        await using var rig = await ToolRig.StartAsync();

        (await rig.CallAsync("kimi_chat_with_tools", arguments)).ShouldContain(problem);
        rig.Routes.ShouldBeEmpty();
    }

    private static string Asked(ToolRig rig) => rig.Provider.Log.Chats[^1].Body.GetProperty("messages").GetRawText();
}
