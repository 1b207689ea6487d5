using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Tests.Models;

public sealed class RetryPolicyTests
{
    private static readonly RetryOptions Defaults = new(2, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(4));

    /// <summary>Waits in seconds until the model is given up, for a model that always fails in the same way.</summary>
    [Theory]
    [InlineData(FailureClass.Stop, "")]
    [InlineData(FailureClass.FallBackWithNotice, "")]
    [InlineData(FailureClass.RetryOnce, "0")]
    [InlineData(FailureClass.RetryShort, "0.5 1")]
    [InlineData(FailureClass.RetryLong, "30 60")]
    [InlineData(FailureClass.Shrink, "0")]
    public void Class_decides_how_often_and_when(FailureClass failureClass, string waits) =>
        Waits(Defaults, Failed(failureClass)).ShouldBe(waits);

    [Fact]
    public void Short_class_grows_to_its_maximum() =>
        Waits(Defaults with { Attempts = 6 }, Failed(FailureClass.RetryShort)).ShouldBe("0.5 1 2 4 4 4");

    [Fact]
    public void Long_class_is_bounded_however_many_attempts_the_settings_allow() =>
        Waits(Defaults with { Attempts = 6 }, Failed(FailureClass.RetryLong)).ShouldBe("30 60");

    [Theory]
    [InlineData(FailureClass.RetryShort)]
    [InlineData(FailureClass.RetryOnce)]
    [InlineData(FailureClass.RetryLong)]
    [InlineData(FailureClass.Shrink)]
    public void No_attempts_allowed_no_repeat_of_any_class(FailureClass failureClass)
    {
        Waits(Defaults with { Attempts = 0 }, Failed(failureClass)).ShouldBe("");
        Waits(Defaults with { Attempts = 0 }, Failed(failureClass, committed: true)).ShouldBe("");
    }

    /// <summary>Trap 100: not before the time that the provider names; and not at all when the call cannot wait so long.</summary>
    [Theory]
    [InlineData(FailureClass.RetryShort, 12, 900, "12 12")]
    [InlineData(FailureClass.RetryLong, 45, 900, "45 45")]
    [InlineData(FailureClass.RetryShort, 12, 12, "")]
    [InlineData(FailureClass.RetryShort, 1200, 900, "")]
    public void Retry_after_is_taken_as_it_is_if_it_fits_the_call(FailureClass failureClass, double retryAfter, double left, string waits) =>
        Waits(Defaults, Failed(failureClass, retryAfter: retryAfter, left: left)).ShouldBe(waits);

    /// <summary>A used-up quota that comes back within the call is waited for, if nobody else can answer.</summary>
    [Theory]
    [InlineData(300.0, false, "300")]
    [InlineData(300.0, true, "")]
    [InlineData(1000.0, false, "")]
    public void Quota_with_a_reset_is_waited_for_when_nobody_else_can_answer(double reset, bool canFallBack, string waits) =>
        Waits(Defaults, Failed(FailureClass.RetryOnce, ErrorCodes.ProviderQuota, retryAfter: reset, canFallBack: canFallBack)).ShouldBe(waits);

    [Theory]
    [InlineData(Clocks.Headers, true, "")]
    [InlineData(Clocks.FirstToken, true, "")]
    [InlineData(Clocks.Headers, false, "0")]
    [InlineData(Clocks.FirstToken, false, "0")]
    [InlineData(Clocks.Idle, true, "0")]
    public void Silent_model_is_asked_again_only_if_nobody_else_can_answer(string clock, bool canFallBack, string waits) =>
        Waits(Defaults, Failed(FailureClass.RetryOnce, clock: clock, canFallBack: canFallBack)).ShouldBe(waits);

    /// <summary>After the commit point a whole answer is paid for anew: once, whatever the class.</summary>
    [Theory]
    [InlineData(FailureClass.RetryShort, "0.5")]
    [InlineData(FailureClass.RetryLong, "30")]
    [InlineData(FailureClass.RetryOnce, "0")]
    public void Answer_that_broke_off_is_repeated_once(FailureClass failureClass, string waits) =>
        Waits(Defaults with { Attempts = 5 }, Failed(failureClass, committed: true)).ShouldBe(waits);

    [Fact]
    public void Nothing_to_leave_out_no_shorter_request() =>
        Waits(Defaults, Failed(FailureClass.Shrink) with { CanShrink = false }).ShouldBe("");

    [Fact]
    public void Search_that_failed_the_model_is_asked_without_it()
    {
        var failure = new ProviderException(new CallError { Code = ErrorCodes.ProviderError }, FailureClass.Stop) { Fallback = Fallback.WithoutSearch };
        var failed = Failed(FailureClass.Stop) with { Failure = failure };

        new RetryPolicy(Defaults, () => 0).Next(failed with { Searches = true }).ShouldBe(TimeSpan.Zero);
        new RetryPolicy(Defaults, () => 0).Next(failed).ShouldBeNull();
    }

    /// <summary>Whatever fails however, one model gets no more requests than the settings say.</summary>
    [Fact]
    public void Any_mixture_of_failures_stays_within_the_attempts()
    {
        var classes = Enum.GetValues<FailureClass>();
        var random = new Random(20261121);
        for (var run = 0; run < 2000; run++)
        {
            var attempts = random.Next(5);
            var policy = new RetryPolicy(Defaults with { Attempts = attempts }, () => 1);
            var granted = 0;
            for (var failure = 0; failure < 20; failure++)
            {
                var failed = Failed(classes[random.Next(classes.Length)], committed: random.Next(2) == 0, canFallBack: random.Next(2) == 0);
                granted += policy.Next(failed) is null ? 0 : 1;
            }

            granted.ShouldBeLessThanOrEqualTo(attempts);
        }
    }

    [Fact]
    public void Chance_lengthens_a_short_wait_by_a_tenth_at_most() =>
        new RetryPolicy(Defaults, () => 1).Next(Failed(FailureClass.RetryShort)).ShouldBe(TimeSpan.FromSeconds(0.55));

    private static string Waits(RetryOptions options, FailedAttempt failed)
    {
        var policy = new RetryPolicy(options, () => 0);
        List<double> waits = [];
        while (policy.Next(failed) is { } wait)
        {
            waits.Add(wait.TotalSeconds);
        }

        return string.Join(' ', waits);
    }

    private static FailedAttempt Failed(
        FailureClass failureClass, string code = ErrorCodes.ProviderError, bool committed = false, bool canFallBack = false, double? retryAfter = null, double left = 900, string? clock = null) => new(
        new ProviderException(new CallError { Code = code, Clock = clock }, failureClass)
        {
            RetryAfter = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        },
        committed, canFallBack, CanShrink: true, Searches: false, TimeSpan.FromSeconds(left));
}
