using FsCheck;
using FsCheck.Fluent;

namespace Exai.Core.Tests.Providers;

/// <summary>How a network cuts the bytes must not be seen, and no bytes at all may hang or crash the client.</summary>
public sealed class StreamPropertyTests
{
    private static readonly string Sample =
        "\ufeff: hello\r\n\r\n"
        + Wire.Events(Wire.Delta("\"role\":\"assistant\",\"reasoning_content\":\"思考 🤔\""), "{broken", Wire.Delta("\"content\":\"答案 😀 \\ud83d\\ude00\""))
        + "event: message\rid: 7\rdata:{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\" — ende\"}]}}]}\r\r"
        + "data: {\"choices\":[],\"web_search\":[{\"title\":\"A\",\"link\":\"https://a\"}]}\r\n\r\n"
        + Wire.Events("""{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":3,"completion_tokens":4,"cached_tokens":2}}]}""", "[DONE]");

    private static readonly string[] Fragments =
    [
        "data: ", "data:", "\n\n", "\n", "\r", "\r\n\r\n", ": c\n\n", "event: error\n", "[DONE]", "{", "}", "[", "]", "null", "\"", ":", ",", "1e999", "-1", "<html>",
        "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}", "{\"choices\":[{\"delta\":{\"content\":{}},\"finish_reason\":7}]}", "{\"choices\":{}}", "{\"choices\":[[]]}",
        "{\"usage\":{\"prompt_tokens\":1e30,\"completion_tokens\":\"x\"}}", "{\"usage\":[]}", "{\"error\":[]}", "{\"error\":{\"code\":{},\"message\":[]}}", "{\"code\":1,\"msg\":\"m\"}",
        "{\"choices\":[{\"finish_reason\":\"stop\"}]}", "{\"choices\":[{\"delta\":{\"content\":\"\\ud800\"}}]}", "{\"web_search\":[7,{\"link\":3},{\"search_result\":[null]}]}",
        "{\"id\":\"\\udfff\",\"model\":\"\\ud800\"}", "\u0000", "\ufeff", "é", "😀", "{\"a\":1,\"a\":2}", "\"text\"", "[]", "{\"error\":{\"message\":\"\\ud83d <html>\"}}",
    ];

    [Fact]
    public void Any_split_of_the_same_bytes_yields_the_same_updates()
    {
        var bytes = Wire.Utf8(Sample);
        var whole = Run([bytes]);
        whole.ShouldContain("T答案 😀 😀");
        whole.ShouldContain("U3,4,2");

        Run([.. bytes.Select(value => new[] { value })]).ShouldBe(whole);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Cuts(bytes.Length).ToArbitrary(), cuts => Run(Split(bytes, cuts)) == whole));
    }

    [Fact]
    public void Any_beginning_of_the_bytes_ends_in_an_answer_or_a_typed_failure()
    {
        var bytes = Wire.Utf8(Sample);
        for (var length = 0; length < bytes.Length; length++)
            Run([bytes[..length]]).ShouldNotBeNull();
    }

    [Fact]
    public void Malformed_streams_end_in_an_answer_or_a_typed_failure()
    {
        var streams = Gen.Elements(Fragments).ListOf().Select(string.Concat);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(streams.ToArbitrary(), stream => Run([Wire.Utf8(stream)]).Length > 0));
    }

    [Fact]
    public void Random_bytes_end_in_an_answer_or_a_typed_failure() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Run([bytes]).Length > 0));

    [Fact]
    public void Malformed_error_bodies_end_in_a_typed_failure()
    {
        var bodies = Gen.Elements(Fragments).ListOf().Select(string.Concat);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(bodies.ToArbitrary(), body =>
            Wire.RunAsync(Wire.Glm(VerbatimHandler.Failing(500, body)), Wire.Options("glm-4.6")).GetAwaiter().GetResult().Failure is { HttpStatus: 500 }));
    }

    // The double answers at once, so nothing is waited for here.
    private static string Run(IReadOnlyList<byte[]> reads) =>
        Wire.RunAsync(Wire.Glm(new VerbatimHandler { Reads = reads }), Wire.Options("glm-4.6")).GetAwaiter().GetResult().Told();

    private static Gen<List<int>> Cuts(int length) => Gen.Choose(0, length).ListOf().Select(cuts => cuts.Order().ToList());

    private static List<byte[]> Split(byte[] bytes, List<int> cuts)
    {
        List<int> edges = [0, .. cuts, bytes.Length];
        return [.. edges.Zip(edges.Skip(1)).Select(edge => bytes[edge.First..edge.Second])];
    }
}
