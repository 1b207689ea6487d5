using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Files;

namespace Exai.Daemon.Tests.Http;

/// <summary>Paths that a client of <c>/mcp</c> names: the daemon reads them itself, out of EXAI_ALLOWED_ROOTS, by the rules of the shim.</summary>
public sealed class LocalFileTests : IDisposable
{
    private readonly TempProject _project = new();

    public void Dispose() => _project.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_in_an_allowed_root_is_shown_to_the_model(bool modern)
    {
        await using var daemon = await StartAsync();
        var path = _project.Write("src/a.cs", "class A;");
        using var client = new McpClientOverHttp(daemon.Host.Port);

        JsonObject answer;
        if (modern)
        {
            (_, answer) = await client.ModernAsync("tools/call", Ask(path));
        }
        else
        {
            await client.InitializeAsync();
            answer = await client.RequestAsync("tools/call", Ask(path));
        }

        answer.IsError().ShouldBeFalse(answer.ToJsonString());
        var asked = (await daemon.Provider.ArrivedAsync()).Body;
        asked.ShouldContain("src/a.cs");
        asked.ShouldContain("class A;");
    }

    [Fact]
    public async Task Folder_is_expanded_without_what_is_ignored_secret_or_linked()
    {
        await using var daemon = await StartAsync();
        _project.Write("lib/.gitignore", "*.log\n");
        _project.Write("lib/a.cs", "class InLib;");
        _project.Write("lib/b.log", "IGNORED");
        _project.Write("lib/.env", "hunter2");
        _project.Write("lib/c.bin", [1, 0, 2]);
        File.CreateSymbolicLink(Path.Combine(_project.Root, "lib", "link.cs"), Outside("linked.cs", "LINKED"));

        var answer = await AskAsync(daemon, Path.Combine(_project.Root, "lib"));

        answer.IsError().ShouldBeFalse(answer.ToJsonString());
        var asked = (await daemon.Provider.ArrivedAsync()).Body;
        asked.ShouldContain("class InLib;");
        asked.ShouldNotContain("IGNORED");
        asked.ShouldNotContain("hunter2");
        asked.ShouldNotContain("LINKED");
        foreach (var leftOut in (string[])["lib/.env", "lib/c.bin", "lib/link.cs"])
        {
            answer.Text().ShouldContain(leftOut);
        }
    }

