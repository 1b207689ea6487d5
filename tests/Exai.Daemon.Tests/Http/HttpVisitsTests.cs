using Exai.Daemon.Http.Mcp;
using Exai.Testing;

namespace Exai.Daemon.Tests.Http;

/// <summary>Clients at <c>/mcp</c> are shown while they are about, and never pile up.</summary>
public sealed class HttpVisitsTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Client_that_has_been_silent_for_half_an_hour_is_forgotten()
    {
        var visits = new HttpVisits(_time);
        visits.Seen("a", "modern", "one", "1");
        _time.Advance(TimeSpan.FromMinutes(20));
        visits.Seen("b", "modern", "two", null);
        _time.Advance(TimeSpan.FromMinutes(11));

        visits.Snapshot().Select(session => session.SessionId).ShouldBe(["b"]);
    }

    [Fact]
    public void Too_many_the_longest_silent_one_goes()
    {
        var visits = new HttpVisits(_time);
        for (var client = 0; client < 1001; client++)
        {
            visits.Seen($"{client}", "modern", "many", null);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        var left = visits.Snapshot().Select(session => session.SessionId).ToList();
        left.Count.ShouldBe(1000);
        left.ShouldNotContain("0");
        left.ShouldContain("1000");
    }
}
