using Exai.Core.Storage;
using Exai.Core.Threads;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Threads;

/// <summary>Trap 125: documented lifetime and length, behaviour and message agree.</summary>
public sealed class ThreadReaderTests
{
    private readonly VirtualTime _time = new();

    [Theory]
    [InlineData(199, true)]
    [InlineData(200, false)]
    public async Task OpenAsync_length(int turns, bool opens)
    {
        var reader = Reader(turns);
        if (opens)
        {
            (await reader.OpenAsync("t", token: null, CancellationToken.None))!.Turns.Count.ShouldBe(turns);
            return;
        }

        var refused = await Should.ThrowAsync<CallException>(async () => await reader.OpenAsync("t", token: null, CancellationToken.None));
        refused.Error.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        refused.Message.ShouldContain("200 turns");
        refused.Message.ShouldContain("MAX_CONVERSATION_TURNS");
    }

    [Theory]
    [InlineData(24.0, true)]
    [InlineData(24.1, false)]
    public async Task OpenAsync_lifetime_counts_from_the_last_turn(double hours, bool opens)
    {
        var reader = Reader(1);
        _time.Advance(TimeSpan.FromHours(hours));

        if (opens)
        {
            (await reader.OpenAsync("t", token: null, CancellationToken.None)).ShouldNotBeNull();
        }
        else
        {
            (await Should.ThrowAsync<CallException>(async () => await reader.OpenAsync("t", token: null, CancellationToken.None))).Message.ShouldContain("expired 24 h");
        }
    }

    /// <summary>Counted in bytes of UTF-8: the text has half as many characters.</summary>
    [Theory]
    [InlineData(7, true)]
    [InlineData(8, false)]
    public async Task OpenAsync_size(int megabytes, bool opens)
    {
        var reader = Reader(megabytes, new string('ä', 512 * 1024));
        if (opens)
        {
            (await reader.OpenAsync("t", token: null, CancellationToken.None))!.Turns.Count.ShouldBe(megabytes);
            return;
        }

        var refused = await Should.ThrowAsync<CallException>(async () => await reader.OpenAsync("t", token: null, CancellationToken.None));
        refused.Error.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        refused.Message.ShouldContain("holds 8.0 MB of text");
        refused.Message.ShouldContain("Leave continuation_id out");
    }

    private ThreadReader Reader(int turns, string question = "q") => new(new OneThread(turns, question, _time.GetUtcNow()), TimeSpan.FromHours(24), mostTurns: 200, _time);

    private sealed class OneThread(int turns, string question, DateTimeOffset updatedAt) : IThreadStore
    {
        public ValueTask<IReadOnlyList<ThreadSummary>> ListAsync(string? text, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<bool> DeleteAsync(string threadId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ConversationThread?> FindAsync(string threadId, CancellationToken cancellationToken) =>
            ValueTask.FromResult<ConversationThread?>(new ConversationThread(threadId, updatedAt.AddDays(-9), updatedAt, [.. Enumerable.Range(0, turns).Select(number => new Turn
            {
                CallId = $"c{number}",
                Tool = "chat",
                Question = question,
                Answer = "a",
                Model = "glm/glm-4.6",
                At = updatedAt,
            })]));
    }
}
