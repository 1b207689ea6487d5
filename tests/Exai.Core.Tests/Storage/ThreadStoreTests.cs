using Exai.Core.Calls;
using Exai.Core.Tests.Calls;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage;

/// <summary>Finding conversations again, and forgetting them.</summary>
public sealed class ThreadStoreTests
{
    /// <summary>Trap 123.</summary>
    [Theory, EveryStore]
    public void List_shows_the_newest_first_with_title_turns_and_tools(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var old = (await daemon.AskAsync(world.Chat("An old question."))).Receipt.ThreadId!;
        var recent = (await daemon.AskAsync(world.Chat("A new question."))).Receipt.ThreadId!;
        await world.AfterAsync(1);
        await daemon.AskAsync(world.Call("debug", new { step = "s", next_step_required = true, continuation_id = old }));

        var threads = await daemon.Threads.ListAsync(null, 10, CancellationToken.None);

        threads.Select(thread => (thread.ThreadId, thread.Title, thread.Turns, string.Join(' ', thread.Tools))).ShouldBe(
            [(old, "An old question.", 2, "chat debug"), (recent, "A new question.", 1, "chat")]);
        (await daemon.Threads.ListAsync(null, 1, CancellationToken.None)).Count.ShouldBe(1);
    });

    [Theory]
    [EveryStore("SQLITE", 1)]
    [EveryStore("größe", 1)]
    [EveryStore("answer to", 2)]
    [EveryStore("100%", 0)]
    [EveryStore("nowhere", 0)]
    public void Search_looks_into_questions_and_answers(StoreEngine store, string text, int found) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        await daemon.AskAsync(world.Chat("Is SQLite enough for this größe?"));
        await daemon.AskAsync(world.Chat("Is 100 % too much?"));

        (await daemon.Threads.ListAsync(text, 10, CancellationToken.None)).Count.ShouldBe(found);
    });

    [Theory, EveryStore]
    public void Delete_takes_the_turns_and_the_calls_along_and_leaves_other_threads_alone(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("secret");
        var thread = (await daemon.AskAsync(call)).Receipt.ThreadId!;
        var other = (await daemon.AskAsync(world.Chat("other"))).Receipt.ThreadId!;

        (await daemon.Threads.DeleteAsync(thread, CancellationToken.None)).ShouldBeTrue();

        (await daemon.Threads.FindAsync(thread, CancellationToken.None)).ShouldBeNull();
        (await daemon.FindAsync(call.CallId)).ShouldBeNull();
        (await daemon.Threads.FindAsync(other, CancellationToken.None)).ShouldNotBeNull();
        (await daemon.Threads.DeleteAsync(thread, CancellationToken.None)).ShouldBeFalse();
        (await daemon.AskAsync(world.Chat("go on", thread))).State.ShouldBe(CallState.Failed);
    });

    [Theory, EveryStore]
    public void Delete_leaves_a_thread_on_which_a_call_is_running(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        var running = daemon.AskAsync(world.Chat("go on", thread));
        await world.AfterAsync(1);

        (await daemon.Threads.DeleteAsync(thread, CancellationToken.None)).ShouldBeFalse();

        (await running).State.ShouldBe(CallState.Succeeded);
    });
}
