namespace Exai.Settings.Tests.Loading;

public sealed class ProviderClocksTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(false, false, 75, 120, 300, 600)]
    [InlineData(true, false, 300, 120, 525, 825)]
    [InlineData(false, true, 360, 120, 585, 885)]
    [InlineData(true, true, 420, 120, 645, 945)]
    public void Limits_follow_the_class_of_the_attempt(bool web, bool thinking, int firstToken, int idle, int glmStream, int kimiStream)
    {
        var settings = _temp.Load().Settings;
        foreach (var (clocks, stream) in new[] { (settings.Glm.Clocks, glmStream), (settings.Kimi.Clocks, kimiStream), (settings.GenericClocks, kimiStream) })
        {
            var limits = clocks.For(web, thinking);
            limits.Connect.ShouldBe(TimeSpan.FromSeconds(10));
            limits.Headers.ShouldBeNull();
            limits.FirstToken.ShouldBe(TimeSpan.FromSeconds(firstToken));
            limits.Idle.ShouldBe(TimeSpan.FromSeconds(idle));
            limits.IdleWhileThinking.ShouldBe(TimeSpan.FromSeconds(idle * 1.5));
            limits.Stream.ShouldBe(TimeSpan.FromSeconds(stream));
        }
    }

    /// <summary>Trap 89: all four names of a class are really read.</summary>
    [Theory]
    [InlineData("GLM")]
    [InlineData("KIMI")]
    public void Each_class_has_a_name_of_its_own_that_counts(string prefix)
    {
        var settings = _temp.Load(
            ($"{prefix}_TIMEOUT_SECS", "240"), ($"{prefix}_WEB_SEARCH_TIMEOUT_SECS", "301"), ($"{prefix}_THINKING_TIMEOUT_SECS", "361"),
            ($"{prefix}_WEB_THINKING_TIMEOUT_SECS", "421"), ($"{prefix}_SESSION_TIMEOUT", "60"), ("EXAI_STREAM_IDLE_TIMEOUT_SECS", "90")).Settings;
        var clocks = (prefix == "GLM" ? settings.Glm : settings.Kimi).Clocks;
        clocks.For(false, false).FirstToken.TotalSeconds.ShouldBe(240);
        clocks.For(true, false).FirstToken.TotalSeconds.ShouldBe(301);
        clocks.For(false, true).FirstToken.TotalSeconds.ShouldBe(361);
        clocks.For(true, true).FirstToken.TotalSeconds.ShouldBe(421);
        clocks.For(true, true).Headers.ShouldBe(TimeSpan.FromSeconds(60));
        clocks.For(false, true).IdleWhileThinking.TotalSeconds.ShouldBe(135);
    }

    [Fact]
    public void Contradictory_clocks_still_give_limits_that_a_timer_takes() =>
        _temp.Load(("GLM_TIMEOUT_SECS", "1000")).Settings.Glm.Clocks.For(web: true, thinking: false).Stream.ShouldBe(TimeSpan.FromSeconds(300));
}
