using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Shim.Tests.Eras;
using Exai.Testing.Files;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Files;

/// <summary>Calls that name files, through a whole shim session.</summary>
public sealed class FileCallTests : IDisposable
{
    private const string Tools =
        """{"tools":[{"name":"chat","inputSchema":{"type":"object"},"_meta":{"exai/attach":[{"argument":"files","kind":"file"},{"argument":"images","kind":"image"}]}}]}""";

    private readonly TempProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Files_of_a_call_reach_the_daemon_before_the_call()
    {
        var path = _project.Write("src/a.cs", "class A;");
        Run(async rig =>
        {
            await ReadyAsync(rig);

            Ask(rig, "1", path);
            (await rig.Client.ResponseAsync("1")).Json["result"]!["isError"]!.GetValue<bool>().ShouldBeFalse();

            var file = Files(rig.Daemon.Call().Sent.ShouldHaveSingleItem().Json).ShouldHaveSingleItem()!;
            file["path"]!.GetValue<string>().ShouldBe("src/a.cs");
            file["argument"]!.GetValue<string>().ShouldBe("files");
            var hash = file["sha256"]!.GetValue<string>();
            rig.Daemon.Blobs[hash].ShouldBe("class A;"u8.ToArray());
            rig.Daemon.BlobRequests.ShouldBe([$"HEAD {hash}", $"PUT {hash}"]);
        });
    }

    [Fact]
    public void Files_of_a_call_without_a_handshake_reach_the_daemon_and_nobody_is_asked_for_roots()
    {
        var path = _project.Write("a.cs", "class A;");
        Run(async rig =>
        {
            rig.Environment["EXAI_ALLOWED_ROOTS"] = _project.Root;
            rig.Daemon.ToolList = Tools;
            await rig.ModernReadyAsync();
            var asked = rig.Time.GetUtcNow();
            rig.Modern("1", "tools/call", $"\"name\":\"chat\",\"arguments\":{new JsonObject { ["prompt"] = "Review.", ["files"] = new JsonArray(path) }.ToJsonString()}");
            var answer = await rig.Client.ResponseAsync("1");

            (answer.At - asked).ShouldBeLessThan(TimeSpan.FromSeconds(1));
            Files(rig.Daemon.Call().Sent.ShouldHaveSingleItem().Json).ShouldHaveSingleItem()!["path"]!.GetValue<string>().ShouldEndWith("a.cs");
            rig.Client.Notifications("roots/list").ShouldBeEmpty();
        });
    }

    [Fact]
    public void Unchanged_file_is_not_sent_twice()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            await ReadyAsync(rig);
            Ask(rig, "1", path);
            await rig.Client.ResponseAsync("1");
            Ask(rig, "2", path);
            await rig.Client.ResponseAsync("2");

