namespace Exai.Settings.Tests.Loading;

/// <summary>Trap 90: an outer limit shorter than the inner one is named, with both values, before anything runs.</summary>
public sealed class CrossChecksTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("EXAI_CONNECT_TIMEOUT_SECS", "80", "GLM_TIMEOUT_SECS", "75", 2)] // of both providers
    [InlineData("GLM_SESSION_TIMEOUT", "5", "EXAI_CONNECT_TIMEOUT_SECS", "10", 1)]
    [InlineData("GLM_SESSION_TIMEOUT", "76", "GLM_TIMEOUT_SECS", "75", 1)]
    [InlineData("KIMI_THINKING_TIMEOUT_SECS", "9", "EXAI_CONNECT_TIMEOUT_SECS", "10", 1)]
    [InlineData("GLM_TIMEOUT_SECS", "301", "GLM_STREAM_TIMEOUT", "300", 1)]
    [InlineData("GLM_STREAM_TIMEOUT", "60", "GLM_TIMEOUT_SECS", "75", 1)]
    [InlineData("EXAI_CALL_TIMEOUT_SECS", "944", "KIMI_STREAM_TIMEOUT", "600", 1)]
    [InlineData("KIMI_STREAM_TIMEOUT", "700", "EXAI_CALL_TIMEOUT_SECS", "960", 2)] // thinking, and both
    [InlineData("EXAI_WS_RECONNECT_INITIAL_SECS", "31", "EXAI_WS_RECONNECT_MAX_SECS", "30", 1)]
    [InlineData("RETRY_BACKOFF_MAX", "0.1", "RETRY_BACKOFF_BASE", "0.5", 1)]
    [InlineData("EXAI_HEALTH_WRITER_INTERVAL", "121", "EXAI_HEALTH_STALE_SECS", "120", 1)]
    [InlineData("EXAI_WS_SESSION_MAX_INFLIGHT", "6", "EXAI_WS_GLOBAL_MAX_INFLIGHT", "5", 1)]
    [InlineData("EXAI_WS_GLOBAL_MAX_INFLIGHT", "1", "EXAI_WS_SESSION_MAX_INFLIGHT", "2", 1)]
    public void Broken_pair_is_named_with_both_values_source_and_mend(string name, string value, string other, string otherValue, int count)
    {
        var result = _temp.Load((name, value));
        result.Problems.Count.ShouldBe(count, string.Join('\n', result.Problems));
        var problem = result.Problems[0];
        problem.Name.ShouldBe(name);
        problem.Value.ShouldBe(value);
        problem.Source.ShouldBe("environment");
        problem.Message.ShouldContain($"{name}={value}");
        problem.Message.ShouldContain($"{other}={otherValue}");
        problem.Mend.ShouldNotBeEmpty();
    }

    [Fact]
    public void Seeds_header_limit_fits_between_connect_and_first_token() => _temp.Load(("KIMI_SESSION_TIMEOUT", "60")).Problems.ShouldBeEmpty();

    [Fact]
    public void Effective_stream_is_what_is_compared_with_the_call()
    {
        // 600 + (420 − 75) = 945: exactly as long as the call is allowed.
        _temp.Load(("EXAI_CALL_TIMEOUT_SECS", "945")).Problems.ShouldBeEmpty();
        _temp.Load(("EXAI_CALL_TIMEOUT_SECS", "944")).Problems.ShouldHaveSingleItem().Message.ShouldContain("945");
    }

    [Fact]
    public void Provider_limit_above_the_global_one_only_warns()
    {
        var result = _temp.Load(("EXAI_WS_KIMI_MAX_INFLIGHT", "9"));
        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldHaveSingleItem().Message.ShouldContain("EXAI_WS_GLOBAL_MAX_INFLIGHT is 5");
    }

    [Fact]
    public void Call_clock_below_the_generic_stream_warns_once_there_are_further_endpoints()
    {
        (string, string)[] environment = [("EXAI_CALL_TIMEOUT_SECS", "800"), ("KIMI_STREAM_TIMEOUT", "400")];
        _temp.Load(environment).Warnings.ShouldBeEmpty();
        File.WriteAllText(_temp.Home.ProvidersFile, "{}");
        _temp.Load(environment).Warnings.ShouldHaveSingleItem().Message.ShouldContain("945");
    }
}