    /// <summary>Trap 201.</summary>
    [Theory]
    [InlineData("OUTSIDE")]
    [InlineData("../outside/secret.txt")]
    [InlineData("src/../../outside/secret.txt")]
    [InlineData("../outside/no-such-file")]
    [InlineData("LINK")]
    [InlineData("LINKED_FOLDER/secret.txt")]
    [InlineData("/etc/passwd")]
    [InlineData("file:///etc/passwd")]
    [InlineData("~/.ssh/id_ed25519")]
    [InlineData(".env")]
    [InlineData("deploy/id_rsa")]
    [InlineData("key.txt")]
    [InlineData("exai-home/token")]
    public async Task Path_that_leads_outside_or_to_a_secret_refuses_the_call(string named)
    {
        await using var daemon = await StartAsync();
        var secret = Outside("secret.txt", "outside");
        _project.Write("src/a.cs");
        _project.Write(".env");
        _project.Write("deploy/id_rsa");
        _project.Write("key.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        _project.Write("exai-home/token", "a-token-that-nobody-may-read");
        File.CreateSymbolicLink(Path.Combine(_project.Root, "LINK"), secret);
        Directory.CreateSymbolicLink(Path.Combine(_project.Root, "LINKED_FOLDER"), _project.Outside);

        var answer = await AskAsync(daemon, named == "OUTSIDE" ? secret : named, "src/a.cs");

        answer.ErrorCode().ShouldBe(ErrorCodes.FileDenied, answer.ToJsonString());
        answer.Text().ShouldContain("no model was asked");
        daemon.Provider.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task File_that_is_missing_or_too_large_is_told_and_the_others_are_shown()
    {
        await using var daemon = await StartAsync();
        _project.Write("a.cs", "class A;");
        _project.Write("huge.log", new string('x', 4 * 1024 * 1024 + 1));

        var answer = await AskAsync(daemon, "a.cs", "no-such.cs", "huge.log");

        answer.IsError().ShouldBeFalse(answer.ToJsonString());
        answer.Text().ShouldContain("no-such.cs");
        answer.Text().ShouldContain("huge.log");
        (await daemon.Provider.ArrivedAsync()).Body.ShouldContain("class A;");
    }

    [Fact]
    public async Task Without_the_setting_a_path_is_refused_and_the_setting_named()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;

        var refused = await AskAsync(daemon, _project.Write("a.cs"));

        refused.ErrorCode().ShouldBe(ErrorCodes.FileDenied);
        refused.Text().ShouldContain("EXAI_ALLOWED_ROOTS are read, and it is not set");
        refused.Text().ShouldContain("exai shim");
        daemon.Provider.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Setting_that_names_no_folder_that_exists_is_told_so()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_ALLOWED_ROOTS", Path.Combine(_project.Root, "gone")));

        var refused = await AskAsync(daemon, _project.Write("a.cs"));

        refused.ErrorCode().ShouldBe(ErrorCodes.FileDenied);
        refused.Text().ShouldContain($"none of its folders exists: {Path.Combine(_project.Root, "gone")}");
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("Via", "1.1 proxy")]
    public async Task Client_behind_a_proxy_is_on_another_machine(string header, string value)
    {
        await using var daemon = await StartAsync();
        var path = _project.Write("a.cs");
        using var client = new McpClientOverHttp(daemon.Host.Port);

        var (_, refused) = await client.ModernAsync("tools/call", Ask(path), request => request.Headers.TryAddWithoutValidation(header, value));

        refused.ErrorCode().ShouldBe(ErrorCodes.FileDenied);
        refused.Text().ShouldContain("only for clients on its own machine");
        daemon.Provider.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Call_that_brings_its_files_itself_is_left_as_it_is()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        var call = Ask("/nowhere/a.cs");
        call["_meta"] = new JsonObject { [MetaKeys.Files] = new JsonArray(new JsonObject { ["argument"] = "files", ["path"] = "a.cs", ["error"] = "FILE_NOT_FOUND: It is gone." }) };
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        var answer = await client.RequestAsync("tools/call", call);

        answer.ErrorCode().ShouldBe(ErrorCodes.FileNotFound);
        answer.Text().ShouldContain("It is gone.");
    }

    [Fact]
    public async Task Call_that_is_sent_again_is_the_same_call_although_its_file_has_changed()
    {
        await using var daemon = await StartAsync();
        var path = _project.Write("a.cs", "class Before;");
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        var call = Ask(path);
        call["_meta"] = new JsonObject { [MetaKeys.CallId] = LinkClient.ChatCallId() };
        var first = await client.RequestAsync("tools/call", (JsonObject)call.DeepClone());
        File.Delete(path);

        var second = await client.RequestAsync("tools/call", call);

        second.Text().ShouldBe(first.Text());
        second.Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task Relative_path_begins_at_the_roots_of_the_client_and_they_allow_nothing()
    {
        await using var daemon = await StartAsync();
        var root = Path.GetDirectoryName(_project.Write("app/src/a.cs", "class InApp;"))!;
        Outside("src/a.cs", "OUTSIDE");
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync(capabilities: new JsonObject { ["roots"] = new JsonObject() });

        var answer = await WithRootsAsync(client, Ask("src/a.cs"), _project.Outside, Path.GetDirectoryName(root)!);

        answer.IsError().ShouldBeFalse(answer.ToJsonString());
        var asked = (await daemon.Provider.ArrivedAsync()).Body;
        asked.ShouldContain("class InApp;");
        asked.ShouldNotContain("OUTSIDE");
    }

    private async Task<DaemonFixture> StartAsync()
    {
        var daemon = await DaemonFixture.StartAsync(("EXAI_ALLOWED_ROOTS", _project.Root), ("EXAI_HOME", _project.Home));
        daemon.Provider.Open = true;
        return daemon;
    }

    private static async Task<JsonObject> AskAsync(DaemonFixture daemon, params string[] files)
    {
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        return await client.RequestAsync("tools/call", Ask(files));
    }

    private static JsonObject Ask(params string[] files) => new()
    {
        ["name"] = "chat",
        ["arguments"] = new JsonObject { ["prompt"] = "Review.", ["files"] = new JsonArray([.. files.Select(file => (JsonNode)file)]) },
    };

    /// <summary>Asks, and tells the client's roots when the daemon wants to know them.</summary>
    private static async Task<JsonObject> WithRootsAsync(McpClientOverHttp client, JsonObject call, params string[] roots)
    {
        using var response = await client.SendAsync(HttpMethod.Post, client.Request("tools/call", call));
        await foreach (var message in McpClientOverHttp.EventsAsync(response))
        {
            if ((string?)message["method"] == "roots/list")
            {
                var told = new JsonArray([.. roots.Select(root => new JsonObject { ["uri"] = new Uri(root).AbsoluteUri })]);
                var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = message["id"]!.DeepClone(), ["result"] = new JsonObject { ["roots"] = told } };
                using var accepted = await client.SendAsync(HttpMethod.Post, answer.ToJsonString());
                accepted.EnsureSuccessStatusCode();
            }
            else if (message.ContainsKey("result"))
            {
                return message;
            }
        }

        throw new InvalidOperationException("The stream ended without a response.");
    }

    private string Outside(string name, string text)
    {
        var path = Path.Combine(_project.Outside, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
