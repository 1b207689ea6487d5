using System.Text;
using Exai.Shim.Stdio;
using FsCheck;
using FsCheck.Fluent;

namespace Exai.Shim.Tests.Stdio;

public sealed class LineReaderTests
{
    private const int Longest = 40;

    [Fact]
    public void Lines_are_the_same_however_the_bytes_are_split() => Prop.ForAll(Inputs().ToArbitrary(), input =>
    {
        var (bytes, cuts) = input;
        var expected = Expected(bytes);
        Read(bytes, cuts).ShouldBe(expected);
        Read(bytes, []).ShouldBe(expected);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\nb\r\n", "a|b")]
    [InlineData("a\nb", "a|b")]
    [InlineData("\n\n a \n\t\n", "a")]
    [InlineData("\uFEFFa\n", "a")]
    [InlineData("", "")]
    [InlineData("grüße\n日本語", "grüße|日本語")]
    public void Lines_come_without_their_ends(string text, string lines) =>
        string.Join('|', Read(Encoding.UTF8.GetBytes(text), [])).ShouldBe(lines);

    [Fact]
    public void Line_above_the_limit_is_reported_and_the_next_one_read_also_at_the_end_of_the_input()
    {
        var tooLong = new string('x', Longest + 1);
        Read(Encoding.UTF8.GetBytes($"a\n{tooLong}\nb\n{tooLong}"), []).ShouldBe(["a", null, "b", null]);
        Read(Encoding.UTF8.GetBytes($"a\n{tooLong}\nb\n{tooLong}"), [5, 20, 47, 60]).ShouldBe(["a", null, "b", null]);
        Read(Encoding.UTF8.GetBytes(new string('x', Longest)), []).ShouldBe([new string('x', Longest)]);
    }

    [Fact]
    public void Line_of_megabytes_is_read_whole()
    {
        var bytes = Encoding.UTF8.GetBytes(new string('x', 5_000_000) + "\nend\n");
        var lines = Read(bytes, [.. Enumerable.Range(1, 80).Select(cut => cut * 65_536)], 6_000_000);
        lines.Select(line => line!.Length).ShouldBe([5_000_000, 3]);
    }

    private static List<string?> Read(byte[] bytes, int[] cuts, int longest = Longest)
    {
        var lines = new List<string?>();
        new LineReader(new ChunkStream(bytes, cuts), longest)
            .ReadAllAsync(line => lines.Add(line is null ? null : Encoding.UTF8.GetString(line)), _ => ValueTask.CompletedTask, CancellationToken.None).GetAwaiter().GetResult();
        return lines;
    }

    /// <summary>The same, said simply.</summary>
    private static List<string?> Expected(byte[] bytes)
    {
        var expected = new List<string?>();
        foreach (var line in Encoding.Latin1.GetString(bytes).Split('\n'))
        {
            var text = line.StartsWith("ï»¿", StringComparison.Ordinal) ? line[3..] : line;
            if (line.Length > Longest)
            {
                expected.Add(null);
            }
            else if (text.Trim(' ', '\t', '\r') is { Length: > 0 } kept)
            {
                expected.Add(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(kept)));
            }
        }

        return expected;
    }

    private static Gen<(byte[] Bytes, int[] Cuts)> Inputs()
    {
        var piece = Gen.Elements("a", "{}", "\n", "\n", "\r\n", " ", "\t", "\uFEFF", "ü", "日本", "\"x y\"", new string('z', 25), new string('y', 60));
        return from pieces in Gen.ListOf(piece)
               let bytes = Encoding.UTF8.GetBytes(string.Concat(pieces))
               from cuts in Gen.ListOf(Gen.Choose(0, Math.Max(bytes.Length, 1)))
               select (bytes, cuts.Order().ToArray());
    }

    /// <summary>Gives its bytes in pieces that end at the cuts.</summary>
    private sealed class ChunkStream(byte[] bytes, int[] cuts) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var end = cuts.FirstOrDefault(cut => cut > Position, int.MaxValue);
            return new(Read(buffer.Span[..(int)Math.Min(buffer.Length, end - Position)]));
        }
    }
}
