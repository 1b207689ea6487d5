using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Tests.Calls;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Testing;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Tools;

/// <summary>Files that came with a call: what the model is shown, and what it and the caller are told of the rest.</summary>
public sealed class CallFilesTests
{
    [Fact]
    public void Files_stand_behind_the_question_with_line_numbers() => CallWorld.Run(async world =>
    {
        await world.Start().AskAsync(world.Call("chat", new { prompt = "Why?", files = new[] { "/p/a.cs" } }, null, world.Files.Attach("files", "/p/a.cs", "one\r\ntwo\n")));

        world.Provider.Requests.ShouldHaveSingleItem().Prompt.ShouldBe("Why?\n\n=== /p/a.cs ===\n1\tone\n2\ttwo\n=== end of /p/a.cs ===");
    });

    /// <summary>Each file once, in its latest version.</summary>
    [Fact]
    public void Thread_shows_a_file_again_in_its_latest_version_and_once() => CallWorld.Run(async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, _ => [new ScriptStep.Say("Seen."), new ScriptStep.Finish()]);
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Call("chat", new { prompt = "First.", files = new[] { "/a", "/b" } }, null,
            world.Files.Attach("files", "/a", "old a"), world.Files.Attach("files", "/b", "only b")))).Receipt.ThreadId;
        await daemon.AskAsync(world.Call("debug", new { step = "Second.", relevant_files = new[] { "/a" }, continuation_id = thread }, null, world.Files.Attach("relevant_files", "/a", "new a")));

        var all = string.Join('\n', world.Provider.Requests[^1].Messages.Select(message => message.Text));
        all.ShouldContain("1\tnew a");
        all.ShouldContain("1\tonly b");
        all.ShouldNotContain("old a");
    });

    /// <summary>Trap 52, PAL B7: what could not be read is told to the model and to the caller.</summary>
    [Fact]
    public void File_that_cannot_be_read_is_told_in_prompt_and_answer() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("chat", new { prompt = "Why?", files = new[] { "/a", "/gone", "/bin" } }, null,
            world.Files.Attach("files", "/a", "text"),
            new AttachedFile("files", "/gone") { ErrorCode = ErrorCodes.FileNotFound, Error = "there is no such file." },
            world.Files.Attach("files", "/bin", [1, 0, 2])));

        foreach (var told in new[] { outcome.Text, world.Provider.Requests[0].Prompt })
        {
            told.ShouldContain("- /gone: there is no such file.");
            told.ShouldContain("- /bin: it is no text (3 bytes).");
        }
    });

    [Fact]
    public void No_file_that_can_be_read_asks_nobody() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("codereview", new { step = "Review.", relevant_files = new[] { "/gone" } }, null,
            new AttachedFile("relevant_files", "/gone") { ErrorCode = ErrorCodes.FileNotFound, Error = "there is no such file." }));

        outcome.Error!.Code.ShouldBe(ErrorCodes.FileNotFound);
        outcome.Text.ShouldContain("/gone: there is no such file.");
        world.Provider.Requests.ShouldBeEmpty();
    });

    [Fact]
    public void Refused_file_ends_the_call_before_anything_is_spent() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("chat", new { prompt = "Why?", files = new[] { "/a", "/home/u/.env" } }, null,
            world.Files.Attach("files", "/a", "text"), new AttachedFile("files", "/home/u/.env") { ErrorCode = ErrorCodes.FileDenied, Error = "it may hold secrets." }));

        outcome.Error!.Code.ShouldBe(ErrorCodes.FileDenied);
        outcome.Text.ShouldContain("/home/u/.env: it may hold secrets.");
        world.Provider.Requests.ShouldBeEmpty();
    });

    /// <summary>A daemon that takes the call over needs nothing from the client.</summary>
    [Fact]
    public void Files_of_a_call_survive_its_daemon() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var call = world.Call("chat", new { prompt = "Why?", files = new[] { "/a" } }, null, world.Files.Attach("files", "/a", "kept text"));
        _ = daemon.Calls.StartOrAttach(call);
        await world.AfterAsync(1);
        await daemon.KillAsync();

        (await world.Start().AskAsync(call)).State.ShouldBe(CallState.Succeeded);

        world.Provider.Requests[^1].Prompt.ShouldContain("kept text");
    });

    /// <summary>Trap 216: 40 files of 2 MB in all for a window of 128 000 tokens; the most relevant go, and the answer names the others.</summary>
    [Fact]
    public void Review_of_forty_large_files_sends_what_fits_and_names_the_rest() => CallWorld.Run(async world =>
    {
        var text = string.Concat(Enumerable.Repeat("a line of code that is forty letters..\n", 1315));
        var files = Enumerable.Range(1, 40).Select(number => world.Files.Attach("relevant_files", $"/p/File{number:00}.cs", text + number)).ToArray();
        files.Sum(file => file.Bytes).ShouldBeGreaterThan(2_000_000);

        var outcome = await world.Start().AskAsync(world.Call(
            "codereview", new { step = "Review all.", model = "glm-4.5", relevant_files = files.Select(file => file.Path).ToArray() }, null, files));

        outcome.State.ShouldBe(CallState.Succeeded);
        var request = world.Provider.Requests.ShouldHaveSingleItem();
        TokenEstimate.Of(request.Messages).ShouldBeInRange(80_000, 128_000 - 8192);
        var sent = files.Count(file => request.Prompt.Contains($"=== {file.Path} ===", StringComparison.Ordinal));
        sent.ShouldBeInRange(4, 12);
        request.Prompt.ShouldContain("=== /p/File01.cs ===");
        request.Prompt.ShouldContain("Not included, for lack of room:\n- /p/File");
        outcome.Text.ShouldContain($"[{40 - sent} files did not fit the model's window and were left out: /p/File");
    });

    /// <summary>The port for precommit: the state of the repository comes like a file.</summary>
    [Fact]
    public void Git_state_that_came_with_the_call_is_shown_to_the_expert() => CallWorld.Run(async world =>
    {
        await world.Start().AskAsync(world.Call("precommit", new { step = "Check.", path = "/p" }, null, world.Files.Attach("path", "/p (git diff)", "+added line")));

        world.Provider.Requests.ShouldHaveSingleItem().Prompt.ShouldContain("=== /p (git diff) ===\n1\t+added line");
    });

    [Fact]
    public void Image_given_as_a_data_url_reaches_a_model_that_sees() => CallWorld.Run(async world =>
    {
        await world.Start().AskAsync(world.Call("chat", new { prompt = "What is it?", model = "glm-4.6v", images = new[] { "data:image/png;base64,iVBORw0KGgo=" } }));

        var image = world.Provider.Requests.ShouldHaveSingleItem().Messages[^1].Contents.OfType<DataContent>().ShouldHaveSingleItem();
        (image.MediaType, image.Data.Length).ShouldBe(("image/png", 8));
    });

    [Fact]
    public void Image_that_is_no_data_url_asks_nobody() => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call("chat", new { prompt = "What is it?", images = new[] { "data:image/png,xx" } }));

        outcome.Error!.Code.ShouldBe(ErrorCodes.InvalidArgument);
        outcome.Text.ShouldContain("data:image/png;base64");
    });
}
