using Exai.Core.Calls;
using Exai.Testing;

namespace Exai.Core.Tests.Calls;

public sealed class LeaseWatchTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);

    private readonly VirtualTime _time = new();
    private readonly LeaseWatch _watch;

    public LeaseWatchTests() => _watch = new LeaseWatch(Lease, _time);

    [Theory]
    [InlineData(0)]
    [InlineData(-3600)]
    [InlineData(3600)]
    public void Owner_that_renews_is_heard_however_wrong_its_clock_is(double skewSeconds)
    {
        for (var look = 0; look < 50; look++)
        {
            _watch.IsSilent("epoch", _time.GetUtcNow().AddSeconds(skewSeconds)).ShouldBeFalse();
            _time.Advance(Lease / 3);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3600)]
    public void Owner_that_renews_no_more_is_silent_after_its_lease(double skewSeconds)
    {
        var last = _time.GetUtcNow().AddSeconds(skewSeconds);
        _watch.IsSilent("epoch", last).ShouldBeFalse();
        var looks = 0;
        do
        {
            _time.Advance(Lease / 6);
            looks++;
        }
        while (!_watch.IsSilent("epoch", last));

        looks.ShouldBe(6);
        _watch.IsSilent("epoch", last.AddSeconds(1)).ShouldBeFalse("it came back");
    }

    /// <summary>While the database was away, nobody could renew.</summary>
    [Fact]
    public void Time_in_which_nobody_looked_does_not_count_against_an_owner()
    {
        var last = _time.GetUtcNow();
        _watch.IsSilent("epoch", last).ShouldBeFalse();
        _time.Advance(TimeSpan.FromMinutes(5));

        _watch.IsSilent("epoch", last).ShouldBeFalse();
    }

    [Fact]
    public void Call_with_an_older_lease_says_nothing_against_an_owner_that_renews()
    {
        var old = _time.GetUtcNow();
        for (var look = 0; look < 20; look++)
        {
            _watch.IsSilent("epoch", _time.GetUtcNow()).ShouldBeFalse();
            _watch.IsSilent("epoch", old).ShouldBeFalse();
            _time.Advance(Lease / 3);
        }
    }
}
