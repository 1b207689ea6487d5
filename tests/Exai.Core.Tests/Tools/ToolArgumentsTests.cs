using System.Text.Json;
using Exai.Core.Models;
using Exai.Core.Tools;
using Exai.Protocol;

namespace Exai.Core.Tests.Tools;

/// <summary>Trap 54: nothing is converted silently; the message names the argument, what it was and what it may be.</summary>
public sealed class ToolArgumentsTests
{
    [Theory]
    [InlineData("""{}""", "'prompt' is missing. chat needs it: a text that is not empty.")]
    [InlineData("""{"prompt":null}""", "'prompt' is missing. chat needs it: a text that is not empty.")]
    [InlineData("""{"prompt":"  "}""", "'prompt' is empty. chat needs a text that says something.")]
    [InlineData("""{"prompt":5}""", "'prompt' was 5 (number); it must be a text.")]
    [InlineData("""{"prompt":["a"]}""", "'prompt' was [\"a\"] (array); it must be a text.")]
    [InlineData("""{"prompt":"more than twenty characters"}""", "'prompt' has 27 characters; at most 20 are allowed. Send less, or split the question.")]
    public void RequiredText_refuses(string json, string message) => Refused(json, arguments => arguments.RequiredText("prompt", 20), message);

    [Fact]
    public void RequiredText_keeps_the_text_as_it_is() => Arguments("""{"prompt":" a \n"}""").RequiredText("prompt", 20).ShouldBe(" a \n");

    [Theory]
    [InlineData("""{"flag":"true"}""", "'flag' was \"true\" (string); it must be true or false.")]
    [InlineData("""{"flag":1}""", "'flag' was 1 (number); it must be true or false.")]
    public void OptionalBool_refuses(string json, string message) => Refused(json, arguments => arguments.OptionalBool("flag"), message);

    [Theory]
    [InlineData("""{"flag":true}""", true)]
    [InlineData("""{"flag":false}""", false)]
    [InlineData("""{"flag":null}""", null)]
    [InlineData("""{}""", null)]
    public void OptionalBool_reads(string json, bool? value) => Arguments(json).OptionalBool("flag").ShouldBe(value);

    [Theory]
    [InlineData("""{"temperature":2.1}""", "'temperature' was 2.1 (number); it must be a number from 0 to 2.")]
    [InlineData("""{"temperature":-1}""", "'temperature' was -1 (number); it must be a number from 0 to 2.")]
    [InlineData("""{"temperature":"1"}""", "'temperature' was \"1\" (string); it must be a number from 0 to 2.")]
    [InlineData("""{"temperature":1e999}""", "'temperature' was 1e999 (number); it must be a number from 0 to 2.")]
    public void OptionalNumber_refuses(string json, string message) => Refused(json, arguments => arguments.OptionalNumber("temperature", 0, 2), message);

    [Theory]
    [InlineData("""{"temperature":0}""", 0.0)]
    [InlineData("""{"temperature":2.0}""", 2.0)]
    [InlineData("""{}""", null)]
    public void OptionalNumber_reads(string json, double? value) => Arguments(json).OptionalNumber("temperature", 0, 2).ShouldBe(value);

    [Theory]
    [InlineData("""{"thinking_mode":"hard"}""", "'thinking_mode' was 'hard'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":"1"}""", "'thinking_mode' was '1'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":"-1"}""", "'thinking_mode' was '-1'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":"+1"}""", "'thinking_mode' was '+1'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":" 1"}""", "'thinking_mode' was ' 1'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":"low,high"}""", "'thinking_mode' was 'low,high'; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":""}""", "'thinking_mode' was ''; it may be minimal, low, medium, high, max.")]
    [InlineData("""{"thinking_mode":true}""", "'thinking_mode' was true (true); it must be a text.")]
    public void OptionalChoice_refuses(string json, string message) => Refused(json, arguments => arguments.OptionalChoice<ThinkingMode>("thinking_mode"), message);

    [Fact]
    public void OptionalChoice_reads_in_any_case() =>
        Arguments("""{"thinking_mode":"High"}""").OptionalChoice<ThinkingMode>("thinking_mode").ShouldBe(ThinkingMode.High);

    [Theory]
    [InlineData("""{"promt":"x"}""", "chat has no argument 'promt'; did you mean 'prompt'? It knows: prompt, model.")]
    [InlineData("""{"something_else":"x"}""", "chat has no argument 'something_else'. It knows: prompt, model.")]
    public void OnlyKnow_refuses(string json, string message) => Refused(json, arguments => arguments.OnlyKnow("prompt", "model"), message);

    [Fact]
    public void WrongType_a_long_value_is_cut() =>
        Should.Throw<CallException>(() => Arguments($$"""{"prompt":[{{string.Join(',', Enumerable.Repeat("12345", 100))}}]}""").RequiredText("prompt", 20))
            .Message.Length.ShouldBeLessThan(130);

    [Theory]
    [InlineData("""{"continuation_id":" t-1 "}""", "t-1")]
    [InlineData("""{"continuation_id":""}""", null)]
    [InlineData("""{"continuation_id":null}""", null)]
    [InlineData("""{"continuation_id":7}""", null)]
    [InlineData("""{}""", null)]
    [InlineData("""[]""", null)]
    public void ContinuationId_is_read_before_the_call_is_checked(string json, string? id) =>
        ToolArguments.ContinuationId(JsonElement.Parse(json)).ShouldBe(id);

    private static ToolArguments Arguments(string json) => new("chat", JsonElement.Parse(json));

    private static void Refused(string json, Action<ToolArguments> read, string message)
    {
        var failure = Should.Throw<CallException>(() => read(Arguments(json)));
        failure.Error.Code.ShouldBe(ErrorCodes.InvalidArgument);
        failure.Message.ShouldBe(message);
    }
}
