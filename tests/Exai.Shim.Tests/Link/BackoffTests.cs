using Exai.Shim.Link;
using FsCheck;
using FsCheck.Fluent;

namespace Exai.Shim.Tests.Link;

public sealed class BackoffTests
{
    [Fact]
    public void Wait_lies_between_its_step_and_a_tenth_above_whatever_the_settings() => Prop.ForAll(
        (from initial in Gen.Choose(10, 60_000)
         from most in Gen.Choose(10, 86_400_000)
         from retry in Gen.Choose(0, 2_000_000)
         from pending in Gen.Elements(true, false)
         from seed in Gen.Choose(0, int.MaxValue)
         select (initial, most, retry, pending, seed)).ToArbitrary(),
        input =>
        {
            var (initial, most, retry, pending, seed) = input;
            var wait = new Backoff(TimeSpan.FromMilliseconds(initial), TimeSpan.FromMilliseconds(most), new Random(seed)).Before(retry, pending).TotalMilliseconds;
            var step = Math.Min(initial * Math.Pow(2, Math.Min(retry, 8)), most);
            step = pending ? Math.Min(step, 2000) : step;
            wait.ShouldBeGreaterThanOrEqualTo(step);
            wait.ShouldBeLessThanOrEqualTo((step * 1.1) + 0.001);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void First_wait_is_a_quarter_of_a_second()
    {
        // Trap 106: the predecessor began at half a second.
        new Backoff(TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(30), new Random(3)).Before(0, callsPending: false).TotalSeconds.ShouldBeInRange(0.25, 0.275);
    }

    [Fact]
    public void Longest_settings_do_not_overflow()
    {
        var day = TimeSpan.FromDays(1);
        new Backoff(day, day, new Random(3)).Before(int.MaxValue, callsPending: false).ShouldBeGreaterThanOrEqualTo(day);
    }
}
