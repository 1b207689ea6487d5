using Exai.Core.Admission;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Admission;

public sealed class SessionPlaceTests
{
    private readonly VirtualTime _time = new();
    private readonly Presence _presence = new();
    private readonly SessionPlaces _places;

    public SessionPlaceTests() => _places = new SessionPlaces(limit: 2, _presence, _time);

    [Fact]
    public void Session_that_was_idle_longest_gives_way_to_one_more()
    {
        var (a, b) = (_places.Enter("a"), _places.Enter("b"));
        _time.Advance(TimeSpan.FromSeconds(1));
        a.Call(() => false).Dispose();

        var c = _places.Enter("c");

        Told(b).ShouldBe(true);
        (Told(a), Told(c)).ShouldBe((null, null));
        b.Dispose();
        _presence.Connected.ShouldBe(["a", "c"]);
    }

    [Fact]
    public void Session_with_a_call_running_never_gives_way_and_the_newcomer_is_told_why_and_when_to_come_back()
    {
        var (a, b) = (_places.Enter("a"), _places.Enter("b"));
        using var first = a.Call(() => false);
        var second = b.Call(() => false);

        var error = Should.Throw<CallException>(() => _places.Enter("c")).Error;

        error.Code.ShouldBe(ErrorCodes.OverCapacity);
        error.RetryAfterSecs.ShouldBe(5);
        error.Message.ShouldContain("SESSION_MAX_CONCURRENT=2");
        _presence.Connected.ShouldBe(["a", "b"]);

        second.Dispose();
        _places.Enter("c").ShouldNotBeNull();
        (Told(a), Told(b)).ShouldBe((null, true));
    }

    [Fact]
    public void Further_link_of_a_session_needs_no_further_place_and_ends_when_the_session_gives_way()
    {
        var (first, second) = (_places.Enter("a"), _places.Enter("a"));
        _places.Enter("b");
        first.Dispose();
        Told(first).ShouldBe(false);
        _presence.Connected.ShouldBe(["a", "b"]);
        _time.Advance(TimeSpan.FromSeconds(1));
        _places.Enter("b").Dispose();
        _places.Enter("c");
        Told(second).ShouldBe(true);
    }

    [Fact]
    public void Session_that_lost_its_link_under_a_call_keeps_its_place_until_its_shim_could_have_come_back()
    {
        var (a, b) = (_places.Enter("a"), _places.Enter("b"));
        using var busy = b.Call(() => false);
        Lose(a);

        _time.Advance(TimeSpan.FromSeconds(30));
        Should.Throw<CallException>(() => _places.Enter("c"));
        a = _places.Enter("a");
        using (a.Call(() => false))
        {
            Should.Throw<CallException>(() => _places.Enter("c"));
        }

        Lose(a);
        _time.Advance(TimeSpan.FromSeconds(36));
        _places.Enter("c").ShouldNotBeNull();
    }

    [Fact]
    public void Session_that_lost_an_idle_link_gives_way_without_ado()
    {
        _places.Enter("a").Dispose();
        var b = _places.Enter("b");
        _places.Enter("c");
        Told(b).ShouldBeNull("a was idle longer");
        _presence.Connected.ShouldBe(["b", "c"]);
    }

    [Fact]
    public void Link_that_ends_after_its_session_gave_way_and_came_back_takes_nothing_from_it()
    {
        var old = _places.Enter("a");
        _places.Enter("b");
        _places.Enter("c");
        Told(old).ShouldBe(true);
        using var busy = _places.Enter("c").Call(() => false);
        var again = _places.Enter("a");
        using var busyToo = again.Call(() => false);
        old.Dispose();
        old.Dispose();
        Should.Throw<CallException>(() => _places.Enter("d"));
        Told(again).ShouldBeNull();
    }

    private static void Lose(SessionLink link)
    {
        link.Call(() => true).Dispose();
        link.Dispose();
    }

    private static bool? Told(SessionLink link) => link.GaveWay.IsCompleted ? link.GaveWay.Result : null;

    private sealed class Presence : ISessionPresence
    {
        private readonly List<string> _links = [];

        public IEnumerable<string> Connected => _links.Distinct().Order();

        public void SessionConnected(string sessionId) => _links.Add(sessionId);

        public void SessionLeft(string sessionId) => _links.Remove(sessionId).ShouldBeTrue();
    }
}
