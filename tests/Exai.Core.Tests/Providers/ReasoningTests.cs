namespace Exai.Core.Tests.Providers;

/// <summary>Reasoning and the marks around it; the parser checklist's rules 17 and 18. Rule 19 has its test with the tool calls.</summary>
public sealed class ReasoningTests
{
    /// <summary>Rule 18: every place where chunks can cut the content in three.</summary>
    [Theory]
    [InlineData("<think>Hm</think>\n\nHello", "Hm", "Hello")]
    [InlineData("\n <think>\nHm</think>Hello", "\nHm", "Hello")]
    [InlineData("<think></think>Hello", "", "Hello")]
    [InlineData("<think>a < b </thin </think> <think>Hello", "a < b </thin ", "<think>Hello")]
    [InlineData("Hello <think>no</think>", "", "Hello <think>no</think>")]
    [InlineData("<thinking>Hello", "", "<thinking>Hello")]
    [InlineData("<b>Hello</b> <", "", "<b>Hello</b> <")]
    [InlineData("\n\nHello", "", "\n\nHello")]
    [InlineData("<|begin_of_box|>Hello<|end_of_box|>", "", "Hello")]
    [InlineData("<think>Hm</think><|begin_of_box|>He<|end_of_box|>llo <|begin_of_", "Hm", "Hello <|begin_of_")]
    [InlineData("<|begin_<|begin_of_box|>Hello", "", "<|begin_Hello")]
    public async Task Marks_in_the_content_are_parted_wherever_chunks_cut_them(string content, string reasoning, string text)
    {
        for (var first = 0; first <= content.Length; first++)
        {
            for (var second = first; second <= content.Length; second++)
            {
                var outcome = await Wire.GlmAsync(Wire.Events(
                    Content(content[..first]), Content(content[first..second]), Content(content[second..]), Wire.Delta("", "stop")));

                outcome.Failure.ShouldBeNull();
                (outcome.Reasoning, outcome.Text).ShouldBe((reasoning, text), $"cut at {first} and {second}");
            }
        }
    }

    /// <summary>Rule 18: the marks are in GLM's vocabulary only; elsewhere somebody may be writing about them.</summary>
    [Fact]
    public async Task Box_marks_of_other_models_are_text() =>
        (await Wire.KimiAsync(Wire.Events(Content("a <|begin_of_box|> b"), Wire.Delta("", "stop")))).Text.ShouldBe("a <|begin_of_box|> b");

    [Fact]
    public async Task Thinking_that_never_ends_is_no_answer()
    {
        var outcome = await Wire.KimiAsync(Wire.Events(Content("<think>Hm, let me </thi"), Wire.Delta("", "stop")));

        outcome.Reasoning.ShouldBe("Hm, let me </thi");
        outcome.Failed.Message.ShouldContain("no answer");
    }

    /// <summary>Rule 29: what was held back for a mark that never came belongs to the partial text.</summary>
    [Fact]
    public async Task Text_held_back_is_told_when_the_stream_breaks_off()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(Content("Hello <|begin")));

        outcome.Text.ShouldBe("Hello <|begin");
        outcome.Failed.Message.ShouldContain("after 13 characters");
    }

    /// <summary>A finish tells the whole text at once, for servers that never close their stream.</summary>
    [Fact]
    public async Task Text_held_back_is_told_with_the_finish()
    {
        using var client = Wire.Glm(new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Content("a <"), Wire.Delta("", "stop")))], Hangs = true });
        using var cancelled = new CancellationTokenSource();
        var text = "";

        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in client.GetStreamingResponseAsync(Wire.Hello(), Wire.Options("glm-4.6"), cancelled.Token))
            {
                text += update.Text;
                if (update.FinishReason is not null)
                    await cancelled.CancelAsync();
            }
        });
        text.ShouldBe("a <");
    }

    /// <summary>White space may go on for long; none of it is held back for ever.</summary>
    [Fact]
    public async Task Long_blank_beginning_is_passed_on()
    {
        var outcome = await Wire.GlmAsync(Wire.Events([.. Enumerable.Repeat(Content("\n"), 200), Wire.Delta("\"content\":\"x\"", "stop")]));

        outcome.Text.ShouldBe(new string('\n', 200) + "x");
        outcome.Updates.Count.ShouldBeGreaterThan(100);
    }

    private static string Content(string text) => Wire.Delta("\"content\":" + System.Text.Json.JsonSerializer.Serialize(text));
}
