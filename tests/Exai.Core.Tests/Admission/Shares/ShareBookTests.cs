using Exai.Core.Admission.Shares;

namespace Exai.Core.Tests.Admission.Shares;

public sealed class ShareBookTests
{
    [Fact]
    public void All_want_no_more_than_there_is_each_gets_it_whoever_else_waits()
    {
        var settled = Settle(limit: 17, wanted: 5, others: [(4, 6), (3, 6)]);

        settled.Mine.Single().Held.ShouldBe(5);
        settled.Grants.Single().ShouldBe(new ShareGrant("glm", "one", 5, 5, 5));
    }

    [Fact]
    public void One_more_is_wanted_than_there_is_what_others_are_due_is_left_to_them()
    {
        var settled = Settle(limit: 12, wanted: 12, others: [(3, 6), (3, 6)]);

        settled.Mine.Single().Held.ShouldBe(4);
    }

    [Fact]
    public void What_all_want_would_fit_but_one_holds_more_than_it_wants_nothing_is_granted_that_it_holds()
    {
        var settled = Settle(limit: 10, wanted: 4, others: [(7, 1), (0, 2)]);

        (settled.Mine.Single().Held + 7).ShouldBeLessThanOrEqualTo(10);
    }

    [Theory]
    [InlineData(3, 6, 0)]
    [InlineData(3, 5, 1)]
    [InlineData(3, 3, 3)]
    public void More_is_held_than_the_limit_nothing_begins_in_the_place_of_what_is_too_much(int kept, int elsewhere, int usable)
    {
        var settled = Settle(limit: 6, wanted: kept, kept, others: [(elsewhere, elsewhere)]);

        settled.Grants.Single().ShouldBe(new ShareGrant("glm", "one", kept, usable, usable));
    }

    /// <param name="others">What each of them holds and wants.</param>
    private static Settlement Settle(int limit, int wanted, params (int Held, int Wanted)[] others) => Settle(limit, wanted, kept: 0, others);

    private static Settlement Settle(int limit, int wanted, int kept, params (int Held, int Wanted)[] others)
    {
        var limits = new ShareLimits(limit, limit, limit);
        var rows = others.Select((other, index) => new ShareRow($"epoch-{index}", "glm", "one", other.Held, other.Wanted, index, limits)).ToList();
        return ShareBook.Settle("mine", rows, [new ShareClaim("glm", "one") { Keep = kept, Wanted = wanted, Limits = limits }]);
    }
}
