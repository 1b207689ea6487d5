using Exai.Core.Tokens;
using Exai.Testing;

namespace Exai.Core.Tests.Tokens;

public sealed class RefusalBookTests
{
    [Fact]
    public void First_refusal_is_due_at_once_those_after_it_together_after_ten_minutes()
    {
        var time = new VirtualTime();
        var book = new RefusalBook(time);
        book.Add("alice", "OVER_CAPACITY", "first");
        book.Take(all: false).Single().ShouldSatisfyAllConditions(row => row.Times.ShouldBe(1), row => row.Who.ShouldBe("alice"), row => row.Details.ShouldBe("OVER_CAPACITY: first"));

        for (var i = 0; i < 1000; i++)
        {
            book.Add("alice", "OVER_CAPACITY", $"again {i}");
        }

        book.Take(all: false).ShouldBeEmpty();
        time.Advance(TimeSpan.FromMinutes(10));
        book.Take(all: false).Single().ShouldSatisfyAllConditions(row => row.Times.ShouldBe(1000), row => row.Details.ShouldContain("again 999"));
        time.Advance(TimeSpan.FromMinutes(10));
        book.Take(all: false).ShouldBeEmpty();
    }

    [Fact]
    public void Reasons_and_tokens_are_counted_apart_and_the_end_of_the_daemon_takes_what_waits()
    {
        var book = new RefusalBook(new VirtualTime());
        book.Add("alice", "OVER_CAPACITY", "a");
        book.Add("alice", "RATE_LIMITED", "b");
        book.Add("", "wrong token", new string('x', 5000));
        var rows = book.Take(all: false);
        book.Add("alice", "OVER_CAPACITY", "c");

        rows.Count.ShouldBe(3);
        rows.Single(row => row.Token.Length == 0).ShouldSatisfyAllConditions(row => row.Who.ShouldBe("unknown"), row => row.Details.Length.ShouldBeLessThan(400));
        book.Take(all: true).Single().Times.ShouldBe(1);
        book.Take(all: true).ShouldBeEmpty();
    }
}
