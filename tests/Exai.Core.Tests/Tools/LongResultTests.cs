using System.Text;
using Exai.Protocol;

namespace Exai.Core.Tests.Tools;

/// <summary>Checklist rule 18; trap 156: a result stays below what clients read in one message, and says that it was cut.</summary>
public sealed class LongResultTests
{
    private const int TenMiB = 10 * 1024 * 1024;

    [Theory]
    [InlineData("a", 20_000_000)]
    [InlineData("\u0001", 5_000_000)]
    [InlineData("漢", 9_000_000)]
    [InlineData("😀", 5_000_000)]
    [InlineData("\"", 9_000_000)]
    [InlineData("\ud83d", 9_000_000)]
    public void Result_that_is_too_long_is_cut_at_eight_MiB_and_says_so(string unit, int times)
    {
        var result = ToolResults.Success(new StringBuilder().Insert(0, unit, times).ToString());

        var bytes = Encoding.UTF8.GetByteCount(result.ToJsonString(ToolResults.Json));
        bytes.ShouldBeInRange((8 * 1024 * 1024) - 20_000, (8 * 1024 * 1024) + 1000);
        ((string)result["content"]![0]!["text"]!).ShouldEndWith("a result is cut at 8 MiB.]");
    }

    [Fact]
    public void Result_that_fits_is_whole()
    {
        var text = new string('a', 8 * 1024 * 1024);

        ((string)ToolResults.Success(text)["content"]![0]!["text"]!).ShouldBe(text);
    }

    [Fact]
    public void Failure_with_a_long_partial_answer_stays_below_ten_MiB()
    {
        var partial = new string('a', 9_000_000);
        var result = ToolResults.Failure(new CallError { Code = ErrorCodes.Timeout, Message = $"too slow: {partial}", Partial = partial });

        Encoding.UTF8.GetByteCount(result.ToJsonString(ToolResults.Json)).ShouldBeLessThan(TenMiB);
        ((string)result["_meta"]![MetaKeys.Error]!["partial"]!).Length.ShouldBe(64 * 1024);
    }
}
