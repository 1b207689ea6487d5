using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Models;

public sealed class ThreadWindowTests
{
    [Fact]
    public void Lay_everything_fits_system_first_then_the_turns_then_the_question()
    {
        var (messages, dropped) = Lay(Question(("q1", "a1"), ("q2", "a2")), "m", 100_000, 8192);

        dropped.ShouldBe(0);
        messages.Select(message => (message.Role.Value, message.Text)).ShouldBe(
            [("system", "system"), ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2"), ("user", "now")]);
    }

    /// <summary>Trap 130: the newest turns stay.</summary>
    [Fact]
    public void Lay_not_all_turns_fit_the_newest_stay_and_the_others_are_counted()
    {
        var turns = Enumerable.Range(1, 10).Select(number => ($"question {number}", new string('x', 4000))).ToArray();

        var (messages, dropped) = Lay(Question(turns), "m", 10_000, 4000);

        dropped.ShouldBe(6);
        messages.Count.ShouldBe(1 + (4 * 2) + 1);
        messages[1].Text.ShouldBe("question 7");
        messages[^1].Text.ShouldBe("now");
    }

    /// <summary>A turn that does not fit ends the laying: a thread with a hole in it misleads.</summary>
    [Fact]
    public void Lay_a_large_turn_in_the_middle_nothing_older_is_laid()
    {
        var (messages, dropped) = Lay(Question(("small", "old"), ("large", new string('x', 100_000)), ("small", "new")), "m", 10_000, 4000);

        dropped.ShouldBe(2);
        messages.Select(message => message.Text).ShouldBe(["system", "small", "new", "now"]);
    }

    [Fact]
    public void Lay_the_question_alone_does_not_fit_says_how_much_would()
    {
        var refused = Should.Throw<CallException>(() => Lay(Question() with { Prompt = new string('x', 40_000) }, "small-model", 10_000, 4000));

        (refused.Error.Code, refused.Error.Model).ShouldBe((ErrorCodes.ContextTooLarge, "small-model"));
        refused.Message.ShouldContain("10,002");
        refused.Message.ShouldContain("4,976");
        refused.Message.ShouldContain("small-model");
    }

    /// <summary>Trap 129: 30 000 tokens into a window of 128 000.</summary>
    [Fact]
    public void Lay_unknown_window_counts_as_128_000() =>
        Lay(Question() with { Prompt = new string('x', 4 * 30_000) }, "m", window: null, maxOutput: 8192).Messages.Count.ShouldBe(2);

    [Fact]
    public void Lay_any_thread_stays_in_the_budget_and_keeps_an_unbroken_newest_part() => Prop.ForAll(
        Gen.Choose(0, 3000).ListOf().Where(sizes => sizes.Count <= 30).ToArbitrary(),
        Gen.Choose(3000, 9000).ToArbitrary(),
        (sizes, window) =>
        {
            var turns = sizes.Select((size, index) => ($"{index}", new string('x', size))).ToArray();
            var question = Question(turns);

            var (messages, dropped) = Lay(question, "m", window, 1500);

            var tokens = messages.Sum(message => TokenEstimate.Of(message.Text));
            return tokens <= window - 1500 - 1024
                && messages.Count == 2 + (2 * (turns.Length - dropped))
                && messages.Where(message => message.Role == ChatRole.User).SkipLast(1).Select(message => message.Text)
                    .SequenceEqual(turns.Skip(dropped).Select(turn => turn.Item1))
                && (dropped == 0 || tokens + TokenEstimate.Of(turns[dropped - 1].Item1) + TokenEstimate.Of(turns[dropped - 1].Item2) > window - 1500 - 1024);
        }).QuickCheckThrowOnFailure();

    private static (List<ChatMessage> Messages, int DroppedTurns) Lay(ModelQuestion question, string model, long? window, int maxOutput)
    {
        var info = new ModelInfo { Id = model, Provider = "p", Window = window };
        var provider = new ModelProvider("p", new ScriptedChatClient(TimeProvider.System), TestDaemon.Clocks, [model], maxOutput);
        var room = ThreadWindow.Room(maxOutput, info);
        var laid = ThreadWindow.Lay(question, new ModelRoute("auto", provider, model, info, []), room, maxOutput);
        return (laid.Messages, laid.DroppedTurns);
    }

    private static ModelQuestion Question(params (string, string)[] history) => new() { SystemPrompt = "system", Prompt = "now", History = history };
}
