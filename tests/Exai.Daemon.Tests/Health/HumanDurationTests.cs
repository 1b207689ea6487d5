using Exai.Daemon.Health;

namespace Exai.Daemon.Tests.Health;

public sealed class HumanDurationTests
{
    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(60, "1 min 0 s")]
    [InlineData(725, "12 min 5 s")]
    [InlineData(3600 * 3 + 60 * 20 + 59, "3 h 20 min")]
    [InlineData(86400 * 2 + 3600 * 4, "2 d 4 h")]
    [InlineData(86400 * 400, "400 d 0 h")]
    public void Duration_is_told_in_its_two_largest_units(double seconds, string told) => HumanDuration.Of(TimeSpan.FromSeconds(seconds)).ShouldBe(told);
}