            rig.Daemon.BlobRequests.Count(request => request.StartsWith("PUT", StringComparison.Ordinal)).ShouldBe(1);
        });
    }

    [Fact]
    public void Refused_file_ends_the_call_before_anything_is_sent()
    {
        _project.Write(".env", "KEY=1");
        var fine = _project.Write("a.cs");
        Run(async rig =>
        {
            await ReadyAsync(rig);

            Ask(rig, "1", fine, ".env", Path.Combine(_project.Outside, "x"));

            var result = (await rig.Client.ResponseAsync("1")).Json["result"]!;
            result["_meta"]!["exai/error"]!["code"]!.GetValue<string>().ShouldBe(ErrorCodes.FileDenied);
            result["content"]![0]!["text"]!.GetValue<string>().ShouldStartWith("FILE_DENIED: ");
            rig.Daemon.Calls.ShouldBeEmpty();
            rig.Daemon.BlobRequests.ShouldBeEmpty();
        });
    }

    [Fact]
    public void Call_without_a_daemon_waits_and_brings_its_files_to_the_one_that_comes()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            rig.Daemon.ToolList = Tools;
            await InitializeAsync(rig);
            Ask(rig, "1", path);
            await rig.PassAsync(3);
            rig.Daemon.Start();

            Succeeded(await rig.Client.ResponseAsync("1"));

            rig.Daemon.Blobs.Count.ShouldBe(1);
        });
    }

    [Fact]
    public void Daemon_that_dies_between_upload_and_answer_costs_nothing()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            rig.Daemon.AnswersCalls = false;
            await ReadyAsync(rig);
            Ask(rig, "1", path);
            await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
            rig.Daemon.AnswersCalls = true;

            File.Delete(path);
            rig.Daemon.Restart();
            await rig.Client.ResponseAsync("1");

            rig.Daemon.Calls.Count.ShouldBe(1);
            rig.Daemon.Call().Sent.Select(sent => sent.Json.ToJsonString()).Distinct().Count().ShouldBe(1);
            rig.Daemon.BlobRequests.Count(request => request.StartsWith("PUT", StringComparison.Ordinal)).ShouldBe(1);
        });
    }

    [Fact]
    public void Connection_lost_during_the_upload_is_made_good_on_the_next_one()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            rig.Daemon.BlobsTake = TimeSpan.FromSeconds(2);
            await ReadyAsync(rig);
            Ask(rig, "1", path);
            await rig.PassAsync(3);
            rig.Daemon.Calls.ShouldBeEmpty();

            rig.Daemon.Restart();
            await rig.Client.ResponseAsync("1");

            rig.Daemon.Call().Sent.Count.ShouldBe(1);
            rig.Daemon.Blobs.Count.ShouldBe(1);
        });
    }

    [Fact]
    public void File_that_changes_before_it_is_sent_does_not_hold_its_call()
    {
        var path = _project.Write("a.cs", "before");
        Run(async rig =>
        {
            rig.Daemon.ToolList = Tools;
            await InitializeAsync(rig);
            Ask(rig, "1", path);
            await rig.PassAsync(1);
            _project.Write("a.cs", "after");
            rig.Daemon.Start();

            await rig.Client.ResponseAsync("1");

            rig.Daemon.Blobs.ShouldBeEmpty();
        });
    }

    [Fact]
    public void Calls_on_one_thread_keep_their_order_and_others_do_not_wait()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            rig.Daemon.BlobsTake = TimeSpan.FromSeconds(5);
            await ReadyAsync(rig);

            Ask(rig, "1", [path], "thread-1");
            Ask(rig, "2", [], "thread-1");
            Ask(rig, "3", [], "thread-2");
            await rig.Client.ResponseAsync("2");

            rig.Daemon.Calls.Select(call => call.IdJson).ShouldBe(["3", "1", "2"]);
        });
    }

    [Fact]
    public void Cancelled_call_is_not_sent_after_its_files()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            rig.Daemon.BlobsTake = TimeSpan.FromSeconds(5);
            await ReadyAsync(rig);

            Ask(rig, "1", path);
            await rig.PassAsync(1);
            rig.Cancel("1");
            await rig.PassAsync(30);
            // Nor is it begun by the next daemon, which would only be told to cancel it.
            rig.Daemon.Restart();
            await rig.PassAsync(30);

            rig.Daemon.Calls.ShouldBeEmpty();
            rig.Client.Responses("1").ShouldBeEmpty();
        });
    }

    [Fact]
    public void Call_can_be_cancelled_while_its_files_are_read_and_its_id_used_again()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            // A client that does not tell its roots: the files wait for them.
            await ReadyAsync(rig, answersRoots: false);

            Ask(rig, "1", path);
            await rig.PassAsync(0.5);
            rig.Cancel("1");
            await rig.PassAsync(0.5);
            rig.ListTools("1");
            await rig.Client.ResponseAsync("1");
            await rig.PassAsync(10);

            rig.Daemon.Calls.ShouldBeEmpty();
        });
    }

    [Fact]
    public void Other_calls_pass_while_files_wait()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            await ReadyAsync(rig, answersRoots: false);

            Ask(rig, "1", path);
            rig.Call("2");

            (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(1))).ShouldNotBeNull();
            rig.Client.Responses("1").ShouldBeEmpty();
            (await rig.Client.ResponseAsync("1")).Json["result"]!["_meta"]!["exai/error"]!["code"]!.GetValue<string>().ShouldBe(ErrorCodes.FileDenied);
        });
    }

    [Fact]
    public void Call_that_comes_before_the_client_told_its_roots_waits_for_them()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            await ReadyAsync(rig, answersRoots: false);

            Ask(rig, "1", path);
            await rig.PassAsync(1);
            await AnswerRootsAsync(rig, 1, _project.Root);

            Succeeded(await rig.Client.ResponseAsync("1"));
        });
    }

    [Fact]
    public void Changed_roots_of_the_client_count_for_the_next_call()
    {
        var path = _project.Write("a.cs");
        Run(async rig =>
        {
            await ReadyAsync(rig, root: _project.Outside);
            Ask(rig, "1", path);
            (await rig.Client.ResponseAsync("1")).Json["result"]!["isError"]!.GetValue<bool>().ShouldBeTrue();

            rig.Send("""{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}""");
            await AnswerRootsAsync(rig, 2, _project.Root);
            Ask(rig, "2", path);

            (await rig.Client.ResponseAsync("2")).Json["result"]!["isError"]!.GetValue<bool>().ShouldBeFalse();
        });
    }

    [Fact]
    public void Tool_that_wants_no_files_gets_the_call_as_it_is() => Run(async rig =>
    {
        rig.Daemon.ToolList = """{"tools":[{"name":"chat","inputSchema":{"type":"object"}}]}""";
        await InitializeAsync(rig);
        rig.Daemon.Start();
        await rig.LinkAsync();
        await rig.PassAsync(1);

        Ask(rig, "1", "/etc/passwd");
        await rig.Client.ResponseAsync("1");

        Files(rig.Daemon.Call().Sent[0].Json).ShouldBeNull();
    });

    private static void Succeeded(ClientLine response) => response.Json["result"]?["isError"]?.GetValue<bool>().ShouldBeFalse(response.ToString());

    private static void Run(Func<ShimRig, Task> body) => ShimRig.Run(body, usesPool: true);

    private async Task ReadyAsync(ShimRig rig, bool answersRoots = true, string? root = null)
    {
        rig.Daemon.ToolList = Tools;
        rig.Daemon.Start();
        Initialize(rig);
        await rig.LinkAsync();
        if (answersRoots)
        {
            await AnswerRootsAsync(rig, 1, root ?? _project.Root);
        }

        await rig.PassAsync(0.1);
    }

    /// <summary>Shakes hands without a daemon, and says what the workspace is.</summary>
    private async Task InitializeAsync(ShimRig rig)
    {
        Initialize(rig);
        await AnswerRootsAsync(rig, 1, _project.Root);
    }

    private static void Initialize(ShimRig rig)
    {
        rig.Send("""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"roots":{"listChanged":true}},"clientInfo":{"name":"test-client","version":"1"} } }""");
        rig.Initialized();
    }

    private static async Task AnswerRootsAsync(ShimRig rig, int request, string root)
    {
        await rig.UntilAsync(() => rig.Client.Lines.Count(line => line.Method == "roots/list") == request, "the question for roots");
        var id = rig.Client.Lines.Last(line => line.Method == "roots/list").IdJson;
        rig.Client.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"roots":[{"uri":"{{{new Uri(root).AbsoluteUri}}}","name":"project"}]} }""");
    }

    private static void Ask(ShimRig rig, string id, params string[] files) => Ask(rig, id, files, thread: null);

    private static void Ask(ShimRig rig, string id, string[] files, string? thread)
    {
        var arguments = new JsonObject { ["prompt"] = "Review.", ["files"] = new JsonArray([.. files.Select(file => (JsonNode)file)]) };
        if (thread is not null)
        {
            arguments["continuation_id"] = thread;
        }

        rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"chat","arguments":{{{arguments.ToJsonString()}}}} }""");
    }

    private static JsonArray? Files(JsonNode message) => message["params"]!["_meta"]?["exai/files"]?.AsArray();
}
