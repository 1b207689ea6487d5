using FsCheck;
using FsCheck.Fluent;

namespace Exai.Core.Tests.Providers;

/// <summary>How a network cuts the bytes and how a server ends its lines must not be seen. Rules 2, 3, 4 and 6.</summary>
public sealed class StreamPropertyTests
{
    private static readonly string[] LineEnds = ["\n", "\r\n", "\r"];

    public static TheoryData<string> Samples => [.. StreamSamples.All];

    /// <summary>Among them the cuts within a character and between the two bytes of a line end.</summary>
    [Theory]
    [MemberData(nameof(Samples))]
    public void Any_split_of_the_same_bytes_yields_the_same_updates(string sample)
    {
        foreach (var end in LineEnds)
        {
            var bytes = Wire.Utf8("\ufeff" + sample.Replace("\n", end, StringComparison.Ordinal));
            var whole = Run([bytes]);

            Run([.. bytes.Select(value => new[] { value })]).ShouldBe(whole);
            Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Cuts(bytes.Length).ToArbitrary(), cuts => Run(Split(bytes, cuts)) == whole));
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Any_line_end_yields_the_same_updates(string sample)
    {
        var expected = Run([Wire.Utf8(sample)]);
        foreach (var end in LineEnds)
            Run([Wire.Utf8(sample.Replace("\n", end, StringComparison.Ordinal))]).ShouldBe(expected);

        // Each line by an end of its own. A lone return before a new line would be one end with it, so such pairs are left out.
        var lines = sample.Split('\n');
        var choices = Gen.Elements("\n", "\r\n").ListOf(lines.Length);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(choices.ToArbitrary(), ends =>
            Run([Wire.Utf8(string.Concat(lines[..^1].Zip(ends, (line, end) => line + end)) + lines[^1])]) == expected));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Any_beginning_of_the_bytes_ends_in_an_answer_or_a_typed_failure(string sample)
    {
        var bytes = Wire.Utf8(sample);
        for (var length = 0; length < bytes.Length; length++)
            Run([bytes[..length]]).ShouldNotBeNull();
    }

    /// <summary>The samples are worth cutting only while they say something.</summary>
    [Fact]
    public void Samples_are_read_as_meant()
    {
        var told = StreamSamples.All.Select(sample => Run([Wire.Utf8(sample)])).ToList();

        told[0].ShouldContain("T\n答案 😀 😀");
        told[0].ShouldContain("exai.literal_tool_call");
        told[1].ShouldContain("""Ccall_7:get_time:{"tz":"UTC"}+Ccall_8:b:{}""");
        told[2].ShouldContain("""Ct:0:$web_search:{"a":"\u4f60"}""");
        told[2].ShouldContain("THere");
        told[3].ShouldContain("THello — ende");
        told[4].ShouldContain("another completion's");
        told[5].ShouldContain("upstream lost");
        told[6].ShouldContain("RHm+THello");
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
